"""Texts about where the units of an order were, and where the CAD shows them afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui.text import code_span, join_limited, unit_name

_NOT_SHOWN = {
    OrderAction.ATTACH: "The CAD accepted the order, but does not show {units} on the call.",
    OrderAction.RESPOND: "The CAD accepted the order, but does not show {units} on the call.",
    OrderAction.DETACH: "The CAD accepted the order, but still shows {units} on the call.",
    OrderAction.UNDO: "The CAD accepted the order, but does not show {units} where they were.",
}


def units_text(view: OrderView, limit: int) -> str:
    """List the units of an order, and what was done with them, in at most `limit` characters."""
    units = view.resolution.assignees
    if view.order.action is OrderAction.UNDO and view.order.state is OrderState.DONE:
        return join_limited(list(_undone_units(view)), limit)
    return join_limited([unit_name(one) for one in units], limit)


def _undone_units(view: OrderView) -> Iterator[str]:
    """Yield the units by the call that they have gone back to, which follows the last of them."""
    for call_id, group in groupby(sorted(view.resolution.assignees, key=_call), key=_call):
        *others, last = map(unit_name, group)
        yield from others
        yield f"{last} back on #{call_id}" if call_id else f"{last} off #{view.order.call_id}"


def _call(assignee: Assignee) -> int:
    return assignee.call_id or 0


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
            yield _NOT_SHOWN[view.order.action].format(units=units)
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
