"""What the queue does next. Pure functions: the state goes in, a decision comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.cad.errors import CadError, CadTimeout
from bot.services.queue import batching
from bot.services.queue.batching import BatchItem, conflict
from bot.services.queue.order_kinds import LimitState
from bot.services.queue.queued_order import QueuedOrder
from bot.services.queue.steps import Step, batch_item
from bot.storage.stores.order_store import OrderState

NOTIFY_AFTER = 2.0  # seconds; a shorter wait ends before the actor has read about it
_LONGEST_WAIT = 86_400.0  # seconds; a CAD may ask for any number of them
_SLOW = CadTimeout()  # what an order waits for while a request takes its time


@dataclass(frozen=True, slots=True)
class Situation:
    """What matters beside the orders.

    Attributes:
        now: monotonic seconds; wall_time is the same moment.
        sending_since: when the request under way began; None where none is.
        backoff_until: when the CAD may be asked again after an outage; in the past otherwise.
        backoff_error: what the outage began with; None where the CAD answers.
        failures: CadBackoff.failures.
        limit: returns the budget of a step.
    """

    now: float
    wall_time: datetime
    sending_since: float | None
    backoff_until: float
    backoff_error: CadError | None
    failures: int
    limit: Callable[[Step], LimitState]


@dataclass(frozen=True, slots=True)
class Close:
    """Close orders without sending them."""

    orders: list[QueuedOrder]
    state: OrderState


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find out which units these orders are about."""

    orders: list[QueuedOrder]


@dataclass(frozen=True, slots=True)
class Send:
    """Send one request for these orders."""

    orders: list[QueuedOrder]


@dataclass(frozen=True, slots=True)
class Notice:
    """What the reply of a waiting order is to say.

    Attributes:
        until: when the order can be sent; where there is an error, when it expires.
        error: what the CAD's last answer was; None while the order only waits its turn.
    """

    queued: QueuedOrder
    until: datetime
    error: CadError | None


@dataclass(slots=True)
class Wait:
    """Do nothing before `until`, in monotonic seconds, unless something happens.

    The notices are shown, and the resolutions of the `unsaved` orders are stored meanwhile.
    """

    until: float
    notices: list[Notice]
    unsaved: list[QueuedOrder]


Decision: TypeAlias = Close | Resolve | Send | Wait


def decide(orders: Collection[QueuedOrder], situation: Situation) -> Decision:
    """Return what to do next; `orders` are all of the queue, the oldest first."""
    waiting = [one for one in orders if one.order.state is OrderState.QUEUED]
    if found := [one for one in waiting if one.expires_at <= situation.wall_time]:
        return Close(found, OrderState.EXPIRED)
    if found := [one for one in waiting if _lookup_at(one, situation) <= situation.now]:
        return Resolve(found)
    resolved = [one for one in waiting if one.lookup.is_resolved]
    if found := [one for one in resolved if one.needs_confirmation]:
        return Close(found, OrderState.AWAITING_CONFIRMATION)
    without_units = [one for one in resolved if not one.resolution.assignees]
    if found := [one for one in without_units if one.is_refused]:
        return Close(found, OrderState.REFUSED)
    may_send = resolved and situation.sending_since is None
    if may_send and (found := _next_batch(waiting, situation)):
        return Send(found)
    return _wait(waiting, situation)


def duplicates_of(
    sent: Sequence[QueuedOrder], orders: Collection[QueuedOrder], situation: Situation
) -> list[QueuedOrder]:
    """Return the orders that ask for what was sent, and overtake none by sharing its answer."""
    waiting = [one for one in orders if one.order.state is OrderState.QUEUED]
    if not waiting:
        return []
    answered = {(item.key, item.subjects) for item in map(batch_item, sent)}
    by_id = {one.order.id: one for one in waiting}
    ready = batching.ready(_items(waiting, situation))
    return [by_id[one.order_id] for one in ready if (one.key, one.subjects) in answered]


def _lookup_at(queued: QueuedOrder, situation: Situation) -> float:
    """Return when a lookup is to begin, in monotonic seconds; infinite where none is needed."""
    lookup = queued.lookup
    if lookup.is_resolved or lookup.is_running:
        return math.inf
    if lookup.error is None:
        return -math.inf
    if _blocks_while_unresolved(queued, situation):
        return situation.backoff_until
    return max(queued.retry_at, situation.backoff_until)


def _blocks_while_unresolved(queued: QueuedOrder, situation: Situation) -> bool:
    """Tell whether an unresolved order holds up the later ones, which may name the same units.

    It does on its first lookup, and in an outage until it was looked up before the next attempt;
    not while a CAD that takes orders does not show its units.
    """
    lookup = queued.lookup
    if lookup.error is None:
        return True
    is_limited = lookup.error.retry_after is not None
    is_tried = lookup.failures == situation.failures and not lookup.is_running
    return situation.backoff_error is not None and not is_limited and not is_tried


def _next_batch(waiting: Sequence[QueuedOrder], situation: Situation) -> list[QueuedOrder]:
    if len(waiting) == 1:
        return [*waiting] if _ready_at(waiting[0], situation) <= situation.now else []
    by_id = {one.order.id: one for one in waiting}
    items = _items(waiting, situation)
    for item in batching.ready(items):
        first = by_id[item.order_id]
        if first.lookup.is_resolved and _ready_at(first, situation) <= situation.now:
            capacity = situation.limit(first.step).capacity
            return [by_id[one.order_id] for one in batching.fill(item, items, capacity)]
    return []


def _ready_at(queued: QueuedOrder, situation: Situation) -> float:
    """Return when an order may be sent as far as the CAD is concerned, in monotonic seconds."""
    limit = situation.limit(queued.step)
    ready_at = max(situation.backoff_until, situation.now + limit.wait, queued.retry_at)
    if limit.usage is not None and not queued.partition:
        age = situation.now - queued.entered_at
        delay = batching.hold_delay(limit.usage, age=age, is_alone=queued.is_alone)
        ready_at = max(ready_at, situation.now + delay)
    return ready_at


def _items(waiting: Sequence[QueuedOrder], situation: Situation) -> list[BatchItem]:
    return [
        batch_item(one)
        for one in waiting
        if one.lookup.is_resolved or _blocks_while_unresolved(one, situation)
    ]


def _wait(waiting: Sequence[QueuedOrder], situation: Situation) -> Wait:
    wait = Wait(math.inf, [], [])
    delayed: list[tuple[BatchItem, float]] = []  # the earlier orders that the CAD does not take yet
    for queued in waiting:
        ready_at = _ready_at(queued, situation)
        changes_at, notice = _next_change(queued, ready_at, delayed, situation)
        expires_at = situation.now + (queued.expires_at - situation.wall_time).total_seconds()
        wait.until = min(wait.until, changes_at, expires_at)
        if notice is not None:
            wait.notices.append(notice)
        if ready_at > situation.now:
            lookup = queued.lookup
            if lookup.is_resolved and lookup.error is None and not lookup.is_stored:
                wait.unsaved.append(queued)
            if lookup.is_resolved or _blocks_while_unresolved(queued, situation):
                delayed.append((batch_item(queued), ready_at))
    return wait


def _next_change(
    queued: QueuedOrder,
    ready_at: float,
    delayed: Sequence[tuple[BatchItem, float]],
    situation: Situation,
) -> tuple[float, Notice | None]:
    """Return when an order has to be looked at again, and what its reply says from now on."""
    lookup, error = queued.lookup, situation.backoff_error
    if lookup.is_running:
        return _slow(queued, lookup.asked_at, situation)
    if not lookup.is_resolved:
        lookup_at = _lookup_at(queued, situation)
        return lookup_at, _notice(queued, lookup_at, error or lookup.error, situation)
    if ready_at > situation.now:
        return ready_at, _notice(queued, ready_at, error, situation)
    if situation.sending_since is not None:
        return _slow(queued, max(situation.sending_since, queued.entered_at), situation)
    item = batch_item(queued)
    blocked_until = max((at for other, at in delayed if conflict(other, item)), default=-math.inf)
    if blocked_until > situation.now:
        return blocked_until, _notice(queued, blocked_until, error, situation)
    return _slow(queued, queued.entered_at, situation)


def _notice(
    queued: QueuedOrder, at: float, error: CadError | None, situation: Situation
) -> Notice | None:
    """Say until when an order waits, unless that is over soon after it came."""
    if at < queued.entered_at + NOTIFY_AFTER:
        return None
    if error:  # the next attempt is nothing that the actor waits for
        return Notice(queued, queued.expires_at, error)
    seconds = min(at - situation.now + 0.5, _LONGEST_WAIT)
    return Notice(queued, situation.wall_time + timedelta(seconds=seconds), None)


def _slow(
    queued: QueuedOrder, since: float | None, situation: Situation
) -> tuple[float, Notice | None]:
    """Say that the CAD takes its time, or what else is wrong with it, after a while."""
    if since is None:
        return math.inf, None
    if since + NOTIFY_AFTER > situation.now:
        return since + NOTIFY_AFTER, None
    error = situation.backoff_error or queued.lookup.error or _SLOW
    return math.inf, Notice(queued, queued.expires_at, error)
