"""Texts about where the units of an order were, and where the CAD shows them afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui.text import code_span, join_limited, unit_name

_NOT_SHOWN = {
    OrderAction.ATTACH: "does not show {units} on the call.",
    OrderAction.RESPOND: "does not show {units} on the call.",
    OrderAction.DETACH: "still shows {units} on the call.",
    OrderAction.UNDO: "does not show {units} where they were.",
}


def moved_unit(view: OrderView, assignee: Assignee) -> str:
    """Name a unit, and say what an order that is done has done with it."""
    missing = view.outcome.missing if view.outcome else ()
    if view.order.state is not OrderState.DONE or assignee.reference in missing:
        return unit_name(assignee)
    what = _move(view, assignee)
    return f"{unit_name(assignee)} ({what})" if what else unit_name(assignee)


def _move(view: OrderView, assignee: Assignee) -> str:
    if view.order.action is not OrderAction.UNDO:
        return ""
    if assignee.call_id is None:
        return f"off #{view.order.call_id}"
    return f"back on #{assignee.call_id}"


def confirmation_lines(view: OrderView, outcome: Outcome, limit: int) -> Iterator[str]:
    """Yield what the CAD shows of a completed order about the units of a call."""
    if view.order.action not in _NOT_SHOWN:
        return
    people = view.resolution.assignees
    match outcome.confirmation:
        case BoardConfirmation.CONFIRMED:
            yield "Confirmed by the CAD."
        case BoardConfirmation.MISSING:
            absent = [unit_name(one) for one in people if one.reference in outcome.missing]
            units = join_limited(absent, limit)
            yield f"The CAD accepted the order, but {_NOT_SHOWN[view.order.action]}".format(
                units=units
            )
        case BoardConfirmation.UNKNOWN:
            yield (
                "The CAD accepted the order, but did not say whether it shows on the call. Check"
                " the call."
            )
        case _:
            unseen = [code_span(one.api_id, 60) for one in people if one.on_duty is False]
            if unseen:
                ids = join_limited(unseen, limit)
                yield f"The CAD accepted {ids}, but no unit on duty has this API id."
