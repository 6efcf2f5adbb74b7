"""Texts about orders.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done, ⏳ waiting.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.services.orders.confirmation import CONFIRM_WITHIN
from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome, WaitNotice
from bot.services.targets.grammar import remove_member_ids
from bot.services.targets.resolution import ASSIGNEE_LIMIT
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui import error_text
from bot.ui.orders.target_text import skip_reason, skipped_lines
from bot.ui.text import (
    MESSAGE_LIMIT,
    code_span,
    escape,
    join_limited,
    member_mention,
    on_server,
    timestamp,
    unit_name,
)

_LIST_LIMITS = (700, 350, 150, 60)  # characters of each list; shorter ones until all fit
_MORE_LINES = "…and more of that kind."

_STATE_NAMES = {
    OrderState.AWAITING_CONFIRMATION: "not confirmed",
    OrderState.CONFIRMED: "confirmed: another order followed",
}


def order_reply(view: OrderView, room: int = MESSAGE_LIMIT) -> str:
    """Return the answer to an order: its state, in at most `room` characters."""
    lines: list[str] = []
    for limit in _LIST_LIMITS:
        lines = list(_lines(view, limit))
        if len("\n".join(lines)) <= room:
            return "\n".join(lines)
    # With dozens of reasons even short lists do not fit: show the first ones.
    while len("\n".join([*lines, _MORE_LINES])) > room:
        lines.pop()
    return "\n".join([*lines, _MORE_LINES])


def order_line(view: OrderView) -> str:
    """Return an order in one line, for lists and the log channel."""
    done = view.order
    mark = "⏳" if done.state.is_open else order_reply(view).partition(" ")[0]
    people = join_limited([unit_name(one) for one in view.resolution.assignees], 300) or code_span(
        done.units, 60
    )
    call = f"**#{done.call_id}**" if done.call_id is not None else "their calls"
    call += on_server(view.server)
    direction = "→" if done.action is OrderAction.ATTACH else "off"
    state = _STATE_NAMES.get(done.state, done.state)
    return (
        f"{mark} {people} {direction} {call} · by {member_mention(done.actor_id)}"
        f" {timestamp(done.created_at, 'R')} · {state}{_line_detail(view)}"
    )


def _line_detail(view: OrderView) -> str:
    """Return why an order failed, or how many seconds it took."""
    if view.outcome is None:
        return ""
    if view.outcome.failure:
        return f": {error_text.error_label(view.outcome.failure.error)}"
    if view.order.state is OrderState.DONE:
        return f" · {view.outcome.seconds:.1f} s"
    reason = skip_reason(view.resolution) if view.order.state is OrderState.REFUSED else ""
    return f": {reason}" if reason else ""


def _lines(view: OrderView, limit: int) -> Iterator[str]:
    people = join_limited([unit_name(one) for one in view.resolution.assignees], limit)
    if view.waiting:
        yield f"⏳ {_wait_text(view.waiting)}"
        yield f"To be {_action_phrase(view)}: {people or code_span(view.order.units, 200)}"
        return
    yield _headline(view, people)
    if view.order.state is OrderState.AWAITING_CONFIRMATION:
        yield from _units_on_other_calls(view, limit)
    if view.order.state is OrderState.DONE and view.outcome:
        yield from _confirmation_lines(view, view.outcome, limit)
    skipped = view.resolution
    if skipped.excluded or skipped.left_out or skipped.attendances:
        yield from skipped_lines(skipped, limit)


def _wait_text(waiting: WaitNotice) -> str:
    if waiting.error is not None:
        trouble = error_text.wait_reason(waiting.error)
        return f"{trouble} I keep trying until {timestamp(waiting.until, 't')}."
    return (
        f"Busy: it goes out {timestamp(waiting.until, 'R')} at the earliest. The CAD takes"
        f" {waiting.orders_per_minute} orders a minute."
    )


def _headline(view: OrderView, people: str) -> str:
    done, outcome = view.order, view.outcome
    if done.state is OrderState.DONE:
        return f"{_result(view)}: {people}"
    is_unsure = outcome is not None and outcome.is_unsure
    not_done = "It is not certain whether the units were" if is_unsure else "Not"
    not_done += f" {_action_phrase(view)}"
    units = f"\nUnits: {people or code_span(remove_member_ids(done.units), 200)}"
    match done.state:
        case OrderState.AWAITING_CONFIRMATION:
            return f"⏳ {_question(view)}\nUnits: {people}"
        case OrderState.CONFIRMED:
            return "✅ Confirmed: the order that followed has the result."
        case OrderState.CANCELLED:
            return f"❌ Cancelled. {not_done}.{units}"
        case OrderState.EXPIRED:
            reason = "the CAD did not take the order in time"
            return f"❌ {not_done}: {reason}.{units}"
        case _:
            return f"❌ {not_done}{_failure_reason(view, units)}"


def _failure_reason(view: OrderView, units: str) -> str:
    if view.outcome and view.outcome.failure:
        return f". {error_text.cad_message(view.outcome.failure.error)}{units}"
    if view.resolution.too_many:
        count = view.resolution.too_many
        return f": {count} units are too many; one order takes at most {ASSIGNEE_LIMIT}.{units}"
    return "."


def _question(view: OrderView) -> str:
    count = len(view.resolution.assignees)
    if view.order.action is OrderAction.ATTACH:
        what = f"Attach {count} units to {_call_name(view)}"
    else:
        what = f"Detach {count} units from {_call_name(view)}"
    until = timestamp(view.order.created_at + CONFIRM_WITHIN, "t")
    return f"{what}? Not sent yet: press **Confirm** before {until}, or give the order again."


def _units_on_other_calls(view: OrderView, limit: int) -> Iterator[str]:
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


def _result(view: OrderView) -> str:
    """Return the mark of a completed order and the call that its units are on or off."""
    missing = view.outcome.missing if view.outcome else ()
    is_attach = view.order.action is OrderAction.ATTACH
    if missing and all(one.reference in missing for one in view.resolution.assignees):
        return f"❌ {'Not' if is_attach else 'Still'} on {_call_name(view)}"
    on_duty = {one.on_duty for one in view.resolution.assignees}
    is_partly = missing or view.resolution.left_out or False in on_duty
    return f"{'⚠️' if is_partly else '✅'} {'' if is_attach else 'Off '}{_call_name(view)}"


def _action_phrase(view: OrderView) -> str:
    is_attach = view.order.action is OrderAction.ATTACH
    return f"{'attached to' if is_attach else 'detached from'} {_call_name(view)}"


def _call_name(view: OrderView) -> str:
    where = on_server(view.server) if view.server else ""
    if view.order.call_id is None:
        return f"their calls{where}"
    title = view.outcome.call_title if view.outcome else ""
    # The list of units follows after a colon: a title with a colon of its own goes into brackets.
    name = f"({escape(title)})" if ":" in title else escape(title)
    return f"**#{view.order.call_id}** {name}".rstrip() + where


def _confirmation_lines(view: OrderView, outcome: Outcome, limit: int) -> Iterator[str]:
    """Yield what the CAD shows of a completed order."""
    people = view.resolution.assignees
    match outcome.confirmation:
        case BoardConfirmation.CONFIRMED:
            yield "Confirmed by the CAD."
        case BoardConfirmation.MISSING:
            absent = [unit_name(one) for one in people if one.reference in outcome.missing]
            units = join_limited(absent, limit)
            if view.order.action is OrderAction.DETACH:
                yield f"The CAD accepted the order, but still shows {units} on the call."
            else:
                yield f"The CAD accepted the order, but does not show {units} on the call."
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
