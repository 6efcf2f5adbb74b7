"""The conversion of the CAD's JSON to frozen values."""

import copy
import dataclasses
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec import readers
from bot.cad.errors import CadError, CadUnreadable
from bot.cad.http import wire
from bot.cad.layouts import Layout
from bot.cad.models import LOWEST_PRIORITY, Call, Calls, Coordinates, EmergencyCall, Note, Unit
from tests.cad.samples import CALL, EMERGENCY, JSON, UNIT, json_answer

READERS = (readers.read_calls, readers.read_units)


def calls(*items: object) -> tuple[Call, ...]:
    return readers.read_calls(wire.read_json(json_answer({"activeCalls": list(items)}))).dispatch


def units(*items: object) -> tuple[Unit, ...]:
    return readers.read_units(wire.read_json(json_answer(list(items))))


def recased(value: object, letters: random.Random) -> object:
    """Return the value with every key of the CAD in a random letter case."""
    if isinstance(value, dict):
        return {
            "".join(letters.choice((char.lower(), char.upper())) for char in key): (
                inner if key == "metaData" else recased(inner, letters)
            )
            for key, inner in value.items()
        }
    return [recased(inner, letters) for inner in value] if isinstance(value, list) else value


def test_a_call():
    assert calls(CALL) == (
        Call(
            100,
            "Armed Robbery",
            "10-31",
            (7, 8),
            status=1,
            priority=2,
            block="100",
            address="Mission Row",
            postal="9001",
            description="Clerk reports a firearm.",
            primary=7,
            notes=(Note("21:30:00", "A-12", "Caller is hiding."),),
            meta={"createdFromId": "5", "postal": "9001"},
        ),
    )


def test_a_unit():
    api_ids = ("STEAM:1234", "steam:110000112345678")
    assert units(UNIT) == (
        Unit(
            7,
            "0b2c",
            "A-12",
            "Pat Doe",
            "LSPD",
            2,
            api_ids,
            location="Alta St",
            subdivision="Patrol",
            group="CAR-51",
            is_dispatch=False,
            is_panic=True,
            community_user_id="steam:110000112345678",
        ),
    )


def test_the_status_of_a_unit_that_is_unavailable():
    (unit,) = units(UNIT | {"status": 0})
    assert unit.status == 0


def emergencies(*items: object) -> tuple[EmergencyCall, ...]:
    data = {"activeCalls": [], "emergencyCalls": list(items)}
    return readers.read_calls(wire.read_json(json_answer(data))).emergency


def test_an_emergency_call():
    assert emergencies(EMERGENCY) == (
        EmergencyCall(3, True, "Jo", "Innocence Blvd", "Shots fired", {"X": "425.1"}),
    )


def test_emergency_and_closed_calls_are_not_active_ones():
    data = {"activeCalls": [], "emergencyCalls": [EMERGENCY], "closedCalls": [CALL]}
    found = readers.read_calls(wire.read_json(json_answer(data)))
    assert (found.dispatch, [call.call_id for call in found.emergency]) == ((), [3])


@pytest.mark.parametrize("told", [None, {}, "none", 7])
def test_911_calls_of_another_shape_do_not_hide_the_dispatch_calls(told):
    data = {"activeCalls": [CALL], "emergencyCalls": told}
    found = readers.read_calls(wire.read_json(json_answer(data)))
    assert (len(found.dispatch), found.emergency) == (1, ())


@pytest.mark.parametrize(
    ("told", "read"), [(False, False), (0, False), ("false", False), ("True", True), (1, True)]
)
def test_a_call_to_the_civil_line(told, read):
    (call,) = emergencies(EMERGENCY | {"isEmergency": told})
    assert call.is_emergency is read


@pytest.mark.parametrize(
    ("notes", "read"),
    [
        ("", ()),
        (None, ()),
        ([], ()),
        ("Caller hid.", (Note("", "", "Caller hid."),)),
        (["Caller hid.", "", 7], (Note("", "", "Caller hid."),)),
        ({"content": "Caller hid."}, (Note("", "", "Caller hid."),)),
        ([{"content": ""}, {"label": "A-12"}, None, []], ()),
        (
            [{"time": "1:02", "label": "A-12", "type": "text", "content": "Caller hid."}, "x"],
            (Note("1:02", "A-12", "Caller hid."), Note("", "", "x")),
        ),
    ],
)
def test_notes_come_in_many_shapes(notes, read):
    (call,) = calls({"callId": 1, "notes": notes})
    assert call.notes == read


@pytest.mark.parametrize(
    ("told", "status", "priority"),
    [("2", 2, 2), (0, 0, 0), ("high", 1, 3), (None, 1, 3), ([], 1, 3), (1.5, 1, 3)],
)
def test_status_and_priority_may_be_text(told, status, priority):
    (call,) = calls({"callId": 1, "status": told, "priority": told})
    assert (call.status, call.priority) == (status, priority)


@pytest.mark.parametrize("told", [None, 0, -1, "", "A-12", {}])
def test_a_call_without_a_unit_in_charge(told):
    (call,) = calls({"callId": 1, "primary": told})
    assert call.primary is None


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (None, {}),
        ("", {}),
        ([], {}),
        ({"A": "", "B": None, "C": [], "": "x"}, {}),
        (
            {"X": 425.1, "Silent": True, "Postal": 9001},
            {"X": "425.1", "Silent": "true", "Postal": "9001"},
        ),
    ],
)
def test_meta_data_are_texts(told, read):
    (call,) = calls({"callId": 1, "metaData": told})
    assert call.meta == read


def test_a_place_may_be_written_as_numbers():
    (call,) = calls({"callId": 1, "block": 100, "postal": 9001, "address": 7})
    assert (call.block, call.address, call.postal) == ("100", "7", "9001")


def test_what_is_read_can_be_a_key():
    (call,), (emergency,), (unit,) = calls(CALL), emergencies(EMERGENCY), units(UNIT)
    assert len({call, emergency, unit, *calls(CALL)}) == 3


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
    assert len(emergencies(bad, EMERGENCY)) == 1


@pytest.mark.parametrize("bad", [None, "x", {}, {"id": 1}, {"id": 1, "data": []}, {"id": 1.5}])
def test_a_malformed_unit_does_not_hide_the_others(bad):
    assert len(units(bad, UNIT)) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (5, 5),
        ("5", 5),
        (" 12 ", 12),
        ("9" * 15, int("9" * 15)),
        ("9" * 18, None),
        ("9" * 5000, None),
        (10**18, None),
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
        readers.read_calls(data)


@pytest.mark.parametrize("data", [None, 1, "units", {}, {"units": []}])
def test_units_of_another_shape_are_unreadable(data):
    with pytest.raises(CadUnreadable, match="GET_ACTIVE_UNITS"):
        readers.read_units(data)


@given(st.randoms(use_true_random=False))
def test_keys_read_the_same_in_any_letter_case(letters: random.Random):
    assert calls(recased(CALL, letters)) == calls(CALL)
    assert units(recased(UNIT, letters)) == units(UNIT)
    assert emergencies(recased(EMERGENCY, letters)) == emergencies(EMERGENCY)


@given(
    JSON
    | st.builds(
        lambda sample, key, value: [
            sample | {key: value},
            {
                "activeCalls": [sample | {key: value}, value],
                "emergencyCalls": [sample | {key: value}],
            },
        ],
        st.sampled_from([CALL, EMERGENCY, UNIT, UNIT["data"]]),
        st.sampled_from([*CALL, *EMERGENCY, *UNIT, "apiIds"]),
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
            items = [found] if isinstance(found, Calls) else found
            json.dumps(list(map(dataclasses.asdict, items)), ensure_ascii=False).encode()


def test_a_call_of_a_custom_layout() -> None:
    raw = {
        "callid": 7,
        "status": 1,
        "statusid": "st-2",
        "priority": "Code Red",
        "template": {"templateid": "fire"},
        "values": {"Hydrant_1": "A-7", "floors": 3, "empty": ""},
    }
    call = readers.read_call(raw)
    assert call is not None
    assert (call.priority_text, call.priority) == ("Code Red", LOWEST_PRIORITY)
    assert (call.status_id, call.template, call.layout) == ("st-2", "fire", None)
    assert call.values == {"Hydrant_1": "A-7", "floors": "3"}


def test_a_call_that_carries_its_layout() -> None:
    fields = [{"uid": "where", "label": "Where", "binding": "address"}]
    template = {"templateid": 13, "name": "Fire", "sections": [{"fields": fields}]}
    call = readers.read_call({"callid": 7, "template": template})
    assert call is not None
    assert call.template == "13"
    assert call.layout == Layout("13", "Fire", {"where": "Where"}, bindings={"address": "where"})


@pytest.mark.parametrize("priority", [1, "1", " 2 "])
def test_a_priority_that_is_a_number_has_no_text(priority: object) -> None:
    call = readers.read_call({"callid": 7, "priority": priority})
    assert call is not None
    assert (call.priority_text, call.values, call.template) == ("", {}, "")
    assert call.priority == int(str(priority))


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({"x": 1.5, "y": -2, "z": "3", "w": 90}, Coordinates(1.5, -2.0, 3.0, 90.0)),
        ({"x": 1, "y": 0}, Coordinates(1.0, 0.0)),
        ({"x": 0, "y": 0, "z": 0, "w": 0}, None),
        ({"x": "NaN", "y": 1}, None),
        ({"x": True, "y": 1}, None),
        ({"x": 10**400, "y": 1}, None),
        ([1, 2], None),
    ],
)
def test_where_a_unit_is(raw: object, place: Coordinates | None) -> None:
    unit = readers.read_unit(
        {"id": 1, "data": {"communityuserid": "license:1"}, "coordinates": raw}
    )
    assert unit is not None
    assert unit.coordinates == place
    assert (unit.community_user_id, unit.api_ids) == ("license:1", ("license:1",))
