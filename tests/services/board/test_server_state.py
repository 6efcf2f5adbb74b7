"""What is remembered of the units of one server."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from bot.cad.errors import UnitListIncomplete
from bot.cad.models import Call, Unit, UnitListPart
from bot.services.board.server_state import MAX_UNITS_AGE, ServerState
from bot.services.cached_list import CachedList
from tests.manual_clock import ManualClock

NOW = ManualClock().now()
PART = UnitListPart((), is_complete=False, listed=None, age=30.0, retry_after=20.0, loaded=100)
WHOLE = UnitListPart((), is_complete=True, listed=frozenset(), age=90.0)


@pytest.fixture
def state() -> ServerState:
    return ServerState(cast("CachedList[Call]", None), cast("CachedList[Unit]", None))


def test_before_the_first_part_nothing_is_known(state: ServerState) -> None:
    assert state.units_as_of is None
    assert not state.has_recent_units(NOW)
    state.require_whole_list(NOW, None)


def test_a_part_says_how_far_it_is(state: ServerState) -> None:
    state.record_units(PART, NOW)
    assert state.units_as_of == NOW - timedelta(seconds=30)
    for retry_after, expected in ((None, 20.0), (7.0, 7.0)):
        with pytest.raises(UnitListIncomplete) as incomplete:
            state.require_whole_list(NOW, retry_after)
        error = incomplete.value
        assert (error.retry_after, error.loaded) == (expected, 100)
        assert error.as_of == state.units_as_of


def test_the_end_of_the_list_makes_it_whole(state: ServerState) -> None:
    state.idents_since_part.add(7)
    state.record_units(PART, NOW)
    state.record_units(WHOLE, NOW)
    assert state.units_as_of == NOW - timedelta(seconds=90)
    assert (state.is_list_long, state.idents_since_part) == (True, set())
    state.require_whole_list(NOW, None)
    state.record_units(WHOLE, NOW)
    assert not state.is_list_long


def test_the_parts_of_a_newer_list_leave_the_last_whole_one_in_use(state: ServerState) -> None:
    state.record_units(WHOLE, NOW)
    state.record_units(PART, NOW + timedelta(minutes=1))
    assert state.units_as_of == NOW - timedelta(seconds=90)
    state.require_whole_list(NOW, None)
    with pytest.raises(UnitListIncomplete):
        state.require_whole_list(NOW + MAX_UNITS_AGE, None)
