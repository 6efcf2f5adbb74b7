"""Push events: the reader reads every documented form and raises for no other JSON."""

from __future__ import annotations

import copy
import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Call, EmergencyCall, Note, Unit
from bot.cad.push import envelope
from bot.cad.push.event_reader import read_event
from bot.cad.push.events import (
    CallNoteAdded,
    CallsClosed,
    CallUpserted,
    EmergenciesRemoved,
    EmergencyUpserted,
    GroupRenamed,
    LinkVerified,
    UnitLoggedIn,
    UnitLoggedOut,
    UnitPanic,
    UnitsAttached,
    UnitsDetached,
    UnitsGrouped,
    UnitStatusChanged,
    UnitsUngrouped,
    UnitsUpdated,
)
from tests.cad.samples import CALL, JSON, UNIT

KEY = "very-secret"
NOTE = {"time": "21:30:12", "label": "D-1", "type": "text", "content": "Silent alarm."}
EMERGENCY = {
    "callId": 9,
    "isEmergency": True,
    "caller": "Jane Doe",
    "location": "Grove Street",
    "description": "Shots!",
}

Json = dict[str, Any]


def event(type_: str, data: object) -> Json:
    return {"key": KEY, "type": type_, "data": data}


def read_one(type_: str, data: object) -> Any:
    (found,) = read_event(event(type_, data))
    return found


DOCUMENTED: list[tuple[str, Json, Any]] = [
    ("EVENT_DISPATCH_CLOSED", {"callIds": [100, 101]}, CallsClosed((100, 101))),
    ("EVENT_DISPATCH_CLOSED", {"callId": 100}, CallsClosed((100,))),
    (
        "EVENT_DISPATCH_NOTE",
        {"callId": 100, "note": NOTE},
        CallNoteAdded(100, Note("21:30:12", "D-1", "Silent alarm.")),
    ),
    ("EVENT_DISPATCH_UNIT_ATTACH", {"callId": 100, "ident": 7}, UnitsAttached(100, (7,))),
    ("EVENT_DISPATCH_UNIT_ATTACH", {"callId": 100, "idents": [7, 8]}, UnitsAttached(100, (7, 8))),
    ("EVENT_DISPATCH_UNIT_DETACH", {"callId": 100, "ident": 7}, UnitsDetached(100, (7,))),
    ("EVENT_DISPATCH_UNIT_DETACH", {"callId": 100, "idents": [7]}, UnitsDetached(100, (7,))),
    ("EVENT_REMOVE_911", {"callIds": [9]}, EmergenciesRemoved((9,))),
    ("EVENT_UNIT_LOGOUT", {"identId": 7}, UnitLoggedOut(7)),
    ("EVENT_UNIT_STATUS", {"identIds": 7, "status": 3}, UnitStatusChanged((7,), 3)),
    ("EVENT_UNIT_STATUS", {"identIds": [7, 8], "status": 0}, UnitStatusChanged((7, 8), 0)),
    ("EVENT_UNIT_PANIC", {"identIds": [7], "isPanic": True}, UnitPanic((7,), is_panic=True)),
    ("EVENT_UNIT_PANIC", {"identId": 7, "isPanic": False}, UnitPanic((7,), is_panic=False)),
    ("EVENT_UNIT_GROUP_ADD", {"identId": 7, "groupName": "K9"}, UnitsGrouped((7,), "K9")),
    ("EVENT_UNIT_GROUP_ADD", {"identIds": [7, 8], "groupName": "K9"}, UnitsGrouped((7, 8), "K9")),
    ("EVENT_UNIT_GROUP_REMOVE", {"identId": 7, "groupName": "K9"}, UnitsUngrouped((7,), "K9")),
    (
        "EVENT_UNIT_GROUP_CHANGE_NAME",
        {"identIds": [7], "oldName": "K9", "newName": "SWAT"},
        GroupRenamed((7,), "K9", "SWAT"),
    ),
    (
        "EVENT_COMMUNITY_LINK_VERIFIED",
        {"communityUserId": "steam:1100", "accountUuid": "0b2c"},
        LinkVerified("steam:1100", "0b2c"),
    ),
]


@pytest.mark.parametrize(("type_", "data", "expected"), DOCUMENTED)
@pytest.mark.parametrize("listed", [False, True])
def test_documented_events(type_: str, data: Json, expected: object, listed: bool) -> None:
    assert read_event(event(type_, [data] if listed else data)) == (expected,)


@pytest.mark.parametrize("type_", ["EVENT_DISPATCH_NEW", "EVENT_DISPATCH_EDIT"])
@pytest.mark.parametrize("data", [{"eventOriginIdent": 4, "dispatch": CALL}, CALL])
def test_a_saved_call(type_: str, data: Json) -> None:
    saved = read_one(type_, data)
    assert isinstance(saved, CallUpserted)
    assert isinstance(saved.call, Call)
    sample: Json = CALL
    assert (saved.call.call_id, saved.call.title) == (sample["callId"], sample["title"])
    assert saved.call.idents == tuple(sample["idents"])
    assert saved.call.meta["createdFromId"] == sample["metaData"]["createdFromId"]


@pytest.mark.parametrize("notes", ["", None, []])
def test_an_edit_says_what_it_does_not_carry(notes: object) -> None:
    edited: Json = {"callId": 100, "title": "New title", "status": 1, "address": "", "notes": notes}
    found = read_one("EVENT_DISPATCH_EDIT", {"dispatch": edited})
    assert found.call.title == "New title"
    assert {"notes", "primary", "idents", "priority", "meta"} <= found.missing
    assert not {"title", "status", "address", "call_id"} & found.missing


def test_a_new_call_is_whole() -> None:
    assert read_one("EVENT_DISPATCH_NEW", {"dispatch": {"callId": 1}}).missing == frozenset()


def test_a_call_edited_to_be_closed_is_closed() -> None:
    assert read_one("EVENT_DISPATCH_EDIT", {"dispatch": CALL | {"status": 2}}) == CallsClosed(
        (100,)
    )


@pytest.mark.parametrize(
    "data",
    [
        {"call": EMERGENCY, "apiIds": [], "communityUserId": "", "metaData": {"postal": "9112"}},
        {"call": EMERGENCY | {"metaData": {"postal": "9112"}}, "metaData": None},
        {"call": EMERGENCY | {"metaData": {"postal": "9112"}}, "metaData": {"postal": "1"}},
        EMERGENCY | {"metaData": {"postal": "9112"}},
    ],
)
def test_a_911_call_with_what_stands_beside_it(data: Json) -> None:
    expected = EmergencyCall(9, True, "Jane Doe", "Grove Street", "Shots!", {"postal": "9112"})
    assert read_one("EVENT_911", data) == EmergencyUpserted(expected)


@pytest.mark.parametrize("is_dispatch", [True, False])
def test_a_login(is_dispatch: bool) -> None:
    unit = {name: value for name, value in UNIT.items() if name != "isDispatch"}
    found = read_one("EVENT_UNIT_LOGIN", {"unit": unit, "isDispatch": is_dispatch})
    assert isinstance(found, UnitLoggedIn)
    assert (found.unit.ident, found.unit.number) == (7, "A-12")
    assert found.unit.is_dispatch is is_dispatch


@pytest.mark.parametrize("type_", ["EVENT_UNIT_UPDATE", "EVENT_UNIT_STATUS"])
@pytest.mark.parametrize("data", [{"units": [UNIT, {"id": "?"}]}, {"units": UNIT}, UNIT])
def test_whole_units(type_: str, data: Json) -> None:
    found = read_one(type_, data)
    assert isinstance(found, UnitsUpdated)
    assert [(type(unit), unit.ident) for unit in found.units] == [(Unit, 7)]


def test_several_objects_are_several_events() -> None:
    data = [{"callId": 1, "ident": 7}, "nonsense", {"callId": 2, "ident": 8}]
    assert read_event(event("EVENT_DISPATCH_UNIT_ATTACH", data)) == (
        UnitsAttached(1, (7,)),
        UnitsAttached(2, (8,)),
    )


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("EVENT_STREETSIGN_UPDATED", {"callId": 1}),
        ("", CALL),
        ("EVENT_DISPATCH_NEW", {"dispatch": {"title": "no number"}}),
        ("EVENT_DISPATCH_NEW", {"dispatch": None}),
        ("EVENT_DISPATCH_CLOSED", {"callIds": []}),
        ("EVENT_DISPATCH_CLOSED", {"callIds": [True, None, "x"]}),
        ("EVENT_DISPATCH_NOTE", {"callId": 1, "note": {"content": ""}}),
        ("EVENT_DISPATCH_UNIT_ATTACH", {"ident": 7}),
        ("EVENT_DISPATCH_UNIT_DETACH", {"callId": 1, "idents": []}),
        ("EVENT_911", {"call": [], "metaData": {}}),
        ("EVENT_REMOVE_911", {}),
        ("EVENT_UNIT_LOGIN", {"unit": {"id": 7}}),
        ("EVENT_UNIT_LOGOUT", {"identId": "seven"}),
        ("EVENT_UNIT_STATUS", {"identIds": [7]}),
        ("EVENT_UNIT_STATUS", {"status": 1}),
        ("EVENT_UNIT_UPDATE", {"units": []}),
        ("EVENT_UNIT_PANIC", {"identIds": [7]}),
        ("EVENT_COMMUNITY_LINK_VERIFIED", {"communityUserId": "x"}),
        ("EVENT_DISPATCH_NEW", []),
        ("EVENT_DISPATCH_NEW", None),
    ],
)
def test_what_is_unknown_or_malformed_is_no_event(type_: str, data: object) -> None:
    assert read_event(event(type_, data)) == ()


def recased(value: Any, letters: random.Random) -> Any:
    match value:
        case dict():
            return {
                "".join(letters.choice((c.lower(), c.upper())) for c in key): recased(
                    entry, letters
                )
                for key, entry in value.items()
            }
        case list():
            return [recased(entry, letters) for entry in value]
        case _:
            return value


@given(st.sampled_from(DOCUMENTED), st.randoms(use_true_random=False))
def test_keys_read_the_same_in_any_letter_case(
    sample: tuple[str, Json, object], letters: random.Random
) -> None:
    payload = recased(event(sample[0], sample[1]), letters)
    assert read_event(payload) == (sample[2],)
    assert envelope.api_key(payload) == KEY


def test_the_key_goes_no_further() -> None:
    for type_, data, _ in DOCUMENTED:
        assert KEY not in repr(read_event(event(type_, data | {"key": KEY})))


TYPES = [*{type_ for type_, _, _ in DOCUMENTED}, "EVENT_DISPATCH_NEW", "EVENT_911"]
TYPES += ["EVENT_UNIT_LOGIN", "EVENT_UNIT_UPDATE"]
FIELDS = ["callId", "callIds", "ident", "idents", "identIds", "units", "note", "call", "metaData"]
FIELDS += ["dispatch", "unit", "status", "isPanic", "serverId", "data", *CALL, *UNIT]


@given(
    JSON
    | st.builds(
        lambda type_, samples, fields: event(
            type_, [sample | fields for sample in copy.deepcopy(samples)]
        ),
        st.sampled_from(sorted(TYPES)),
        st.lists(
            st.sampled_from([{}, CALL, UNIT, {"call": EMERGENCY}, {"dispatch": CALL}]), max_size=3
        ),
        st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
    )
)
def test_no_json_makes_the_readers_raise(payload: Any) -> None:
    for found in read_event(payload):
        assert dataclasses.is_dataclass(found)
        repr(found).encode()
    server_id = envelope.server_id(payload)
    assert server_id is None or isinstance(server_id, int)
    assert isinstance(envelope.api_key(payload), str)


def test_the_depth_of_json_is_no_trap() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = [deep]
    assert read_event(event("EVENT_DISPATCH_NEW", deep)) == ()
