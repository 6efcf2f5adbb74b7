from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cad.errors import CadTimeout
from bot.cad.models import Call, Calls, Receipt
from bot.cad.push.events import UnitLoggedIn
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import RESOLUTION_JSON, BoardConfirmation, Outcome
from bot.services.queue.board_check import (
    CHECK_WITHIN,
    compare_receipt,
    confirm_on_board,
    not_shown,
)
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.queued_order import QueuedOrder
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.manual_clock import ManualClock
from tests.services.queue.samples import queued_order
from tests.services.queue_fixture import ScriptedCad
from tests.services.samples import call, unit

PAT = Assignee("steam:1", 7, unit(1), True, call_id=100)
ALICE = Assignee("steam:2", 8, unit(2), True)
UNSEEN = Assignee("steam:3", 9, None, None)
OFF_DUTY = Assignee("steam:4", 9, None, False)
DONE = Outcome(None, 1.0, "Fire")


def done(
    *units: Assignee, action: OrderAction = OrderAction.ATTACH, call_id: int | None = 100
) -> QueuedOrder:
    return queued_order(*units, action=action, call_id=call_id, state=OrderState.DONE)


def verdict(outcome: Outcome) -> tuple[BoardConfirmation, tuple[str, ...]]:
    return outcome.confirmation, outcome.missing


@pytest.mark.parametrize("action", [one for one in KINDS if KINDS[one].is_shown])
@pytest.mark.parametrize(
    ("people", "idents", "expected"),
    [
        ([PAT, ALICE], {1, 2, 3}, (BoardConfirmation.CONFIRMED, ())),
        ([PAT, ALICE], {1}, (BoardConfirmation.MISSING, ("steam:2",))),
        ([PAT, ALICE], {}, (BoardConfirmation.MISSING, ("steam:1", "steam:2"))),
        # An id that stands for no unit that is known may stand for any ident of the receipt.
        ([PAT, UNSEEN], {1, 2}, (BoardConfirmation.PENDING, ())),
        ([PAT, UNSEEN], {}, (BoardConfirmation.PENDING, ())),
    ],
)
def test_a_receipt(people, idents, expected, action: OrderAction) -> None:
    outcome = compare_receipt(done(*people, action=action), DONE, Receipt(frozenset(idents)))
    assert verdict(outcome) == expected
    assert outcome.call_title == "Fire"


@pytest.mark.parametrize(
    ("one", "calls", "absent"),
    [
        (done(PAT), [call(100, "", 1)], []),
        (done(PAT), [call(100, ""), call(101, "", 1)], [PAT]),
        (done(PAT), [], [PAT]),
        (done(UNSEEN, OFF_DUTY), [call(100, "", 1)], [OFF_DUTY]),
        # off one call
        (done(PAT, action=OrderAction.DETACH), [call(100, "", 1)], [PAT]),
        (done(PAT, action=OrderAction.DETACH), [call(100, "", 2), call(101, "", 1)], []),
        (done(UNSEEN, OFF_DUTY, action=OrderAction.DETACH), [call(100, "", 1)], []),
        # off the call that Pat was on: another dispatcher put Pat on another one
        (done(PAT, action=OrderAction.DETACH, call_id=None), [call(100, "", 1)], [PAT]),
        (done(PAT, action=OrderAction.DETACH, call_id=None), [call(101, "", 1)], []),
        # off an unknown call
        (done(ALICE, action=OrderAction.DETACH, call_id=None), [call(101, "", 2)], [ALICE]),
        (done(ALICE, action=OrderAction.DETACH, call_id=None), [call(101, "", 1)], []),
    ],
)
def test_what_the_calls_show(one: QueuedOrder, calls: list[Call], absent: list[Assignee]) -> None:
    assert not_shown(one, calls) == absent


class Cad(ScriptedCad):
    """Shows one list of calls after the other; None for none at all, seconds late."""

    def __init__(self, time: ManualClock, *shown: list[Call] | None, late: float = 0.0) -> None:
        self.clock, self.shown, self.late = time, list(shown), late
        self.looks: list[float] = []

    async def calls(self, server_id: int) -> Calls:
        self.looks.append(self.clock.seconds)
        self.clock.seconds += self.late
        found = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if found is None:
            raise CadTimeout
        return Calls(tuple(found), ())


@pytest.fixture
def time() -> ManualClock:
    return ManualClock(seconds=0.0)


async def none_later(_order: Order) -> list[Order]:
    return []


async def look(one: QueuedOrder, cad: Cad, time: ManualClock, later=none_later) -> Outcome:
    return await confirm_on_board(one, DONE, Board(cad, clock=time), later, clock=time)


async def test_a_unit_that_a_later_order_has_moved_is_not_missing(time: ManualClock) -> None:
    async def later(_order: Order) -> list[Order]:
        moved = RESOLUTION_JSON.dump_json(Resolution((PAT,))).decode()
        order = done(PAT, call_id=101).order
        return [replace(order, state=OrderState.QUEUED, resolution=moved)]

    async def unknown(_order: Order) -> list[Order]:
        raise DatabaseUnavailable("dispatch.db", "locked")

    both = done(PAT, ALICE)
    outcome = await look(both, Cad(time, OFF), time, later)
    assert verdict(outcome) == (BoardConfirmation.MISSING, (ALICE.reference,))
    outcome = await look(done(PAT), Cad(time, OFF), time, later)
    assert verdict(outcome) == (BoardConfirmation.UNKNOWN, ())
    outcome = await look(done(PAT), Cad(time, OFF), time, unknown)
    assert verdict(outcome) == (BoardConfirmation.MISSING, (PAT.reference,))


async def test_other_units_of_the_account_that_move_are_named(time: ManualClock) -> None:
    named, other, nameless = (
        replace(unit(ident, number), account="pat")
        for ident, number in ((1, "A-1"), (2, "P-2"), (3, ""))
    )
    stranger = replace(unit(4, "X-4"), account="x")
    cad = Cad(time, [call(101, "", 2, 4), call(100, "")], [call(100, "", 1, 2, 3)])
    board = Board(cad, clock=time)
    order = done(Assignee("steam:1", 7, named, True))
    server_id = order.order.server_id
    board.apply(server_id, [UnitLoggedIn(one) for one in (named, other, nameless, stranger)])
    await board.fetch_calls(server_id)
    outcome = await confirm_on_board(order, DONE, board, later=none_later, clock=time)
    assert verdict(outcome) == (BoardConfirmation.CONFIRMED, ())
    assert outcome.also_moved == ("P-2", "ident 3")


ON, OFF = [call(100, "", 1)], [call(100, "")]


async def test_what_is_seen_at_once_is_looked_at_once(time: ManualClock) -> None:
    cad = Cad(time, ON)
    assert verdict(await look(done(PAT), cad, time)) == (BoardConfirmation.CONFIRMED, ())
    assert (cad.looks, time.slept) == ([0.0], [])


async def test_what_is_not_seen_is_looked_for_during_a_minute(time: ManualClock) -> None:
    cad = Cad(time, OFF)
    assert verdict(await look(done(PAT), cad, time)) == (BoardConfirmation.MISSING, ("steam:1",))
    assert cad.looks == [0.0, 5.0, 20.0, 50.0]


async def test_what_is_seen_late_is_confirmed(time: ManualClock) -> None:
    cad = Cad(time, OFF, None, ON)
    assert verdict(await look(done(PAT), cad, time)) == (BoardConfirmation.CONFIRMED, ())
    assert cad.looks == [0.0, 5.0, 20.0]


async def test_what_cannot_be_seen_is_unknown(time: ManualClock) -> None:
    cad = Cad(time, None)
    assert verdict(await look(done(PAT), cad, time)) == (BoardConfirmation.UNKNOWN, ())


async def test_the_last_that_was_seen_counts(time: ManualClock) -> None:
    cad = Cad(time, OFF, None)
    assert (await look(done(PAT), cad, time)).confirmation is BoardConfirmation.MISSING


async def test_a_minute_is_a_minute_however_long_the_cad_takes(time: ManualClock) -> None:
    cad = Cad(time, None, late=10.0)
    await look(done(PAT), cad, time)
    assert cad.looks == [0.0, 10.0, 20.0, 50.0]
    assert time.seconds <= 60.0


async def test_an_assignee_without_a_unit_cannot_be_seen(time: ManualClock) -> None:
    assert verdict(await look(done(PAT, UNSEEN), Cad(time, ON), time)) == (
        BoardConfirmation.UNKNOWN,
        (),
    )


async def test_long_after_there_is_no_look_and_it_is_unknown(time: ManualClock) -> None:
    cad, one = Cad(time, ON), done(PAT)
    one.order = replace(one.order, finished_at=time.now() - CHECK_WITHIN)
    assert (await look(one, cad, time)).confirmation is BoardConfirmation.UNKNOWN
    assert cad.looks == []
