"""A step of an order: one request to the CAD, as data. Most orders have one step."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from bot.cad.client import CadClient
from bot.cad.http.rate_limits import RateLimiter
from bot.cad.models import Call, Receipt
from bot.cad.push.events import Event
from bot.services.board.live_board import Board
from bot.services.board.snapshot import BoardSnapshot
from bot.services.orders.outcomes import OrderView
from bot.services.queue.batching import BatchItem
from bot.services.targets.resolution import Assignee, Resolution

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder


@dataclass(frozen=True, slots=True)
class CadAccess:
    """What a step may ask: the CAD itself, and the board, which remembers its answers.

    Attributes:
        looking_since: when the looks at the present batch began; one answer serves all of them.
    """

    cad: CadClient
    board: Board
    looking_since: datetime


class Verdict(enum.Enum):
    """What a look at the CAD decides about a request."""

    SEND = enum.auto()
    DONE = enum.auto()  # by an attempt that broke off, or by another dispatcher
    REFUSE = enum.auto()


@dataclass(frozen=True, slots=True)
class Look:
    """What the CAD shows of an order before its request is sent.

    Attributes:
        resolution: the units that are still to be named; an order that needs some and has none
            left is refused.
        call_id: the call that the order is about from now on; None for no change.
        receipt: the units that the CAD shows on the call; None where it was not asked.
    """

    resolution: Resolution
    verdict: Verdict = Verdict.SEND
    call_id: int | None = None
    receipt: Receipt | None = None


class LookWhen(enum.Enum):
    """Which orders the CAD is looked at for."""

    ALWAYS = enum.auto()
    LATE = enum.auto()  # those that are sent late, or that an attempt may have carried out
    REPEATED = enum.auto()  # those that an attempt may have carried out


LookAt: TypeAlias = Callable[[CadAccess, "QueuedOrder"], Awaitable[Look]]


@dataclass(frozen=True, slots=True)
class CallsRead:
    """The open calls of a server, read after a request, and the board before and after that."""

    calls: Sequence[Call]
    before: BoardSnapshot
    after: BoardSnapshot


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request has done, as far as the CAD says it.

    Attributes:
        receipt: the units.
        call_id: the call that the orders are about from now on; None for no change.
        calls_read: the calls that show it, by server id; none where they were not read.
    """

    receipt: Receipt | None = None
    call_id: int | None = None
    calls_read: Mapping[int, CallsRead] = field(default_factory=dict)


def _nothing(_queued: QueuedOrder) -> frozenset[str]:
    return frozenset()


def _no_events(_view: OrderView, _assignees: Sequence[Assignee]) -> list[Event]:
    return []


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What the queue has to know about one request of an order.

    Attributes:
        limiter: the budget that the request counts against.
        scope, key: see batching.BatchItem.
        send: sends one request for several orders.
        look: looks at the CAD before the request is sent. Raises CadError.
        changes: what the request changes beside units, comparable between orders.
        needs: what has to stay as it is until then; see `BatchItem.shared`.
        capacity: how many different keys one request can carry.
        is_held: where a request carries one key, orders wait a while for others with that key.
        is_checked: the CAD may do the first key of a request only, so that the calls are looked at
            after a request with several.
        look_when: which orders it looks for.
        events: how the board changes at once when the CAD has taken the request for these units.
        is_optional: an order whose other steps are done is done, even if this one fails.
    """

    limiter: Callable[[CadClient], RateLimiter]
    scope: Callable[[QueuedOrder], Hashable]
    key: Callable[[QueuedOrder], Hashable]
    send: Callable[[CadAccess, Sequence[QueuedOrder]], Awaitable[Sent]]
    look: LookAt
    changes: Callable[[QueuedOrder], frozenset[str]] = _nothing
    needs: Callable[[QueuedOrder], frozenset[str]] = _nothing
    capacity: Callable[[CadClient], float] = lambda _cad: 1
    is_held: bool = False
    is_checked: bool = False
    look_when: LookWhen = LookWhen.ALWAYS
    events: Callable[[OrderView, Sequence[Assignee]], list[Event]] = _no_events
    is_optional: bool = False


def own_key(queued: QueuedOrder) -> Hashable:
    """Return a key that an order shares with no other, so that it is sent alone."""
    return queued.order.action, queued.order.id


def calls_of(queued: QueuedOrder) -> frozenset[str]:
    """Return the call and the 911 call that an order is about, comparable between orders."""
    order, emergency = queued.order, queued.detail.emergency
    call = [f"call {order.server_id}:{order.call_id}"] if order.call_id is not None else []
    if emergency is not None:
        call.append(f"911 {order.server_id}:{emergency}")
    return frozenset(call)


def batch_item(queued: QueuedOrder) -> BatchItem:
    """Return an order as batching sees it."""
    step, subjects = queued.step, None
    if queued.lookup.is_resolved:
        subjects = step.changes(queued).union([one.key for one in queued.resolution.assignees])
    scope, key = step.scope(queued), step.key(queued)
    return BatchItem(queued.order.id, scope, key, subjects, queued.partition, step.needs(queued))
