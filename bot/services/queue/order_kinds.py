"""The kinds of orders: what sets one kind apart from another, as data.

A further kind is one more entry of `KINDS`; nothing else in the queue asks for an order's action.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from bot.cad.client import CadClient
from bot.cad.models import AttachRequest, DetachRequest, UnitRef
from bot.cad.push.events import Event, UnitsAttached, UnitsDetached
from bot.services.orders.outcomes import OrderView
from bot.services.queue.batching import Usage
from bot.services.queue.kinds import (
    call_steps,
    create_steps,
    primary_steps,
    respond_steps,
    undo_steps,
)
from bot.services.queue.kinds.free_units import without_free_units
from bot.services.queue.looks import look_before_attach, look_before_detach
from bot.services.queue.steps import CadAccess, Look, LookWhen, Sent, Step, calls_of
from bot.services.targets.resolution import Assignee
from bot.services.targets.skipped_target import SkipReason
from bot.storage.stores.order_store import Order, OrderAction

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder

IdentsByCall: TypeAlias = Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True, eq=False)
class OrderKind:
    """What the queue has to know about the orders of one kind.

    Attributes:
        steps: the requests that carry an order out, one after the other.
        needs_units: an order about no unit is refused without a request.
        needs_duty: units that are off duty do not count as its units.
        is_shown: whether the calls of the CAD show that the order was done for a unit; None where
            they do not show it.
        puts_on_call: whether the units are put on the order's call, or off the calls that they are
            on; None for other orders. Only such an order can be undone.
        undoes: the order undoes another one, and its reply takes the place of that one's.
        sets_status: the units get the status STATUS_ON_ATTACH afterwards.
    """

    steps: tuple[Step, ...]
    needs_units: bool = False
    needs_duty: bool = False
    is_shown: Callable[[Order, Assignee, IdentsByCall], bool] | None = None
    puts_on_call: bool | None = None
    sets_status: bool = False
    undoes: bool = False


@dataclass(frozen=True, slots=True)
class LimitState:
    """The budget of one step.

    Attributes:
        wait: seconds until a request may be sent.
        capacity: how many different keys one request can carry.
        usage: how much of the budget is used, where orders are held so that others can join.
    """

    wait: float
    capacity: float
    usage: Usage | None = None

    @classmethod
    def read(cls, cad: CadClient, step: Step) -> LimitState:
        """Read the budget at this moment."""
        limiter, capacity = step.limiter(cad), step.capacity(cad)
        usage = Usage.of(limiter) if step.is_held and capacity == 1 else None
        return cls(limiter.wait(), capacity, usage)


def attach_requests(orders: Sequence[QueuedOrder]) -> list[AttachRequest]:
    """Merge attach orders into one request part per call."""
    units: dict[tuple[int, int], dict[str, UnitRef]] = defaultdict(dict)
    for queued in orders:
        order = queued.order
        refs = {one.key: one.ref for one in queued.resolution.assignees}
        units[order.server_id, order.call_id or 0].update(refs)
    return [
        AttachRequest(server_id, call_id, tuple(refs.values()))
        for (server_id, call_id), refs in units.items()
    ]


def detach_requests(orders: Sequence[QueuedOrder]) -> list[DetachRequest]:
    """Merge detach orders into one request part per server."""
    units: dict[int, dict[str, UnitRef]] = defaultdict(dict)
    for queued in orders:
        refs = {one.key: one.ref for one in queued.resolution.assignees}
        units[queued.order.server_id].update(refs)
    return [DetachRequest(server_id, tuple(refs.values())) for server_id, refs in units.items()]


def leave_out(orders: Iterable[QueuedOrder], idents: Collection[int]) -> bool:
    """Leave out the units that no request can name; return False if the orders have none."""
    is_changed = False
    for queued in orders:
        found = queued.resolution.assignees
        unnamed = [one.key for one in found if one.unit and one.unit.ident in idents]
        reasons = dict.fromkeys(unnamed, SkipReason.NOT_ADDRESSABLE)
        queued.resolution = queued.resolution.without(reasons)
        is_changed = is_changed or bool(unnamed)
    return is_changed


async def _send_attach(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    return Sent(await access.cad.attach(attach_requests(orders)))


async def _send_detach(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    return Sent(await access.cad.detach(detach_requests(orders)))


async def _look_before_detach(access: CadAccess, queued: QueuedOrder) -> Look:
    if queued.order.call_id is None and not (queued.is_late or queued.may_have_been_sent):
        return Look(await without_free_units(access, queued))
    return await look_before_detach(access, queued)


def _attach_is_shown(order: Order, assignee: Assignee, idents: IdentsByCall) -> bool:
    if assignee.unit is None:
        # No unit on duty has this id; where the CAD does not say so, it counts as shown.
        return assignee.on_duty is None
    return assignee.unit.ident in idents.get(order.call_id or 0, ())


def _detach_is_shown(order: Order, assignee: Assignee, idents: IdentsByCall) -> bool:
    if assignee.unit is None:
        return True
    call_id = order.call_id if order.call_id is not None else assignee.call_id
    # A unit that is to leave an unknown call must not be seen on any.
    calls = idents.values() if call_id is None else [idents.get(call_id, frozenset())]
    return not any(assignee.unit.ident in on_call for on_call in calls)


def _attach_events(view: OrderView, assignees: Sequence[Assignee]) -> list[Event]:
    idents = tuple(one.unit.ident for one in assignees if one.unit)
    return [UnitsAttached(view.order.call_id or 0, idents)]


def _detach_events(view: OrderView, assignees: Sequence[Assignee]) -> list[Event]:
    idents: dict[int, list[int]] = defaultdict(list)
    for assignee in assignees:
        call_id = view.order.call_id or assignee.call_id
        if assignee.unit and call_id:
            idents[call_id].append(assignee.unit.ident)
    return [UnitsDetached(call_id, tuple(left)) for call_id, left in idents.items()]


def _attach_key(queued: QueuedOrder) -> Hashable:
    return OrderAction.ATTACH, queued.order.server_id, queued.order.call_id


def _detach_key(queued: QueuedOrder) -> Hashable:
    return OrderAction.DETACH, queued.order.server_id, queued.order.call_id


_ATTACH = Step(
    limiter=attrgetter("limiters.attach"),
    scope=lambda _queued: OrderAction.ATTACH,
    key=_attach_key,
    send=_send_attach,
    needs=calls_of,
    capacity=attrgetter("calls_per_attach"),
    is_held=True,
    is_checked=True,
    look=look_before_attach,
    look_when=LookWhen.LATE,
    events=_attach_events,
)
_DETACH = Step(
    limiter=attrgetter("limiters.detach"),
    # A detach names no call, so that one request takes any number of them, of one server.
    scope=lambda queued: (OrderAction.DETACH, queued.order.server_id),
    key=_detach_key,
    send=_send_detach,
    needs=calls_of,
    capacity=lambda _cad: math.inf,
    look=_look_before_detach,
    events=_detach_events,
)

KINDS: Mapping[OrderAction, OrderKind] = {
    OrderAction.ATTACH: OrderKind(
        (_ATTACH,),
        needs_units=True,
        is_shown=_attach_is_shown,
        puts_on_call=True,
        sets_status=True,
    ),
    OrderAction.DETACH: OrderKind(
        (_DETACH,), needs_units=True, is_shown=_detach_is_shown, puts_on_call=False
    ),
    OrderAction.CREATE: OrderKind((create_steps.CREATE,)),
    OrderAction.RESPOND: OrderKind(
        (respond_steps.CREATE, _ATTACH, respond_steps.REMOVE),
        needs_units=True,
        needs_duty=True,
        is_shown=_attach_is_shown,
        puts_on_call=True,
        sets_status=True,
    ),
    OrderAction.NOTE: OrderKind((call_steps.NOTE,)),
    OrderAction.STATUS: OrderKind((call_steps.STATUS,), needs_units=True),
    OrderAction.PRIMARY: OrderKind((primary_steps.PRIMARY,), needs_units=True),
    OrderAction.CLOSE: OrderKind((call_steps.CLOSE,)),
    OrderAction.DISMISS: OrderKind((respond_steps.DISMISS,)),
    OrderAction.UNDO: OrderKind(
        (undo_steps.TAKE_OFF, undo_steps.PUT_BACK),
        needs_units=True,
        is_shown=undo_steps.is_undone,
        undoes=True,
    ),
}
