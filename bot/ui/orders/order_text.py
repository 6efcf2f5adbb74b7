"""Orders → the words that people read about them.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done, ⏳ waiting.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.services.orders.confirmation import CONFIRM_WITHIN
from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome, WaitNotice
from bot.services.targets.grammar import remove_member_ids
from bot.services.targets.resolution import ASSIGNEE_LIMIT, Assignee
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui import error_text
from bot.ui.orders.target_text import skipped_lines
from bot.ui.text import (
    MESSAGE_LIMIT,
    code_span,
    escape,
    join_limited,
    member_mention,
    timestamp,
    unit_name,
)

_LIST_LIMITS = (700, 350, 150, 60)  # characters for one list of people, until all fit
_MORE_LINES = "…and more of that kind."

_STATE_NAMES = {
    OrderState.AWAITING_CONFIRMATION: "asked, and not confirmed",
    OrderState.CONFIRMED: "confirmed: another order followed",
}


def order_reply(view: OrderView, room: int = MESSAGE_LIMIT) -> str:
    """Say where an order stands, with lists as long as the room, in characters, allows."""
    lines: list[str] = []
    for limit in _LIST_LIMITS:
        lines = list(_lines(view, limit))
        if len("\n".join(lines)) <= room:
            return "\n".join(lines)
    # Dozens of reasons at once: the first ones have to do.
    while len("\n".join([*lines, _MORE_LINES])) > room:
        lines.pop()
    return "\n".join([*lines, _MORE_LINES])


def order_line(view: OrderView) -> str:
    """Say the same in one line, for lists and the log channel."""
    done = view.order
    mark = "⏳" if done.state.is_open else order_reply(view).partition(" ")[0]
    people = join_limited([unit_name(one) for one in view.resolution.assignees], 300) or code_span(
        done.units, 60
    )
    took = f" · {view.outcome.seconds:.1f} s" if view.outcome else ""
    failure = ""
    if view.outcome and view.outcome.failure:
        failure = f" · {error_text.error_label(view.outcome.failure.error)}"
    call = f" **#{done.call_id}**" if done.call_id is not None else ""
    state = _STATE_NAMES.get(done.state, done.state)
    return (
        f"{mark} {done.action}{call}: {people} · by {member_mention(done.actor_id)}"
        f" {timestamp(done.created_at, 'R')} · {state}{took}{failure}"
    )


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
        f"Queued, it goes out {timestamp(waiting.until, 'R')} at the earliest:"
        f" the CAD allows {waiting.orders_per_minute} orders a minute."
    )


def _headline(view: OrderView, people: str) -> str:
    done, outcome = view.order, view.outcome
    is_unsure = outcome is not None and outcome.is_unsure
    nobody = "It is not certain that anyone was" if is_unsure else "Nobody was"
    whom = f"\nFor: {people or code_span(remove_member_ids(done.units), 200)}"
    match done.state:
        case OrderState.DONE:
            phrase = _action_phrase(view)
            return f"{_mark(view)} {phrase[0].upper()}{phrase[1:]}: {people}"
        case OrderState.AWAITING_CONFIRMATION:
            return f"⏳ {_question(view)}\nAbout: {people}"
        case OrderState.CONFIRMED:
            return f"✅ Confirmed: the order that followed says who was {_action_phrase(view)}."
        case OrderState.CANCELLED:
            return f"❌ Cancelled. {nobody} {_action_phrase(view)}.{whom}"
        case OrderState.EXPIRED:
            return (
                f"❌ {nobody} {_action_phrase(view)}: the CAD did not take the order in time.{whom}"
            )
        case _:
            return f"❌ {nobody} {_action_phrase(view)}{_failure_reason(view, whom)}"


def _failure_reason(view: OrderView, whom: str) -> str:
    if view.outcome and view.outcome.failure:
        return f". {error_text.cad_message(view.outcome.failure.error)}{whom}"
    if view.resolution.too_many:
        count = view.resolution.too_many
        return f": {count} people are too many, {ASSIGNEE_LIMIT} fit into one order.{whom}"
    return "."


def _question(view: OrderView) -> str:
    count = len(view.resolution.assignees)
    if view.order.action is OrderAction.ATTACH:
        what = f"Attach {count} units to {_call_name(view)}"
    else:
        place = _call_name(view) if view.order.call_id is not None else "their calls"
        what = f"Detach {count} units from {place}"
    until = timestamp(view.order.created_at + CONFIRM_WITHIN, "t")
    return (
        f"{what}? Nothing has been sent yet: press **Confirm** until {until}, or give the order"
        " again."
    )


def _units_on_other_calls(view: OrderView, limit: int) -> Iterator[str]:
    """Say who would leave another call."""
    if view.order.action is OrderAction.DETACH:
        return
    elsewhere = [
        f"{unit_name(one)} from **#{one.call_id}**"
        for one in view.resolution.assignees
        if one.call_id not in {None, view.order.call_id}
    ]
    if elsewhere:
        yield f"On other calls now: {join_limited(elsewhere, limit)}"


def _mark(view: OrderView) -> str:
    missing = set(view.outcome.missing) if view.outcome else set()
    everyone = {one.api_id for one in view.resolution.assignees}
    if missing and missing == everyone:
        return "❌ Not shown by the CAD:"
    is_partly = missing or view.resolution.left_out or _not_on_duty(view)
    return "⚠️" if is_partly else "✅"


def _action_phrase(view: OrderView) -> str:
    if view.order.action is OrderAction.ATTACH:
        return f"attached to {_call_name(view)}"
    if view.order.call_id is not None:
        return f"detached from {_call_name(view)}"
    return "detached from their calls"


def _call_name(view: OrderView) -> str:
    title = view.outcome.call_title if view.outcome else ""
    return f"**#{view.order.call_id}**" + (f" {escape(title)}" if title else "")


def _confirmation_lines(view: OrderView, outcome: Outcome, limit: int) -> Iterator[str]:
    """Say what the CAD shows of it."""
    people = view.resolution.assignees
    match outcome.confirmation:
        case BoardConfirmation.CONFIRMED:
            yield "Confirmed by the CAD."
        case BoardConfirmation.MISSING:
            absent = [unit_name(one) for one in people if one.api_id in outcome.missing]
            shown = (
                "still on the call"
                if view.order.action is OrderAction.DETACH
                else "not on the call"
            )
            yield f"The CAD accepted the order, but shows {join_limited(absent, limit)} {shown}."
        case BoardConfirmation.UNKNOWN:
            yield "The CAD accepted the order; whether it shows on the call could not be seen."
        case _:
            unseen = [code_span(one.api_id, 60) for one in _not_on_duty(view)]
            if unseen:
                ids = join_limited(unseen, limit)
                yield f"The CAD accepted {ids}, but no unit on duty has this API id."


def _not_on_duty(view: OrderView) -> list[Assignee]:
    return [one for one in view.resolution.assignees if one.on_duty is False]
