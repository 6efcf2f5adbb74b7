"""Texts about where the units of an order were, and where the CAD shows them afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.services.orders.moves import ATTACHING
from bot.services.orders.outcomes import OrderView, Outcome
from bot.services.targets.resolution import Assignee
from bot.services.targets.skipped_target import SkipReason
from bot.storage.stores.order_store import OrderAction
from bot.ui.text import join_limited, unit_name

_NOTHING_TO_DO = "Nothing was changed."
_FREE_NOW = "The CAD shows these units on no call now. It did not say whether this order did that."
_OFF_CALL = {SkipReason.NOT_ON_CALL, SkipReason.NEVER_ON_CALL, SkipReason.ON_NO_CALL}


def already_there(action: OrderAction) -> str:
    """Return the words for an order whose units were all on the call before."""
    text = "⚠️ Already on {call}{where}: {units}."
    # A response may have taken the 911 call off the list.
    return f"{text} Nothing was changed." if action is OrderAction.ATTACH else text


def off_call_text(view: OrderView) -> str:
    """Return what is said of a detach whose units the CAD shows off their calls; else nothing."""
    outcome, reasons = view.outcome, {one.reason for one in view.resolution.left_out}
    if view.order.action is not OrderAction.DETACH or not reasons or (outcome and outcome.failure):
        return ""
    if outcome and outcome.is_unsure:
        return _FREE_NOW if reasons == {SkipReason.ON_NO_CALL} else ""
    return _NOTHING_TO_DO if reasons <= _OFF_CALL else ""


def moved_units(view: OrderView, outcome: Outcome) -> list[str]:
    """Name the units of an order that is done, each with the call that it has left."""
    is_attach = view.order.action in ATTACHING
    # Where an order names the call that units leave, or moves none, its words say it of all.
    says_calls = is_attach or view.order.call_id is None
    all_there = all(one.reference in outcome.unmoved for one in view.resolution.assignees)
    names = []
    for one in view.resolution.assignees:
        note = ""
        if one.reference in outcome.missing:
            pass
        elif is_attach and one.reference in outcome.unmoved and not all_there:
            note = "already there"
        elif says_calls and one.reference in outcome.left:
            note = f"left #{one.call_id}"
        names.append(unit_name(one, note))
    return names


def emptied_line(calls: Sequence[int]) -> str:
    """Say which calls no unit is on any more."""
    numbers = ", ".join(f"**#{call_id}**" for call_id in calls)
    return f"{numbers} has no units now." if len(calls) == 1 else f"{numbers} have no units now."


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
