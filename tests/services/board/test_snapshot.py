"""The snapshot after an event: only what the event names has changed."""

from __future__ import annotations

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
    LinkVerified,
    UnitLoggedIn,
    UnitLoggedOut,
    UnitPanic,
    UnitsAttached,
    UnitsDetached,
    UnitStatusChanged,
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


@pytest.mark.parametrize(
    "event",
    [
        CallNoteAdded(7, NOTE),
        UnitsAttached(7, (1,)),
        UnitsDetached(7, (1,)),
        UnitStatusChanged((7,), 4),
        UnitLoggedOut(7),
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
