"""Which units an order has moved, and from where. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.cad.models import Unit
from bot.services.orders.outcomes import OrderView, decode_view
from bot.services.targets.resolution import Assignee, Resolution, Roster
from bot.services.targets.skipped_target import SkipReason
from bot.storage.stores.order_store import Order, OrderAction, OrderState

ATTACHING = frozenset({OrderAction.ATTACH, OrderAction.RESPOND})
UNDOABLE = ATTACHING | {OrderAction.DETACH}


def former_call(view: OrderView, assignee: Assignee) -> int | None:
    """Return the call that a unit was on before the order; None if none or unknown."""
    if view.order.action is OrderAction.DETACH and view.order.call_id is not None:
        return view.order.call_id
    return assignee.call_id


def moved(view: OrderView) -> tuple[Assignee, ...]:
    """Return the units that a closed order has moved, as far as the CAD shows it.

    These can go back. A unit that was on the call before has not been moved, nor has one that is
    detached from a call that is not known.
    """
    order, missing = view.order, view.outcome.missing if view.outcome else ()
    if order.state is not OrderState.DONE:
        return ()
    done = [one for one in view.resolution.assignees if one.reference not in missing]
    if order.action in ATTACHING:
        return tuple(one for one in done if one.call_id is None or one.call_id != order.call_id)
    if order.action is OrderAction.DETACH:
        return tuple(one for one in done if former_call(view, one) is not None)
    return ()


def moved_later(done: Order, later: Sequence[Order]) -> Mapping[str, SkipReason]:
    """Return the units that orders after another one have moved or will move, by `Assignee.key`.

    An undo of the other one would take back what the later ones want. Those that were undone
    themselves want nothing any more.

    Args:
        later: the orders after it, without those that have failed.
    """
    undos = {one.id for one in later if one.action is OrderAction.UNDO}
    views = [
        decode_view(one)
        for one in later
        if one.action in UNDOABLE and one.server_id == done.server_id and one.undone_by not in undos
    ]
    return {
        unit.key: SkipReason.MOVED_BY_LATER_ORDER
        for view in views
        for unit in (view.resolution.assignees if view.order.state.is_open else moved(view))
    }


def is_only(resolution: Resolution, member_id: int) -> bool:
    """Return whether an order is about one member alone."""
    return {one.discord_id for one in resolution.assignees} == {member_id}


def former_places(view: OrderView, units: Sequence[Unit]) -> Resolution:
    """Return the units that an order has moved, each with the call that it goes back to.

    Args:
        units: those on duty; one that was not known when the order was resolved may be among them.
    """
    roster = Roster(units, is_current=False)
    return Resolution(
        tuple(
            replace(
                one,
                unit=one.unit or roster.by_api_id(one.api_id),
                call_id=former_call(view, one),
            )
            for one in moved(view)
        )
    )
