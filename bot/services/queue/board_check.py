"""A done order on the board: whether the CAD shows it, and what the board shows at once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Call, Receipt, Unit
from bot.cad.push.events import UnitStatusChanged
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.board.snapshot import BoardSnapshot
from bot.services.orders import moves
from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.queued_order import QueuedOrder
from bot.services.queue.steps import CallsRead
from bot.services.targets.resolution import Assignee
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order

CHECK_WITHIN = timedelta(minutes=1)
CHECK_AFTER = (0.0, 5.0, 20.0, 50.0)  # seconds; the last check may take ten more

_log = logging.getLogger(__name__)


def compare_answer(queued: QueuedOrder, outcome: Outcome) -> Outcome:
    """Compare what the CAD has shown or said after the last request with the order."""
    if queued.calls_read:
        return compare_calls(queued, outcome, queued.calls_read)
    return compare_receipt(queued, outcome, queued.receipt) if queued.receipt else outcome


def compare_receipt(queued: QueuedOrder, outcome: Outcome, receipt: Receipt) -> Outcome:
    """Compare a receipt with the order; if a unit is not known, the receipt says nothing."""
    assignees = queued.resolution.assignees
    if not all(one.unit for one in assignees):
        return outcome
    missing = [one for one in assignees if one.unit and one.unit.ident not in receipt.idents]
    return _with_verdict(queued, outcome, missing)


def compare_calls(queued: QueuedOrder, outcome: Outcome, read: CallsRead) -> Outcome:
    """Compare the calls as read after the request with the order."""
    compared = replace(
        _with_former_calls(queued, outcome, read.calls),
        also_moved=_also_moved(queued, read.before, read.after),
        is_looked_at=True,
    )
    return _with_verdict(queued, compared, not_shown(queued, read.calls))


async def confirm_on_board(
    queued: QueuedOrder,
    outcome: Outcome,
    board: Board,
    later: Callable[[Order], Awaitable[Sequence[Order]]],
    *,
    clock: Clock,
) -> Outcome:
    """Read the CAD's calls until they show that the order was done.

    What they show of a unit that a later order has moved says nothing about this one; nor does
    what they show long after.

    Args:
        later: reads the orders that came after one.
    """
    now = clock.now()
    is_recent = now - (queued.order.finished_at or now) < CHECK_WITHIN
    is_told = outcome.confirmation is not BoardConfirmation.PENDING  # by a receipt
    unknown = outcome.confirmation if is_told else BoardConfirmation.UNKNOWN
    result = replace(outcome, confirmation=unknown, is_looked_at=True)
    server_id = queued.order.server_id
    before = board.snapshot(server_id)
    started_at = clock.monotonic()
    for seconds in CHECK_AFTER if is_recent else ():
        if (pause := started_at + seconds - clock.monotonic()) > 0:
            await clock.sleep(pause)
        try:
            calls = await board.fetch_calls(server_id)
        except CadError:
            continue
        read = CallsRead(calls, before, board.snapshot(server_id))
        result = compare_calls(queued, result, read)
        if not result.missing:
            break
    if not result.missing:
        return result
    try:
        moved = moves.moved_later(queued.order, await later(queued.order))
    except StorageError:  # the answer must not wait for it
        return result
    absent = [one for one in queued.resolution.assignees if one.reference in result.missing]
    if missing := [one for one in absent if one.key not in moved]:
        return _with_verdict(queued, result, missing)
    return replace(result, confirmation=BoardConfirmation.UNKNOWN, missing=())


def not_shown(queued: QueuedOrder, calls: Sequence[Call]) -> list[Assignee]:
    """Return the units for which the calls do not show what was ordered."""
    idents = {call.call_id: frozenset(call.idents) for call in calls}
    is_shown, assignees = queued.kind.is_shown, queued.resolution.assignees
    if is_shown is None:
        return []
    return [one for one in assignees if not is_shown(queued.order, one, idents)]


def _with_former_calls(queued: QueuedOrder, outcome: Outcome, calls: Sequence[Call]) -> Outcome:
    """Return an outcome with what the calls show of those that the units were on before.

    Whether an attach takes a unit off its former call is not documented; reference:
    docs/sonoran-cad.md, "Attach".
    """
    idents = {call.call_id: frozenset(call.idents) for call in calls}
    left = [
        (one.reference, call_id)
        for one, call_id in queued.leaving()
        if one.unit and one.unit.ident not in idents.get(call_id, ())
    ]
    emptied = {call_id for _, call_id in left if call_id in idents and not idents[call_id]}
    units = dict.fromkeys(reference for reference, _ in left)
    return replace(outcome, left=tuple(units), emptied=tuple(sorted(emptied)))


def _also_moved(
    queued: QueuedOrder, before: BoardSnapshot, after: BoardSnapshot
) -> tuple[str, ...]:
    """Return the other units of the same accounts whose call has changed.

    API 1 names units by the API id of their account, which may stand for all its units.
    """
    named = [one.unit for one in queued.resolution.assignees if one.unit]
    accounts = {unit.account for unit in named if unit.account}
    idents = {unit.ident for unit in named}
    others = [
        unit
        for unit in before.units.values()
        if unit.account in accounts and unit.ident not in idents
    ]
    return tuple(
        unit.number or f"ident {unit.ident}"
        for unit in others
        if _call_id(before, unit) != _call_id(after, unit)
    )


def _call_id(snapshot: BoardSnapshot, unit: Unit) -> int | None:
    call = snapshot.call_of_unit(unit.ident)
    return call.call_id if call else None


def _with_verdict(queued: QueuedOrder, outcome: Outcome, missing: Sequence[Assignee]) -> Outcome:
    if missing:
        verdict = BoardConfirmation.MISSING
    elif any(one.unit is None for one in queued.resolution.assignees):
        verdict = BoardConfirmation.UNKNOWN
    else:
        verdict = BoardConfirmation.CONFIRMED
    return replace(outcome, confirmation=verdict, missing=tuple(one.reference for one in missing))


class DoneHandler:
    """Shows a done order on the board at once, for the CAD sends no event about it.

    Args:
        status_on_attach: the status that attached units get, `STATUS_ON_ATTACH`; None: unchanged.
    """

    def __init__(self, cad: CadClient, board: Board, status_on_attach: int | None = None) -> None:
        self._cad = cad
        self._board = board
        self._status = status_on_attach

    async def __call__(self, view: OrderView) -> None:
        """Do what follows; a part that fails is only logged, for the order itself is done."""
        order, kind = view.order, KINDS[view.order.action]
        done_for = view.resolution.assignees
        if missing := view.outcome and view.outcome.missing:
            done_for = tuple(one for one in done_for if one.reference not in missing)
        self._board.apply(order.server_id, kind.steps[order.step].events(view, done_for))
        if kind.sets_status and self._status is not None:
            # A unit that was on the call before may have gone on to a later status.
            newly_on_call = [one for one in done_for if one.call_id != order.call_id]
            for assignee in newly_on_call:
                await self._set_status(order.server_id, assignee, self._status)

    async def _set_status(self, server_id: int, assignee: Assignee, status: int) -> None:
        unit = assignee.unit
        if unit is None or unit.status == status:
            return
        try:
            await self._cad.set_status(server_id, assignee.ref, status)
        except CadError as error:
            _log.warning("unit %s keeps its status: %r", unit.ident, error)
        else:
            self._board.apply(server_id, [UnitStatusChanged((unit.ident,), status)])
