"""The snapshot after an event: only what the event names has changed."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Call, Calls, EmergencyCall, Note, Unit
from bot.cad.push.events import (
    CallNoteAdded,
    CallsClosed,
    CallUpserted,
    EmergenciesRemoved,
    EmergencyUpserted,
    Event,
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
from bot.services.board.snapshot import BoardSnapshot

CALL = Call(100, "Armed Robbery", "211", (1, 2))
SHOTS = EmergencyCall(100, True, "Jane Doe", "Grove Street", "Three shots")
PAT = Unit(1, "u", "A-12", "Pat Moreno", "LSPD", 2, ())
NOTE = Note("21:30", "D-1", "Silent alarm")
KNOWN = BoardSnapshot().with_calls(Calls((CALL,), (SHOTS,))).with_units([PAT])


def idents(event: Event) -> tuple[int, ...]:
    return KNOWN.apply(event).calls[100].idents


def test_units_come_and_go() -> None:
    assert idents(UnitsAttached(100, (2, 3))) == (1, 2, 3)
    assert idents(UnitsDetached(100, (1, 9))) == (2,)


def test_a_call_is_saved_noted_and_closed() -> None:
    other = Call(101, "Traffic Stop", "10-38", ())
    assert KNOWN.apply(CallUpserted(other)).calls == {100: CALL, 101: other}
    assert KNOWN.apply(CallNoteAdded(100, NOTE)).calls[100].notes == (NOTE,)
    assert KNOWN.apply(CallsClosed((100, 7))).calls == {}


def test_an_edit_keeps_what_it_does_not_carry() -> None:
    known = replace(CALL, primary=1, notes=(NOTE,), address="Vinewood", meta={"x": "1"})
    board = KNOWN.apply(CallUpserted(known))
    edited = Call(100, "Robbery over", "", ())
    missing = frozenset({"code", "idents", "primary", "notes", "meta"})
    after = board.apply(CallUpserted(edited, missing)).calls[100]
    assert after == replace(known, title="Robbery over", address="")
    new = Call(101, "New", "", ())
    assert board.apply(CallUpserted(new, missing)).calls[101] == new


def test_numbers_of_911_calls_are_not_those_of_calls() -> None:
    assert KNOWN.apply(CallsClosed((100,))).emergencies == {100: SHOTS}
    after = KNOWN.apply(EmergenciesRemoved((100,)))
    assert (after.calls, after.emergencies) == ({100: CALL}, {})
    assert after.apply(EmergencyUpserted(SHOTS)).emergencies == {100: SHOTS}


def test_units_change() -> None:
    assert KNOWN.apply(UnitStatusChanged((1, 9), 4)).units[1].status == 4
    assert KNOWN.apply(UnitPanic((1,), is_panic=True)).units[1].is_panic
    alice = Unit(2, "v", "A-7", "Alice", "LSPD", 2, ())
    assert KNOWN.apply(UnitLoggedIn(alice)).units == {1: PAT, 2: alice}
    assert KNOWN.apply(UnitsUpdated((alice,))).units == {1: PAT, 2: alice}
    assert KNOWN.apply(UnitLoggedOut(1)).units == {}


DANA = Unit(5, "d", "D-1", "Dana", "LSPD", 2, (), is_dispatch=True)


def test_dispatchers_are_known_and_are_no_units() -> None:
    polled = BoardSnapshot().with_units([PAT, DANA])
    logged_in = KNOWN.apply(UnitLoggedIn(DANA))
    for board in (polled, logged_in):
        assert (board.units, board.dispatchers) == ({1: PAT}, {5: DANA})
        assert (board.unit(5), board.unit(1), board.unit(6)) == (DANA, PAT, None)
        assert board.apply(UnitStatusChanged((5,), 1)).dispatchers[5].status == 1
        assert board.apply(UnitLoggedOut(5)).dispatchers == {}
        assert board.with_units([PAT]).dispatchers == {}
        assert board.with_units([PAT], None).dispatchers == {5: DANA}
        assert board.with_calls(Calls((CALL,), ())).dispatchers == {5: DANA}
        assert board.apply(CallsClosed((100,))).dispatchers == {5: DANA}


def test_a_unit_becomes_a_dispatcher_and_a_unit_again() -> None:
    desk = replace(PAT, is_dispatch=True)
    board = KNOWN.apply(UnitsUpdated((desk,)))
    assert (board.units, board.dispatchers) == ({}, {1: desk})
    assert board.apply(UnitsUpdated((PAT,))) == KNOWN


def test_an_event_about_a_call_keeps_the_very_same_units() -> None:
    # An index of the units that was built before stays valid.
    assert KNOWN.apply(UnitsAttached(100, (2,))).units is KNOWN.units


def test_units_join_and_leave_groups() -> None:
    alice = Unit(2, "v", "A-7", "Alice", "LSPD", 2, ())
    grouped = KNOWN.apply(UnitLoggedIn(alice)).apply(UnitsGrouped((1, 9), "K9"))
    assert [unit.group for unit in grouped.units.values()] == ["K9", ""]
    assert grouped.apply(UnitsUngrouped((1,), "k9")).units[1].group == ""
    assert grouped.apply(UnitsUngrouped((1,), "")).units[1].group == ""
    assert grouped.apply(UnitsUngrouped((1,), "SWAT")).units[1].group == "K9"
    assert grouped.apply(GroupRenamed((), "K9", "Dogs")).units[1].group == "Dogs"
    renamed = grouped.apply(GroupRenamed((2,), "K9", "Dogs"))
    assert [unit.group for unit in renamed.units.values()] == ["Dogs", "Dogs"]


def test_an_update_without_api_ids_keeps_those_that_are_known() -> None:
    known = KNOWN.apply(UnitsUpdated((replace(PAT, api_ids=("steam:1",)),)))
    assert known.apply(UnitsUpdated((replace(PAT, status=4),))).units[1] == replace(
        PAT, status=4, api_ids=("steam:1",)
    )
    other = replace(PAT, account="w")
    assert known.apply(UnitsUpdated((other,))).units[1] == other


@pytest.mark.parametrize(
    "event",
    [
        CallNoteAdded(7, NOTE),
        UnitsAttached(7, (1,)),
        UnitsDetached(7, (1,)),
        UnitStatusChanged((7,), 4),
        UnitLoggedOut(7),
        UnitsGrouped((7,), "K9"),
        UnitsUngrouped((7,), "K9"),
        GroupRenamed((), "K9", "SWAT"),
        LinkVerified("steam:1", "uuid"),
    ],
)
def test_what_is_unknown_changes_nothing(event: Event) -> None:
    assert KNOWN.apply(event) == KNOWN


_IDS = st.integers(1, 3)
_MANY = st.lists(_IDS, max_size=3).map(tuple)
_CALLS = st.builds(Call, _IDS, st.just("T"), st.just("C"), _MANY)
_UNITS = st.builds(
    Unit, _IDS, st.just("u"), st.just("A-1"), st.just("P"), st.just("D"), _IDS, st.just(())
)
_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(CallUpserted, _CALLS),
    st.builds(CallsClosed, _MANY),
    st.builds(CallNoteAdded, _IDS, st.just(NOTE)),
    st.builds(UnitsAttached, _IDS, _MANY),
    st.builds(UnitsDetached, _IDS, _MANY),
    st.builds(EmergencyUpserted, _IDS.map(lambda one: EmergencyCall(one, True, "", "", ""))),
    st.builds(EmergenciesRemoved, _MANY),
    st.builds(UnitLoggedIn, _UNITS),
    st.builds(UnitLoggedOut, _IDS),
    st.builds(UnitsUpdated, st.lists(_UNITS, max_size=3).map(tuple)),
    st.builds(UnitStatusChanged, _MANY, _IDS),
    st.builds(UnitPanic, _MANY, st.booleans()),
    st.builds(UnitsGrouped, _MANY, st.just("K9")),
    st.builds(UnitsUngrouped, _MANY, st.just("K9")),
    st.builds(GroupRenamed, _MANY, st.just("K9"), st.just("SWAT")),
)


@given(st.lists(_EVENTS))
def test_whatever_happens_everything_stays_under_its_number(events: list[Event]) -> None:
    picture = reduce(BoardSnapshot.apply, events, KNOWN)
    assert all(number == one.call_id for number, one in picture.calls.items())
    assert all(number == one.call_id for number, one in picture.emergencies.items())
    assert all(number == one.ident for number, one in picture.units.items())
    assert KNOWN.calls == {100: CALL}, "a picture is never changed"


@given(st.lists(_EVENTS), _IDS, _MANY)
def test_what_was_told_last_holds(
    events: list[Event], call_id: int, units: tuple[int, ...]
) -> None:
    told = [*events, CallUpserted(Call(call_id, "T", "C", ())), UnitsAttached(call_id, units)]
    picture = reduce(BoardSnapshot.apply, told, KNOWN)
    assert picture.calls[call_id].idents == tuple(dict.fromkeys(units))
