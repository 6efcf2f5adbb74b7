"""The board with a list of units that takes several loads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from bot.cad.client import CadClient
from bot.cad.errors import CadRateLimited, UnitListIncomplete, UnitListOutdated
from bot.cad.models import Unit, UnitListPart
from bot.cad.push.events import UnitLoggedIn, UnitLoggedOut
from bot.services.board.live_board import Board
from bot.services.board.server_state import MAX_UNITS_AGE
from bot.services.cached_list import MAX_AGE
from tests.manual_clock import ManualClock

A, B, C, D = (Unit(ident, "u", f"A-{ident}", "", "", 2, ()) for ident in range(1, 5))
FIRST = UnitListPart((A, B), is_complete=False, listed=None, retry_after=20.0, loaded=2)
LAST = UnitListPart((C,), is_complete=True, listed=frozenset({1, 2, 3}), age=60.0)


class Cad:
    """Gives its parts in turn."""

    def __init__(self) -> None:
        self.parts: list[UnitListPart] = []

    async def units(self, _server_id: int) -> UnitListPart:
        if not self.parts:
            raise CadRateLimited(retry_after=30.0)
        return self.parts.pop(0)


@pytest.fixture
def cad() -> Cad:
    return Cad()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def board(cad: Cad, clock: ManualClock) -> AsyncIterator[Board]:
    board = Board(cast("CadClient", cad), clock=clock)
    yield board
    await board.close()


async def load(board: Board, cad: Cad, *parts: UnitListPart) -> None:
    cad.parts += parts
    for _ in parts:
        try:
            await board.fetch_units(1)
        except CadRateLimited:
            continue


def shown(board: Board) -> set[int]:
    return {unit.ident for unit in board.units(1)}


async def test_a_whole_list_replaces_the_one_before(board: Board, cad: Cad) -> None:
    cad.parts = [UnitListPart.whole([A, B]), UnitListPart.whole([B, C])]
    await board.fetch_units(1)
    assert await board.fetch_units(1) == (B, C)


async def test_a_first_part_is_shown_but_is_no_answer_for_an_order(
    board: Board, cad: Cad, clock: ManualClock
) -> None:
    cad.parts = [FIRST, LAST]
    with pytest.raises(UnitListIncomplete) as incomplete:
        await board.fetch_units(1)
    error = incomplete.value
    assert (error.retry_after, error.loaded, error.as_of) == (20.0, 2, board.units_as_of(1))
    assert shown(board) == {1, 2}
    assert board.old_units_as_of(1) == board.units_as_of(1) == clock.now()
    assert set(await board.fetch_units(1)) == {A, B, C}


async def test_a_limit_before_the_next_part_is_told_with_the_part(board: Board, cad: Cad) -> None:
    with pytest.raises(CadRateLimited) as limited:
        await board.fetch_units(1)
    assert not isinstance(limited.value, UnitListIncomplete)
    await load(board, cad, FIRST)
    with pytest.raises(UnitListIncomplete) as incomplete:
        await board.fetch_units(1)
    assert (incomplete.value.retry_after, incomplete.value.loaded) == (30.0, 2)


async def test_a_whole_list_that_cannot_be_read_again_yet(
    board: Board, cad: Cad, clock: ManualClock
) -> None:
    await load(board, cad, UnitListPart.whole([A]))
    read_at = clock.now()
    clock.seconds += 40
    with pytest.raises(UnitListOutdated) as outdated:
        await board.fetch_units(1)
    assert (outdated.value.retry_after, outdated.value.as_of) == (30.0, read_at)
    assert shown(board) == {1}


async def test_a_recent_list_answers_while_the_limit_allows_no_newer_one(
    board: Board, cad: Cad
) -> None:
    await load(board, cad, UnitListPart.whole([A]))
    cad.parts = [FIRST]
    await board._server(1).units.fetch()
    assert set(await board.fetch_units(1)) == {A, B}


async def test_the_board_says_how_old_the_oldest_part_is(
    board: Board, cad: Cad, clock: ManualClock
) -> None:
    assert board.old_units_as_of(1) is None
    await load(board, cad, FIRST, LAST)
    as_of = board.units_as_of(1)
    assert as_of == clock.now() - timedelta(seconds=60)
    clock.seconds += 60
    assert board.old_units_as_of(1) is None
    clock.seconds += 1
    assert board.old_units_as_of(1) == as_of


async def test_parts_change_only_the_units_that_they_bring(board: Board, cad: Cad) -> None:
    await load(board, cad, FIRST, LAST)
    busy = replace(A, status=1)
    cad.parts = [replace(FIRST, units=(busy,))]
    board.force_refresh(1)
    await board._server(1).units.fetch()
    assert set(board.units(1)) == {busy, B, C}


async def test_who_is_not_in_a_whole_list_is_off_duty(board: Board, cad: Cad) -> None:
    await load(board, cad, FIRST, LAST)
    cad.parts = [FIRST, replace(LAST, listed=frozenset({1, 3}))]
    for _ in range(2):
        await board._server(1).units.fetch()
    assert shown(board) == {1, 3}


async def test_a_list_with_a_gap_takes_no_unit_off_duty(board: Board, cad: Cad) -> None:
    await load(board, cad, FIRST, LAST)
    cad.parts = [FIRST, replace(LAST, listed=None)]
    for _ in range(2):
        await board._server(1).units.fetch()
    assert shown(board) == {1, 2, 3}


async def test_events_between_the_parts_hold(board: Board, cad: Cad) -> None:
    await load(board, cad, FIRST)
    board.apply(1, [UnitLoggedIn(D), UnitLoggedOut(1)])
    await load(board, cad, LAST)
    assert shown(board) == {2, 3, 4}


async def test_orders_do_not_wait_for_a_long_list(
    board: Board, cad: Cad, clock: ManualClock
) -> None:
    await load(board, cad, FIRST, LAST)
    assert set(await board.fetch_units(1)) == {A, B, C}  # the CAD allows no request now
    clock.seconds += MAX_UNITS_AGE.total_seconds()
    with pytest.raises(CadRateLimited):
        await board.fetch_units(1)


async def test_a_long_list_is_loaded_again_while_orders_use_the_last(
    board: Board, cad: Cad, clock: ManualClock
) -> None:
    await load(board, cad, FIRST, LAST)
    clock.seconds += MAX_AGE
    busy = replace(A, status=1)
    cad.parts = [replace(FIRST, units=(busy,))]
    assert set(await board.fetch_units(1)) == {A, B, C}
    for _ in range(10):
        await asyncio.sleep(0)
    assert set(board.units(1)) == {busy, B, C}


async def test_after_a_list_in_one_load_orders_wait_for_the_next(board: Board, cad: Cad) -> None:
    await load(board, cad, FIRST, LAST)
    cad.parts = [UnitListPart.whole([A])]
    await board._server(1).units.fetch()
    cad.parts = [UnitListPart.whole([B])]
    assert await board.fetch_units(1) == (B,)


async def test_who_logged_in_during_an_earlier_list_can_be_missing_in_the_next(
    board: Board, cad: Cad
) -> None:
    await load(board, cad, FIRST)
    board.apply(1, [UnitLoggedIn(D)])
    await load(board, cad, LAST)
    assert shown(board) == {1, 2, 3, 4}
    cad.parts = [FIRST, LAST]
    for _ in range(2):
        await board._server(1).units.fetch()
    assert shown(board) == {1, 2, 3}
