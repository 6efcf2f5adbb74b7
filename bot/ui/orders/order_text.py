"""Texts about orders.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done, ⏳ waiting.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.services.orders.confirmation import CONFIRM_WITHIN
from bot.services.orders.moves import ATTACHING
from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome, WaitNotice
from bot.services.targets.resolution import ASSIGNEE_LIMIT
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui import cad_error_text
from bot.ui.orders.action_text import STATUS_WORDS, UNKNOWN_STATUS, WORDS
from bot.ui.orders.move_text import (
    already_there,
    emptied_line,
    moved_units,
    off_call_text,
    undone_units,
    units_on_other_calls,
)
from bot.ui.orders.target_text import skip_reason, skipped_lines, typed_units
from bot.ui.text import (
    MESSAGE_LIMIT,
    code_span,
    end_sentence,
    escape,
    fill,
    join_limited,
    member_mention,
    on_server,
    timestamp,
    unit_name,
)

_LIST_LIMITS = (700, 350, 150, 60)  # characters of each list; shorter ones until all fit
_MORE_LINES = "…and more of that kind."

_UNREADABLE = (
    "This order cannot be read: another version of the bot stored it. Check the call, then give the"
    " order again."
)
_IS_LISTED = "{emergency} is still listed. Dismiss it if it needs no more units."
_MAY_BE_LISTED = "{emergency} may still be listed. Dismiss it if it needs no more units."
_ATTACH_STEP = 1  # of a response

_NOT_SHOWN = {
    OrderAction.ATTACH: "The CAD accepted the order, but does not show {units} on the call.",
    OrderAction.RESPOND: "The CAD accepted the order, but does not show {units} on the call.",
    OrderAction.DETACH: "The CAD accepted the order, but still shows {units} on the call.",
    OrderAction.UNDO: "The CAD accepted the order, but does not show {units} where they were.",
}
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
    names = join_limited(_unit_names(view), 300) or typed_units(done.units, 60)
    what = (
        names if done.state is OrderState.UNREADABLE else say(WORDS[done.action].line, view, names)
    )
    state = _STATE_NAMES.get(done.state, done.state)
    return (
        f"{mark} {what} · by {member_mention(done.actor_id)}"
        f" {timestamp(done.created_at, 'R')} · {state}{_line_detail(view)}"
    )


def _line_detail(view: OrderView) -> str:
    """Return why an order failed, or how many seconds it took."""
    if view.outcome is None:
        return ""
    if view.outcome.failure:
        return f": {cad_error_text.error_label(view.outcome.failure.error)}"
    if view.order.state is OrderState.DONE:
        return f" · {view.outcome.seconds:.1f} s"
    reason = skip_reason(view.resolution) if view.order.state is OrderState.REFUSED else ""
    return f": {reason}" if reason else ""


def _lines(view: OrderView, limit: int) -> Iterator[str]:
    if view.order.state is OrderState.UNREADABLE:
        yield f"❌ {_UNREADABLE}"
        return
    names = join_limited(_unit_names(view), limit)
    if view.waiting:
        yield f"⏳ {_wait_text(view.waiting)}"
        yield _to_do(view, names)
        return
    is_done = view.order.state is OrderState.DONE
    yield _result(view, names) if is_done else _headline(view, names)
    if view.order.state is OrderState.AWAITING_CONFIRMATION:
        yield from units_on_other_calls(view, limit)
    if is_done and view.outcome:
        yield from _confirmation_lines(view, view.outcome, limit)
        if view.outcome.emptied:
            yield emptied_line(view.outcome.emptied)
    if view.order.action is OrderAction.RESPOND:
        yield from _emergency_lines(view)
    skipped = view.resolution
    if skipped.excluded or skipped.left_out or skipped.attendances:
        yield from skipped_lines(skipped, limit)


def _wait_text(waiting: WaitNotice) -> str:
    if waiting.is_restart:
        return "The bot is restarting; your order goes on when it is back."
    if waiting.error is not None:
        trouble = cad_error_text.wait_reason(waiting.error)
        return f"{trouble} I keep trying until {timestamp(waiting.until, 't')}."
    return (
        f"Busy: it goes out {timestamp(waiting.until, 'R')} at the earliest. The CAD takes"
        f" {waiting.orders_per_minute} orders a minute."
    )


def _unit_names(view: OrderView) -> list[str]:
    """Return the units of an order, and where they were before, if it is done."""
    order, outcome = view.order, view.outcome
    if order.state is OrderState.DONE and outcome:
        if order.action is OrderAction.UNDO:
            return undone_units(view)
        if outcome.left or outcome.unmoved:
            return moved_units(view, outcome)
    return [unit_name(one) for one in view.resolution.assignees]


def say(words: str, view: OrderView, units: str = "") -> str:
    """Fill the names of an order into a text with `{call}`, `{number}`, `{units}` and others."""
    call_id, detail = view.order.call_id, view.detail
    title = view.outcome.call_title if view.outcome else ""
    # The list of units follows after a colon: a title with a colon of its own goes into brackets.
    title = f" ({escape(title)})" if ":" in title else f" {escape(title)}" if title else ""
    emergency = f"**911 #{detail.emergency}**"
    unknown = "their calls" if detail.emergency is None else f"a call for {emergency}"
    if detail.new is not None:
        unknown = escape(detail.new.title)
    return fill(
        words,
        call=unknown if call_id is None else f"**#{call_id}**{title}",
        number=unknown if call_id is None else f"**#{call_id}**",
        units=units,
        emergency=emergency,
        note=code_span(detail.text) if detail.text else "",
        where=on_server(view.server) if view.server else "",
        status=f"**{STATUS_WORDS.get(detail.status or 0, UNKNOWN_STATUS)}**",
    )


def _to_do(view: OrderView, names: str) -> str:
    """Return what is left to do of an order that waits."""
    words, units = WORDS[view.order.action], names or typed_units(view.order.units, 200)
    if view.order.action is OrderAction.RESPOND and view.order.step > _ATTACH_STEP:
        return say(
            "Done: {call}{where}: {units}\nTo be taken off the list: {emergency}", view, units
        )
    return say(f"To be {words.participle}: {words.item}", view, units)


def _emergency_lines(view: OrderView) -> Iterator[str]:
    """Yield what has become of the 911 call, where it is still listed."""
    if view.outcome and view.outcome.is_incomplete:
        yield say(_MAY_BE_LISTED if view.outcome.is_unsure else _IS_LISTED, view)
    elif view.order.call_id is not None and view.order.state.is_failed:
        yield say("{emergency} is still listed, and {number} is open for it.", view)


def _headline(view: OrderView, names: str) -> str:
    done, outcome = view.order, view.outcome
    words = WORDS[done.action]
    is_unsure = outcome is not None and outcome.is_unsure
    not_done = f"It is not certain whether {words.subject}" if is_unsure else "Not"
    not_done = say(f"{not_done} {words.participle}", view)
    units = names or typed_units(done.units, 200)
    item = say(f"\n{words.label}: {words.item}", view, units)
    match done.state:
        case OrderState.AWAITING_CONFIRMATION:
            return f"⏳ {_question(view)}\nUnits: {names}"
        case OrderState.CONFIRMED:
            return "✅ Confirmed: the order that followed has the result."
        case OrderState.CANCELLED:
            return f"❌ Cancelled. {end_sentence(not_done)}{item}"
        case OrderState.EXPIRED:
            reason = "the CAD did not take the order in time"
            return f"❌ {not_done}: {reason}.{item}"
        case _ if off_call := off_call_text(view):
            return f"⚠️ {off_call}"
        case _:
            return f"❌ {_failure(view, not_done, item)}"


def _failure(view: OrderView, not_done: str, item: str) -> str:
    if view.outcome and view.outcome.failure:
        reason = cad_error_text.cad_message(view.outcome.failure.error)
        return f"{end_sentence(not_done)} {reason}{item}"
    if view.resolution.too_many:
        count = view.resolution.too_many
        reason = f"{count} units are too many; one order takes at most {ASSIGNEE_LIMIT}."
        return f"{not_done}: {reason}{item}"
    return end_sentence(not_done)


def _question(view: OrderView) -> str:
    count = len(view.resolution.assignees)
    is_detach = view.order.action is OrderAction.DETACH
    verb, preposition = ("Detach", "from") if is_detach else ("Attach", "to")
    what = say(f"{verb} {count} units {preposition} {{call}}{{where}}", view)
    until = timestamp(view.order.created_at + CONFIRM_WITHIN, "t")
    return f"{what}? Not sent yet: press **Confirm** before {until}, or give the order again."


def _result(view: OrderView, names: str) -> str:
    """Return the mark of a completed order and what it has done."""
    outcome, units = view.outcome, view.resolution.assignees
    missing = outcome.missing if outcome else ()
    if missing and all(one.reference in missing for one in units):
        return say(f"❌ {WORDS[view.order.action].missing}: {{units}}", view, names)
    unmoved = outcome.unmoved if outcome and view.order.action in ATTACHING else ()
    if unmoved and all(one.reference in unmoved for one in units):
        return say(already_there(view.order.action), view, names)
    is_partly = missing or view.resolution.left_out or (outcome and outcome.is_incomplete)
    is_partly = is_partly or False in {one.on_duty for one in units}
    is_partly = is_partly or (outcome and outcome.also_moved)
    return say(f"{'⚠️' if is_partly else '✅'} {WORDS[view.order.action].result}", view, names)


def _confirmation_lines(view: OrderView, outcome: Outcome, limit: int) -> Iterator[str]:
    """Yield what the CAD shows of a completed order about the units of a call."""
    if view.order.action not in _NOT_SHOWN:
        return
    assignees = view.resolution.assignees
    if outcome.also_moved:
        units = join_limited([escape(one) for one in outcome.also_moved], limit)
        yield fill(
            "Also moved, because the same account has them: {units}. Check their calls.",
            units=units,
        )
    match outcome.confirmation:
        case BoardConfirmation.CONFIRMED:
            yield "Confirmed by the CAD."
        case BoardConfirmation.MISSING:
            absent = [unit_name(one) for one in assignees if one.reference in outcome.missing]
            units = join_limited(absent, limit)
            yield _NOT_SHOWN[view.order.action].format(units=units)
        case BoardConfirmation.UNKNOWN:
            yield (
                "The CAD accepted the order, but did not say whether it shows on the call. Check"
                " the call."
            )
        case _:
            unseen = [code_span(one.api_id, 60) for one in assignees if one.on_duty is False]
            if unseen:
                ids = join_limited(unseen, limit)
                yield f"The CAD accepted {ids}, but no unit on duty has this API id."
