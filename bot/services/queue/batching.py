"""Which waiting orders share the next request. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from bot.cad.http.rate_limits import RateLimiter

MAX_HOLD = 10.0  # seconds that an order is held back at most, so that one request carries several


@dataclass(frozen=True, slots=True)
class BatchItem:
    """A waiting order, as far as batching is concerned.

    Attributes:
        scope: what one request can be about; orders of different scopes never share one.
        key: what is done where; orders with the same key merge into one part of a request.
        subjects: the units and calls that the order changes, comparable between orders; None
            while they are not known.
        shared: what the order needs to be as it is, such as the call that units are put on.
        partition: orders of different partitions never share a request. All start in 0; a refused
            batch is split into new partitions until the order that the CAD refuses is alone.
    """

    order_id: int
    scope: Hashable
    key: Hashable
    subjects: frozenset[str] | None
    partition: int = 0
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a rate limit is used.

    Attributes:
        used: requests within the window that ends now.
        allowed: requests that one window allows.
        window: seconds that the limit looks back.
        since_last: seconds since the last request.
    """

    used: int
    allowed: int
    window: float
    since_last: float

    @classmethod
    def of(cls, limiter: RateLimiter) -> Usage:
        """Read how much of a limiter's budget is used now."""
        return cls(limiter.used, limiter.allowed, limiter.window, limiter.since_last)


def conflict(one: BatchItem, other: BatchItem) -> bool:
    """Tell whether two orders must be sent one after the other.

    They must where both may change the same unit or call, or one changes what the other needs.
    """
    if one.key == other.key:
        return False
    if one.subjects is None or other.subjects is None:
        return True
    return not (
        one.subjects.isdisjoint(other.subjects | other.shared)
        and other.subjects.isdisjoint(one.shared)
    )


def ready(waiting: Sequence[BatchItem]) -> Iterator[BatchItem]:
    """Yield the orders that conflict with no earlier one.

    Args:
        waiting: all waiting orders, the oldest first.
    """
    earlier = _KeysBySubject()
    for item in waiting:
        if earlier.conflicting(item) <= {item.key}:
            yield item
        earlier.add(item)


def fill(head: BatchItem, waiting: Sequence[BatchItem], capacity: float) -> list[BatchItem]:
    """Return the orders to send together with `head`, which comes first.

    Args:
        waiting: all waiting orders, the oldest first; head is one of them, and ready.
        capacity: how many different keys one request can carry.
    """
    batch: list[BatchItem] = [head]
    keys = {head.key}
    # The keys of the orders in the batch and of those left out of it: no order may overtake them.
    earlier = _KeysBySubject()
    earlier.add(head)
    for item in waiting:
        if item is head:
            continue
        fits = (
            item.subjects is not None
            and (item.scope, item.partition) == (head.scope, head.partition)
            and len(keys | {item.key}) <= capacity
        )
        if fits and earlier.conflicting(item) <= {item.key}:
            batch.append(item)
            keys.add(item.key)
        earlier.add(item)
    return batch


def split(batch: Sequence[BatchItem]) -> tuple[list[BatchItem], list[BatchItem]]:
    """Halve a refused batch: between keys while it has several, else between orders."""
    keys = list(dict.fromkeys(item.key for item in batch))
    if len(keys) == 1:
        middle = len(batch) // 2
        return list(batch[:middle]), list(batch[middle:])
    first_half = set(keys[: len(keys) // 2])
    return (
        [item for item in batch if item.key in first_half],
        [item for item in batch if item.key not in first_half],
    )


def hold_delay(usage: Usage, *, age: float, is_alone: bool) -> float:
    """Return the seconds to hold an order back where one request carries one key only.

    There is no delay while little of the budget is used, and none for a lone order at a pace that
    the limit allows for ever. The larger part of the budget is kept for orders that have
    gathered: otherwise the first few would use it up and the rest wait for the next window.

    Args:
        age: seconds that the order has been waiting.
        is_alone: see QueuedOrder.
    """
    if usage.used < usage.allowed * 2 // 5:
        return 0.0
    if is_alone and usage.since_last >= usage.window / usage.allowed:
        return 0.0
    return max(0.0, MAX_HOLD - age)


class _KeysBySubject:
    """The keys of earlier orders, by what they change and what they need."""

    def __init__(self) -> None:
        self._by_subject: dict[str, set[Hashable]] = defaultdict(set)
        self._by_shared: dict[str, set[Hashable]] = defaultdict(set)
        self._of_unknown: set[Hashable] = set()  # keys of orders whose units are not known
        self._all: set[Hashable] = set()

    def add(self, item: BatchItem) -> None:
        self._all.add(item.key)
        if item.subjects is None:
            self._of_unknown.add(item.key)
            return
        for subject in item.subjects:
            self._by_subject[subject].add(item.key)
        for subject in item.shared:
            self._by_shared[subject].add(item.key)

    def conflicting(self, item: BatchItem) -> set[Hashable]:
        """Return the keys of earlier orders that may conflict with an order."""
        if item.subjects is None:
            return self._all
        changed = (self._by_subject[one] for one in (*item.subjects, *item.shared))
        needed = (self._by_shared[one] for one in item.subjects)
        return self._of_unknown.union(*changed, *needed)
