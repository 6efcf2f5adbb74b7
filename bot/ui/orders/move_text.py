"""Texts about where the units of an order were, and where the CAD shows them afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from bot.services.orders.outcomes import OrderView
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction
from bot.ui.text import join_limited, unit_name


def undone_units(view: OrderView) -> list[str]:
    """Name the units that an order has put back, by the call that follows the last of them."""
    names: list[str] = []
    for call_id, group in groupby(sorted(view.resolution.assignees, key=_call), key=_call):
        names += map(unit_name, group)
        names[-1] += f" back on #{call_id}" if call_id else f" off #{view.order.call_id}"
    return names


def units_on_other_calls(view: OrderView, limit: int) -> Iterator[str]:
    """Yield a line with the units that would leave another call."""
    if view.order.action is OrderAction.DETACH:
        return
    elsewhere = [
        f"{unit_name(one)} (**#{one.call_id}**)"
        for one in view.resolution.assignees
        if one.call_id not in {None, view.order.call_id}
    ]
    if elsewhere:
        yield f"Leaving another call: {join_limited(elsewhere, limit)}"


def _call(assignee: Assignee) -> int:
    return assignee.call_id or 0
