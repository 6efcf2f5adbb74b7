"""The envelope around push events: its key, its type, its server, whatever JSON it is."""

from __future__ import annotations

import pytest

from bot.cad.push import envelope

KEY = "very-secret"


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
    "payload",
    [None, [], "very-secret", {}, {"key": None}, {"key": ""}, {"key": "very-secrét"}, {"key": 1}],
)
def test_another_key_is_not_ours(payload: object) -> None:
    assert not envelope.has_key(payload, KEY)


def test_a_key_may_hold_any_letter() -> None:
    assert envelope.has_key({"KEY": "clé"}, "clé")
    assert not envelope.has_key({"KEY": "\ud800"}, "clé")


@pytest.mark.parametrize("body", ["", "{", b"\xff", "[" * 100_000, "1" * 5000])
def test_what_is_no_json_is_nothing(body: str | bytes) -> None:
    assert envelope.parse(body) is None
