"""Which waiting orders go into the next request. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.cad.http.rate_limits import RateLimiter
from bot.storage.stores.order_store import OrderAction

Place: TypeAlias = tuple[OrderAction, int, int | None]

GATHER = 10.0  # seconds that orders are held back at most, so that one request carries several


@dataclass(frozen=True, slots=True)
class Item:
    """A waiting order, as far as batching is concerned.

    Attributes:
        call_id: None for a detach that may take people off any call.
        people: whom it is about; comparable between orders. None while that is not known.
        cell: orders of different cells never share a request. All start in cell 0; a refused
            request is split into new cells until the bad order is alone.
    """

    order_id: int
    action: OrderAction
    server_id: int
    call_id: int | None
    people: frozenset[str] | None
    cell: int = 0

    @property
    def place(self) -> Place:
        """What is done where; orders with the same place merge."""
        return self.action, self.server_id, self.call_id


def conflict(one: Item, other: Item) -> bool:
    """Tell whether two orders must be sent in turn: they may disagree about somebody."""
    if one.place == other.place:
        return False
    return one.people is None or other.people is None or not one.people.isdisjoint(other.people)


def leaders(waiting: Sequence[Item]) -> Iterator[Item]:
    """Yield the orders that may go: those that conflict with none before them.

    Args:
        waiting: all waiting orders, the oldest first.
    """
    seen: dict[str, set[Place]] = defaultdict(set)
    anyone: set[Place] = set()  # where somebody is to go of whom it is not known who that is
    everywhere: set[Place] = set()
    for item in waiting:
        if item.people is None:
            ahead = everywhere
            anyone.add(item.place)
        else:
            ahead = anyone.union(*(seen[person] for person in item.people))
            for person in item.people:
                seen[person].add(item.place)
        if ahead <= {item.place}:
            yield item
        everywhere.add(item.place)


def choose(head: Item, waiting: Sequence[Item], calls_per_attach: int) -> list[Item]:
    """Return the orders to send together with head.

    Args:
        waiting: all waiting orders, the oldest first; head is one of them and conflicts with
            none before it.
        calls_per_attach: how many calls one attach request can name.
    """
    batch: list[Item] = [head]
    places = {head.place}
    # Where everyone is to go who is in the batch or was passed over: nobody may overtake.
    seen: dict[str, set[Place]] = defaultdict(set)
    anyone: set[Place] = set()  # where somebody is to go of whom it is not known who that is
    for person in head.people or ():
        seen[person].add(head.place)
    for item in waiting:
        if item == head:
            continue
        if item.people is None:
            anyone.add(item.place)
            continue
        ahead = anyone.union(*(seen[person] for person in item.people))
        if ahead <= {item.place} and _fits(item, head, places, calls_per_attach):
            batch.append(item)
            places.add(item.place)
        for person in item.people:
            seen[person].add(item.place)
    return batch


def _fits(item: Item, head: Item, places: set[Place], calls_per_attach: int) -> bool:
    if (item.action, item.cell) != (head.action, head.cell):
        return False
    # A detach names no call, so that one request takes any number of them, of one server.
    if item.action is OrderAction.DETACH:
        return item.server_id == head.server_id
    return len(places | {item.place}) <= calls_per_attach


def split(batch: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Halve a refused batch: between calls while it has several, else between orders."""
    places = list(dict.fromkeys(item.place for item in batch))
    if len(places) == 1:
        middle = len(batch) // 2
        return list(batch[:middle]), list(batch[middle:])
    first_half = set(places[: len(places) // 2])
    return (
        [item for item in batch if item.place in first_half],
        [item for item in batch if item.place not in first_half],
    )


def hold(budget: RateLimiter, *, age: float, alone: bool) -> float:
    """Return the seconds to hold an order back where one request carries one call only.

    While little of the budget is used, and for a lone order at a sustainable pace, there is no
    delay. The larger part of the budget is kept for orders that have gathered: otherwise the
    first few would use it up and the rest wait for the next minute.

    Args:
        age: seconds that the order has been waiting.
        alone: whether nothing else was waiting when it came.
    """
    if budget.used < budget.allowed * 2 // 5:
        return 0.0
    if alone and budget.since_last >= budget.window / budget.allowed:
        return 0.0
    return max(0.0, GATHER - age)
