"""The envelope around push events: its key, its type, its server, whatever JSON it is."""

from __future__ import annotations

import pytest
from hypothesis import given

from bot.cad.push import envelope
from tests.cad.samples import JSON

KEY = "very-secret"
META = {"metadata": {"callId": 3}}  # game servers need the letter case of these keys


def event(type_: str, data: object) -> dict[str, object]:
    return {"key": KEY, "type": type_, "data": data}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (event("EVENT_REMOVE_911", {"callIds": [1], "serverId": 2}), 2),
        (event("EVENT_REMOVE_911", [{"callIds": [1], "serverid": "2"}]), 2),
        (event("EVENT_REMOVE_911", {"serverId": 3}) | {"ServerId": 2}, 2),
        (event("EVENT_REMOVE_911", {"callIds": [1]}), None),
        (event("EVENT_REMOVE_911", None), None),
        (None, None),
    ],
)
def test_the_server_where_one_is_named(payload: object, expected: int | None) -> None:
    assert envelope.server_id(payload) == expected


@pytest.mark.parametrize(
    "payload", [None, [], "very-secret", {}, {"key": None}, {"key": ""}, {"key": 1}]
)
def test_what_carries_no_key(payload: object) -> None:
    assert not envelope.api_key(payload)


@pytest.mark.parametrize("name", ["key", "KEY", "Key"])
def test_the_key_is_read_as_it_is(name: str) -> None:
    assert envelope.api_key({name: "Clé"}) == "Clé"


@pytest.mark.parametrize("body", ["", "{", b"\xff", "[" * 100_000, "1" * 5000])
def test_what_is_no_json_is_nothing(body: str | bytes) -> None:
    assert envelope.parse(body) is None


@pytest.mark.parametrize("body", ['{"a": [1, null]}', b'{"a": [1, null]}'])
def test_json_is_parsed(body: str | bytes) -> None:
    assert envelope.parse(body) == {"a": [1, None]}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (event("EVENT_911", None), "EVENT_911"),
        ({"Type": " event_911 "}, "EVENT_911"),
        ({"type": 911}, ""),
        ({}, ""),
        (["EVENT_911"], ""),
        (None, ""),
    ],
)
def test_the_type_in_upper_case(payload: object, expected: str) -> None:
    assert envelope.event_type(payload) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"DATA": {"callId": 1}}, [{"callid": 1}]),
        ({"data": [{"callId": 1}, None, 2, {"metaData": {"callId": 3}}]}, [{"callid": 1}, META]),
        ({"data": [[{"callId": 1}]]}, []),
        ({"data": "text"}, []),
        ({}, []),
        ([], []),
    ],
)
def test_the_objects_in_data(payload: object, expected: list[envelope.Data]) -> None:
    assert envelope.data_objects(payload) == expected


def test_json_that_is_nested_too_deeply_counts_as_missing() -> None:
    deep: object = {}
    for _ in range(100_000):
        deep = [deep]
    assert envelope.lower_keys_or_none(deep) is None
    assert envelope.data_objects({"data": deep}) == []


@given(JSON)
def test_no_payload_makes_a_reader_raise(payload: object) -> None:
    for whole in (payload, {"type": payload, "key": payload, "data": payload}):
        assert envelope.event_type(whole) == envelope.event_type(whole).upper()
        assert all(isinstance(one, dict) for one in envelope.data_objects(whole))
    given = payload if isinstance(payload, str) else ""
    assert envelope.api_key({"key": payload}) == given
