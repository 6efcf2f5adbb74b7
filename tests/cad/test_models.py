"""From the CAD's JSON to frozen values."""

import copy
import dataclasses
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad import models, wire
from bot.cad.errors import CadError, CadUnreadable
from bot.cad.models import Call, Unit
from tests.cad.samples import CALL, JSON, UNIT, json_answer

READERS = (models.read_calls, models.read_units)


def calls(*items: object) -> tuple[Call, ...]:
    return models.read_calls(wire.read_json(json_answer({"activeCalls": list(items)})))


def units(*items: object) -> tuple[Unit, ...]:
    return models.read_units(wire.read_json(json_answer(list(items))))


def recased(value: object, letters: random.Random) -> object:
    """Return the value with every key in another mix of letter case."""
    if isinstance(value, dict):
        return {
            "".join(letters.choice((char.lower(), char.upper())) for char in key): recased(
                inner, letters
            )
            for key, inner in value.items()
        }
    return [recased(inner, letters) for inner in value] if isinstance(value, list) else value


def test_a_call():
    assert calls(CALL) == (Call(100, "Armed Robbery", "10-31", (7, 8)),)


def test_a_unit():
    api_ids = ("STEAM:1234", "steam:110000112345678")
    assert units(UNIT) == (Unit(7, "0b2c", "A-12", "Pat Doe", "LSPD", 2, api_ids),)


def test_the_status_of_a_unit_that_is_unavailable():
    (unit,) = units(UNIT | {"status": 0})
    assert unit.status == 0


def test_emergency_and_closed_calls_are_not_active_ones():
    data = {"activeCalls": [], "emergencyCalls": [CALL], "closedCalls": [CALL]}
    assert models.read_calls(wire.read_json(json_answer(data))) == ()


def test_every_api_id_counts_once_and_the_first_comes_first():
    data = {
        "apiId1": "b",
        "apiId2": "a",
        "apiIds": ["a", "", None, 5, " c "],
        "communityUserId": "b",
    }
    (unit,) = units({"id": 1, "data": data})
    assert unit.api_ids == ("b", "a", "c")


def test_what_is_missing_is_empty():
    assert calls({"callId": 1}) == (Call(1, "", "", ()),)
    assert units({"id": 1, "data": {}}) == (Unit(1, "", "", "", "", -1, ()),)


@pytest.mark.parametrize("bad", [None, "x", 7, [], {}, {"callId": None}, {"callId": True}])
def test_a_malformed_call_does_not_hide_the_others(bad):
    assert len(calls(bad, CALL)) == 1


@pytest.mark.parametrize("bad", [None, "x", {}, {"id": 1}, {"id": 1, "data": []}, {"id": 1.5}])
def test_a_malformed_unit_does_not_hide_the_others(bad):
    assert len(units(bad, UNIT)) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (5, 5),
        ("5", 5),
        (" 12 ", 12),
        ("9" * 18, int("9" * 18)),
        ("9" * 5000, None),
        ("-1", None),
        ("٣", None),
        ("²", None),
        ("A-12", None),
        (True, None),
        (1.0, None),
    ],
)
def test_numbers_may_be_written_as_text(written, read):
    found = tuple(call.call_id for call in calls({"callId": written}))
    assert found == (() if read is None else (read,))


@pytest.mark.parametrize("idents", [None, "78", {"7": 8}, [None, "x", []]])
def test_idents_that_are_none(idents):
    (call,) = calls({"callId": 1, "idents": idents})
    assert call.idents == ()


def test_half_a_surrogate_pair_does_not_leave_the_room():
    (call,) = calls({"callId": 1, "title": "Fire \ud83d", "code": 7})
    assert (call.title, call.code) == ("Fire ?", "")


@pytest.mark.parametrize("data", [None, 1, "activecalls", [], {}, {"activecalls": "none"}])
def test_calls_of_another_shape_are_unreadable(data):
    with pytest.raises(CadUnreadable, match="GET_CALLS"):
        models.read_calls(data)


@pytest.mark.parametrize("data", [None, 1, "units", {}, {"units": []}])
def test_units_of_another_shape_are_unreadable(data):
    with pytest.raises(CadUnreadable, match="GET_ACTIVE_UNITS"):
        models.read_units(data)


@given(st.randoms(use_true_random=False))
def test_keys_read_the_same_in_any_letter_case(letters: random.Random):
    assert calls(recased(CALL, letters)) == calls(CALL)
    assert units(recased(UNIT, letters)) == units(UNIT)


@given(
    JSON
    | st.builds(
        lambda sample, key, value: [sample | {key: value}, {"activeCalls": [sample, value]}],
        st.sampled_from([CALL, UNIT, UNIT["data"]]),
        st.sampled_from([*CALL, *UNIT, "apiIds"]),
        JSON,
    )
)
def test_no_json_makes_a_reader_raise_anything_else(data):
    for value in (data, *(data if isinstance(data, list) else ())):
        parsed = wire.read_json(json_answer(copy.deepcopy(value)))
        for read in READERS:
            try:
                found = read(parsed)
            except CadError:
                continue
            json.dumps([dataclasses.asdict(item) for item in found], ensure_ascii=False).encode()
