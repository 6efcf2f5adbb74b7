"""An order that has been accepted: stored, and its `units` read."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.errors import ServiceError
from bot.services.targets import grammar
from bot.services.targets.terms import Term
from bot.storage.stores.order_store import Order


@dataclass(frozen=True, slots=True)
class AcceptedOrder:
    """An order in the database, on its way into the queue.

    Attributes:
        terms: what `order.units` names, parsed once. Empty where the order's stored resolution
            already says who is meant.
        must_check: whether the CAD's permission is still to be asked, where it says so.
    """

    order: Order
    terms: tuple[Term, ...] = ()
    must_check: bool = False

    @classmethod
    def from_stored(cls, order: Order) -> AcceptedOrder:
        """Take an order up again; its text is parsed only where no resolution is stored."""
        if order.resolution is not None or not order.state.is_open:
            return cls(order)
        try:
            return cls(order, grammar.parse(order.units, actor_id=order.actor_id))
        except ServiceError:  # stored by a version with another grammar: it names no unit
            return cls(order)
