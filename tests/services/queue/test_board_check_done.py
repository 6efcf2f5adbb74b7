from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bot.cad.errors import CadRateLimited
from bot.cad.models import UnitRef
from bot.cad.push.events import CallUpserted, UnitsUpdated
from bot.common.clock import SYSTEM_CLOCK
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import OrderView, Outcome
from bot.services.queue.board_check import DoneHandler
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import Order, OrderAction
from tests.services.samples import call, unit

PAT, ALICE = unit(1, "A-12", "pat"), unit(2, "A-7", "alice")
BOTH = tuple(Assignee(one.api_ids[0], None, one, on_duty=True) for one in (PAT, ALICE))


class FakeCad:
    def __init__(self) -> None:
        self.told: list[tuple[UnitRef, int]] = []

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        if unit.ident == PAT.ident:
            raise CadRateLimited
        self.told.append((unit, status))


@pytest.fixture
def board() -> Board:
    board = Board(cast(Any, None), clock=SYSTEM_CLOCK)
    board.apply(1, [CallUpserted(call(100, "Fire")), UnitsUpdated((PAT, ALICE))])
    return board


def done(
    action: OrderAction, call_id: int | None, *missing: str, was_on: int | None = 100
) -> OrderView:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    order = Order(1, 10, 1, action, call_id, "A-12 A-7", 5, now, 1, None)
    assignees = tuple(replace(one, call_id=was_on) for one in BOTH)
    return OrderView(order, Resolution(assignees), Outcome(None, 0.1, missing=missing))


async def test_a_done_order_shows_at_once(board: Board) -> None:
    after = DoneHandler(cast(Any, FakeCad()), board)
    await after(done(OrderAction.ATTACH, 100, "alice"))
    assert board.snapshot(1).calls[100].idents == (1,)
    await after(done(OrderAction.ATTACH, 100))
    await after(done(OrderAction.DETACH, None))  # off whatever call each was on
    assert board.snapshot(1).calls[100].idents == ()


async def test_a_status_that_cannot_be_set_is_only_logged(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    cad = FakeCad()
    await DoneHandler(cast(Any, cad), board, 3)(done(OrderAction.ATTACH, 100, was_on=101))
    assert cad.told == [(UnitRef("alice", 2), 3)]
    assert board.snapshot(1).units == {1: PAT, 2: replace(ALICE, status=3)}
    assert "unit 1 keeps its status" in caplog.text


async def test_a_unit_that_was_on_the_call_before_keeps_its_status(board: Board) -> None:
    cad = FakeCad()
    await DoneHandler(cast(Any, cad), board, 3)(done(OrderAction.ATTACH, 100, was_on=100))
    assert cad.told == []
