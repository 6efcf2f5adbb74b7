"""Orders → the words that people read about them.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done, ⏳ waiting.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.services.orders.confirmation import ANSWER_WITHIN
from bot.services.orders.outcomes import Confirmation, OrderView, Outcome, Waiting
from bot.services.targets.grammar import as_typed
from bot.services.targets.resolution import PEOPLE_LIMIT, Assignee
from bot.storage.stores.order_store import Action, State
from bot.ui import error_text
from bot.ui.orders.target_text import absences, person
from bot.ui.text import MESSAGE_LIMIT, code, listed, member, moment, plain

_LIST_LIMITS = (700, 350, 150, 60)  # characters for one list of people, until all fit
_REST = "…and more of that kind."

_STATES = {
    State.ASKED: "asked, and not confirmed",
    State.CONFIRMED: "confirmed: another order followed",
}


def order(view: OrderView, room: int = MESSAGE_LIMIT) -> str:
    """Say where an order stands, with lists as long as the room, in characters, allows."""
    lines: list[str] = []
    for limit in _LIST_LIMITS:
        lines = list(_lines(view, limit))
        if len("\n".join(lines)) <= room:
            return "\n".join(lines)
    # Dozens of reasons at once: the first ones have to do.
    while len("\n".join([*lines, _REST])) > room:
        lines.pop()
    return "\n".join([*lines, _REST])


def line(view: OrderView) -> str:
    """Say the same in one line, for lists and the log channel."""
    done = view.order
    mark = "⏳" if done.state.is_open else order(view).partition(" ")[0]
    people = listed([person(one) for one in view.resolution.assignees], 300) or code(done.units, 60)
    took = f" · {view.outcome.seconds:.1f} s" if view.outcome else ""
    failure = ""
    if view.outcome and view.outcome.failure:
        failure = f" · {error_text.short(view.outcome.failure.error)}"
    call = f" **#{done.call_id}**" if done.call_id is not None else ""
    state = _STATES.get(done.state, done.state)
    return (
        f"{mark} {done.action}{call}: {people} · by {member(done.actor_id)}"
        f" {moment(done.created_at, 'R')} · {state}{took}{failure}"
    )


def _lines(view: OrderView, limit: int) -> Iterator[str]:
    people = listed([person(one) for one in view.resolution.assignees], limit)
    if view.waiting:
        yield f"⏳ {_wait(view.waiting)}"
        yield f"To be {_past(view)}: {people or code(view.order.units, 200)}"
        return
    yield _headline(view, people)
    if view.order.state is State.ASKED:
        yield from _moves(view, limit)
    if view.order.state is State.DONE and view.outcome:
        yield from _evidence(view, view.outcome, limit)
    yield from absences(view.resolution, limit)


def _wait(waiting: Waiting) -> str:
    if waiting.trouble is not None:
        trouble = error_text.trouble(waiting.trouble)
        return f"{trouble} I keep trying until {moment(waiting.until, 't')}."
    return (
        f"Queued, it goes out {moment(waiting.until, 'R')} at the earliest:"
        f" the CAD allows {waiting.per_minute} orders a minute."
    )


def _headline(view: OrderView, people: str) -> str:
    done, outcome = view.order, view.outcome
    is_unsure = outcome is not None and outcome.is_unsure
    nobody = "It is not certain that anyone was" if is_unsure else "Nobody was"
    whom = f"\nFor: {people or code(as_typed(done.units), 200)}"
    match done.state:
        case State.DONE:
            return f"{_mark(view)} {_sentence(_past(view))}: {people}"
        case State.ASKED:
            return f"⏳ {_question(view)}\nAbout: {people}"
        case State.CONFIRMED:
            return f"✅ Confirmed: the order that followed says who was {_past(view)}."
        case State.CANCELLED:
            return f"❌ Cancelled. {nobody} {_past(view)}.{whom}"
        case State.EXPIRED:
            return f"❌ {nobody} {_past(view)}: the CAD did not take the order in time.{whom}"
        case _:
            return f"❌ {nobody} {_past(view)}{_refusal(view, whom)}"


def _refusal(view: OrderView, whom: str) -> str:
    if view.outcome and view.outcome.failure:
        return f". {error_text.cad(view.outcome.failure.error)}{whom}"
    if view.resolution.too_many:
        count = view.resolution.too_many
        return f": {count} people are too many, {PEOPLE_LIMIT} fit into one order.{whom}"
    return "."


def _question(view: OrderView) -> str:
    count = len(view.resolution.assignees)
    if view.order.action is Action.ATTACH:
        what = f"Attach {count} units to {_call(view)}"
    else:
        place = _call(view) if view.order.call_id is not None else "their calls"
        what = f"Detach {count} units from {place}"
    until = moment(view.order.created_at + ANSWER_WITHIN, "t")
    return (
        f"{what}? Nothing has been sent yet: press **Confirm** until {until}, or give the order"
        " again."
    )


def _moves(view: OrderView, limit: int) -> Iterator[str]:
    """Say who would leave another call."""
    if view.order.action is Action.DETACH:
        return
    elsewhere = [
        f"{person(one)} from **#{one.call_id}**"
        for one in view.resolution.assignees
        if one.call_id not in {None, view.order.call_id}
    ]
    if elsewhere:
        yield f"On other calls now: {listed(elsewhere, limit)}"


def _mark(view: OrderView) -> str:
    missing = set(view.outcome.missing) if view.outcome else set()
    everyone = {one.api_id for one in view.resolution.assignees}
    if missing and missing == everyone:
        return "❌ Not shown by the CAD:"
    is_partly = missing or view.resolution.left_out or _unseen(view)
    return "⚠️" if is_partly else "✅"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _past(view: OrderView) -> str:
    if view.order.action is Action.ATTACH:
        return f"attached to {_call(view)}"
    if view.order.call_id is not None:
        return f"detached from {_call(view)}"
    return "detached from their calls"


def _call(view: OrderView) -> str:
    title = view.outcome.call_title if view.outcome else ""
    return f"**#{view.order.call_id}**" + (f" {plain(title)}" if title else "")


def _evidence(view: OrderView, outcome: Outcome, limit: int) -> Iterator[str]:
    """Say what the CAD shows of it."""
    people = view.resolution.assignees
    match outcome.confirmation:
        case Confirmation.CONFIRMED:
            yield "Confirmed by the CAD."
        case Confirmation.MISSING:
            absent = [person(one) for one in people if one.api_id in outcome.missing]
            shown = "still on the call" if view.order.action is Action.DETACH else "not on the call"
            yield f"The CAD accepted the order, but shows {listed(absent, limit)} {shown}."
        case Confirmation.UNKNOWN:
            yield "The CAD accepted the order; whether it shows on the call could not be seen."
        case _:
            unseen = [code(one.api_id, 60) for one in _unseen(view)]
            if unseen:
                ids = listed(unseen, limit)
                yield f"The CAD accepted {ids}, but no unit on duty has this API id."


def _unseen(view: OrderView) -> list[Assignee]:
    return [one for one in view.resolution.assignees if one.on_duty is False]
