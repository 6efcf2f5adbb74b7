"""Orders → the words that people read about them.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done, ⏳ waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from bot.services.outcomes import Confirmation, OrderView, Outcome, Waiting
from bot.services.targets import Assignee, Reason, Target
from bot.storage.orders import Action, State
from bot.ui import faults
from bot.ui.text import MESSAGE_LIMIT, code, listed, member, moment, plain

_LIST_LIMITS = (700, 350, 150, 60)  # characters for one list of people, until all fit
_MENTION = re.compile(r"<(?:@&|#)\d{1,20}>")  # of a role or a channel

_REASONS = {
    Reason.NOT_LINKED: "not linked. They can use `/link`, or you `/link` with `member:`",
    Reason.NOT_ON_DUTY: "linked, but not on duty in the CAD",
    Reason.NO_SUCH_UNIT: "no unit on duty has this number",
    Reason.AMBIGUOUS: "several units on duty have this number. Mention the person instead",
    Reason.NO_API_ID: "the CAD shows no API id for this unit. Mention the person instead",
    Reason.NOT_UNDERSTOOD: "only members, unit numbers and API ids can be named",
    Reason.NOT_LOOKED_UP: "the CAD did not say who that is. Try again in a minute",
    Reason.NOT_ON_CALL: "not on that call any more",
    Reason.NOT_TOLD: "the CAD broke off half-way. Look at their call before you try again",
}


def order(view: OrderView, room: int = MESSAGE_LIMIT) -> str:
    """Say where an order stands, with lists as long as the room, in characters, allows."""
    text = ""
    for limit in _LIST_LIMITS:
        text = "\n".join(_lines(view, limit))
        if len(text) <= room:
            break
    return text


def line(view: OrderView) -> str:
    """Say the same in one line, for lists and the log channel."""
    done = view.order
    mark = "⏳" if done.state.is_open else order(view).partition(" ")[0]
    people = listed([_person(one) for one in view.resolution.assignees], 300) or code(
        done.units, 60
    )
    took = f" · {view.outcome.seconds:.1f} s" if view.outcome else ""
    failure = ""
    if view.outcome and view.outcome.failure:
        failure = f" · {faults.short(view.outcome.failure.error)}"
    call = f" **#{done.call_id}**" if done.call_id is not None else ""
    return (
        f"{mark} {done.action}{call}: {people} · by {member(done.actor_id)}"
        f" {moment(done.created_at, 'R')} · {done.state}{took}{failure}"
    )


def _lines(view: OrderView, limit: int) -> Iterator[str]:
    people = listed([_person(one) for one in view.resolution.assignees], limit)
    if view.waiting:
        yield f"⏳ {_wait(view.waiting)}"
        yield f"To be {_past(view)}: {people or code(view.order.units, 200)}"
        return
    yield _headline(view, people)
    if view.order.state is State.DONE and view.outcome:
        yield from _evidence(view, view.outcome, limit)
    yield from _absences(view, limit)


def _wait(waiting: Waiting) -> str:
    if waiting.trouble is not None:
        return (
            f"{faults.trouble(waiting.trouble)} I keep trying until {moment(waiting.until, 't')}."
        )
    return (
        f"Queued, it goes out {moment(waiting.until, 'R')} at the earliest:"
        f" the CAD allows {waiting.per_minute} orders a minute."
    )


def _headline(view: OrderView, people: str) -> str:
    done, outcome = view.order, view.outcome
    error = outcome.failure.error if outcome and outcome.failure else None
    is_unsure = outcome is not None and outcome.is_unsure
    nobody = "It is not certain that anyone was" if is_unsure else "Nobody was"
    whom = f"\nFor: {people or code(done.units, 200)}"
    match done.state:
        case State.DONE:
            return f"{_mark(view)} {_sentence(_past(view))}: {people}"
        case State.CANCELLED:
            return f"❌ Cancelled. {nobody} {_past(view)}.{whom}"
        case State.EXPIRED:
            return f"❌ {nobody} {_past(view)}: the CAD did not take the order in time.{whom}"
        case _ if error is not None:
            return f"❌ {nobody} {_past(view)}. {faults.cad(error)}{whom}"
        case _:
            return f"❌ {nobody} {_past(view)}."


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
            absent = [_person(one) for one in people if one.api_id in outcome.missing]
            shown = "still on the call" if view.order.action is Action.DETACH else "not on the call"
            yield f"The CAD accepted the order, but shows {listed(absent, limit)} {shown}."
        case Confirmation.UNKNOWN:
            yield "The CAD accepted the order; whether it shows on the call could not be seen."
        case _:
            unseen = [code(one.api_id, 60) for one in _unseen(view)]
            if unseen:
                ids = listed(unseen, limit)
                yield f"The CAD accepted {ids}, but no unit on duty has this API id."


def _absences(view: OrderView, limit: int) -> Iterator[str]:
    by_reason = sorted(view.resolution.left_out, key=lambda one: one.reason.value)
    for reason, group in groupby(by_reason, key=lambda one: one.reason):
        names = listed([_named(one.target) for one in group], limit)
        yield f"Left out: {names}: {_REASONS[reason]}."


def _unseen(view: OrderView) -> list[Assignee]:
    return [one for one in view.resolution.assignees if one.on_duty is False]


def _person(one: Assignee) -> str:
    number = plain(one.unit.number, 20) if one.unit and one.unit.number else ""
    if one.discord_id is not None:
        return member(one.discord_id) + (f" ({number})" if number else "")
    return number or code(one.api_id, 60)


def _named(target: Target) -> str:
    if target.member_id:
        return member(target.member_id)
    return target.text if _MENTION.fullmatch(target.text) else code(target.text, 60)
