"""The steps that undo an order: take its units off, then put them back where they were.

An assignee's `call_id` is the call that the unit goes back to, None for none; the order's is the
call that the order before has put it on, None where that has taken it off. Whether an attach takes
a unit off the call that it is on is not documented (docs/sonoran-cad.md, "Attach"): a unit that the
CAD shows on both calls is taken off, which names no call, and put back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from bot.cad.models import AttachRequest, DetachRequest, UnitRef
from bot.cad.push.events import Event, UnitsAttached, UnitsDetached
from bot.services.board.snapshot import BoardSnapshot
from bot.services.orders.outcomes import OrderView
from bot.services.queue.steps import CadAccess, Look, Sent, Step, Verdict, calls_of, own_key
from bot.services.targets.resolution import Assignee
from bot.services.targets.skipped_target import SkipReason
from bot.storage.stores.order_store import Order

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder

IdentsByCall: TypeAlias = Mapping[int, Collection[int]]


def is_undone(order: Order, assignee: Assignee, idents: IdentsByCall) -> bool:
    """Tell whether the calls show a unit where it was before."""
    on_calls = _calls_of_unit(assignee, idents)
    return order.call_id not in on_calls and (
        assignee.unit is None or assignee.call_id is None or assignee.call_id in on_calls
    )


def _calls_of_unit(assignee: Assignee, idents: IdentsByCall) -> set[int]:
    unit = assignee.unit
    return {call for call, on_call in idents.items() if unit and unit.ident in on_call}


def _idents(snapshot: BoardSnapshot) -> IdentsByCall:
    return {call.call_id: call.idents for call in snapshot.calls.values()}


def _why_not(
    order: Order, assignee: Assignee, idents: IdentsByCall, *, is_repeated: bool
) -> SkipReason | None:
    """Return why a unit is left alone; None for one that is where the order before left it.

    Args:
        is_repeated: an attempt that broke off may have moved it already.
    """
    if assignee.unit is None:
        return SkipReason.NOT_LOOKED_UP if assignee.on_duty is None else SkipReason.NOT_ON_DUTY
    on_calls = _calls_of_unit(assignee, idents)
    if on_calls - {order.call_id, assignee.call_id}:
        return SkipReason.ON_ANOTHER_CALL
    is_left_there = order.call_id is None or order.call_id in on_calls
    is_back = is_repeated or assignee.call_id in on_calls
    return None if is_left_there or is_back else SkipReason.NOT_ON_CALL


async def _look(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out the units that have moved on, and find out which calls are open."""
    order = queued.order
    calls = await access.board.fetch_calls(order.server_id)
    idents = {call.call_id: call.idents for call in calls}
    kept: list[Assignee] = []
    reasons: dict[str, SkipReason] = {}
    for assignee in queued.resolution.assignees:
        reason = _why_not(order, assignee, idents, is_repeated=queued.may_have_been_sent)
        if reason is None and assignee.call_id not in {None, *idents}:
            reason = SkipReason.FORMER_CALL_CLOSED
            if order.call_id is not None:  # it only leaves the call that it was put on
                kept.append(replace(assignee, call_id=None))
        elif reason is None:
            kept.append(assignee)
        if reason is not None:
            reasons[assignee.key] = reason
    resolution = replace(queued.resolution.without(reasons), assignees=tuple(kept))
    if not kept:
        return Look(resolution, Verdict.REFUSE)
    is_sent = any(_is_taken_off(order, one, idents) for one in kept)
    return Look(resolution, Verdict.SEND if is_sent else Verdict.DONE)


def _is_taken_off(order: Order, assignee: Assignee, idents: IdentsByCall) -> bool:
    """Tell whether a unit has to leave a call first; an attach takes others off theirs."""
    on_calls = _calls_of_unit(assignee, idents)
    return order.call_id in on_calls and (assignee.call_id is None or assignee.call_id in on_calls)


async def _send_detach(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    queued = orders[0]
    order, idents = queued.order, _idents(access.board.snapshot(queued.order.server_id))
    refs = [one.ref for one in queued.resolution.assignees if _is_taken_off(order, one, idents)]
    if refs:  # an event may have come since the look
        await access.cad.detach([DetachRequest(order.server_id, tuple(refs))])
    return Sent()


def _taken_off(view: OrderView, assignees: Sequence[Assignee]) -> list[Event]:
    """Return that the units are on no call; those that go back follow at once."""
    idents: dict[int, list[int]] = defaultdict(list)
    for one in assignees:
        for call_id in {view.order.call_id, one.call_id} - {None}:
            if one.unit:
                idents[call_id or 0].append(one.unit.ident)
    return [UnitsDetached(call_id, tuple(left)) for call_id, left in idents.items()]


async def _look_before_return(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out the units that were sent to another call since the step before."""
    order, resolution = queued.order, queued.resolution
    if queued.may_have_been_sent or queued.is_late:
        await access.board.fetch_calls(order.server_id)
    idents = _idents(access.board.snapshot(order.server_id))
    moved = {
        one.key: SkipReason.ON_ANOTHER_CALL
        for one in resolution.assignees
        if one.call_id is not None
        and not _calls_of_unit(one, idents) <= {order.call_id, one.call_id}
    }
    resolution = resolution.without(moved)
    if not resolution.assignees:
        return Look(resolution, Verdict.REFUSE)
    goes_back = bool(_by_former_call(resolution.assignees))
    return Look(resolution, Verdict.SEND if goes_back else Verdict.DONE)


async def _send_attach(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    """Put the units back, with one request for each call."""
    queued = orders[0]
    for call_id, units in _by_former_call(queued.resolution.assignees).items():
        refs: tuple[UnitRef, ...] = tuple(one.ref for one in units)
        await access.cad.attach([AttachRequest(queued.order.server_id, call_id, refs)])
    return Sent()


def _by_former_call(assignees: Sequence[Assignee]) -> dict[int, list[Assignee]]:
    units: dict[int, list[Assignee]] = defaultdict(list)
    for one in assignees:
        if one.call_id is not None:
            units[one.call_id].append(one)
    return units


def _put_back(view: OrderView, assignees: Sequence[Assignee]) -> list[Event]:
    """Return that the units are where they were."""
    return [
        *_taken_off(view, assignees),
        *(
            UnitsAttached(call_id, tuple(one.unit.ident for one in units if one.unit))
            for call_id, units in _by_former_call(assignees).items()
        ),
    ]


def _needs(queued: QueuedOrder) -> frozenset[str]:
    server_id = queued.order.server_id
    former = _by_former_call(queued.resolution.assignees)
    return calls_of(queued).union(f"call {server_id}:{call_id}" for call_id in former)


TAKE_OFF = Step(
    limiter=attrgetter("limiters.detach"),
    scope=own_key,
    key=own_key,
    send=_send_detach,
    needs=_needs,
    look=_look,
    events=_taken_off,
)
PUT_BACK = Step(
    limiter=attrgetter("limiters.attach"),
    scope=own_key,
    key=own_key,
    send=_send_attach,
    needs=_needs,
    look=_look_before_return,
    events=_put_back,
)
