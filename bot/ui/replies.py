"""Outcomes and errors → the words that people read. The only place where errors become words.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from bot.cad.errors import CadBrokenOff, CadTimeout, CadUnavailable, CadUnreadable
from bot.services.attach import Outcome
from bot.services.linking import Linked, LinkPage
from bot.services.targets import Assignee, Reason, Target
from bot.storage.links import Link
from bot.ui import faults
from bot.ui.text import MESSAGE_LIMIT, code, listed, member, plain

_LIST_LIMITS = (700, 350, 150, 60)  # characters for one list of people, until all fit
_OWNERS_SHOWN = 10
_MENTION = re.compile(r"<(?:@&|#)\d{1,20}>")  # of a role or a channel
_MAYBE_DONE = (CadTimeout, CadBrokenOff, CadUnavailable, CadUnreadable)

_REASONS = {
    Reason.NOT_LINKED: "not linked. They can use `/link`, or you `/link` with `member:`",
    Reason.NOT_ON_DUTY: "linked, but not on duty in the CAD",
    Reason.NO_SUCH_UNIT: "no unit on duty has this number",
    Reason.AMBIGUOUS: "several units on duty have this number. Mention the person instead",
    Reason.NO_API_ID: "the CAD shows no API id for this unit. Mention the person instead",
    Reason.NOT_UNDERSTOOD: "only members, unit numbers and API ids can be named",
    Reason.NOT_LOOKED_UP: "the CAD did not say who is on duty. Mention the person instead",
}


def attached(outcome: Outcome) -> str:
    """Say who was put on the call."""
    call = f"**#{outcome.call_id}**"
    if outcome.call_title:
        call += f" {plain(outcome.call_title)}"
    return _ordered(
        outcome,
        done=f"Attached to {call}",
        failed=f"Nobody was attached to {call}",
        unsure=f"It is not certain that anyone was attached to {call}",
    )


def detached(outcome: Outcome) -> str:
    """Say who was taken off their call."""
    return _ordered(
        outcome,
        done="Detached from their calls",
        failed="Nobody was detached from a call",
        unsure="It is not certain that anyone was detached from a call",
    )


def linked(outcome: Linked) -> str:
    """Say what was stored, what it replaced and what the CAD makes of it."""
    link = outcome.link
    lines = [f"{member(link.discord_id)} is now linked to {code(link.api_id)}."]
    if outcome.replaced and outcome.replaced.api_id != link.api_id:
        lines.append(f"Before, it was {code(outcome.replaced.api_id)}.")
    if outcome.error is not None:
        lines.append(f"The CAD could not be asked about this id. {faults.cad(outcome.error)}")
        mark = "⚠️"
    elif outcome.account_name is None:
        lines.append(
            "The CAD does not know this id yet. If that lasts, compare it with the API ID in the"
            " CAD's account settings."
        )
        mark = "⚠️"
    else:
        lines.append(f"The CAD knows it as {code(outcome.account_name)}.")
        mark = "✅"
    return f"{mark} " + "\n".join(lines)


def unlinked(discord_id: int, removed: Link | None) -> str:
    """Say what was forgotten."""
    if removed is None:
        return f"❌ {member(discord_id)} was not linked. Nothing has changed."
    return f"✅ {member(discord_id)} is no longer linked to {code(removed.api_id)}."


def link_page(page: LinkPage) -> str:
    """List some of the links."""
    if not page.total:
        return "✅ Nobody is linked yet. People link themselves with `/link`."
    lines = [f"✅ {page.total} linked · page {page.number} of {page.count}"]
    lines += [f"{member(link.discord_id)} {code(link.api_id, 40)}" for link in page.links]
    return "\n".join(lines)


def whois(discord_id: int, link: Link | None) -> str:
    """Say who a member is in the CAD."""
    if link is None:
        return f"❌ {member(discord_id)} is not linked."
    return f"✅ {_link(link)}"


def owners(pasted: str, links: list[Link]) -> str:
    """Say who has an API id."""
    if not links:
        return f"❌ Nobody is linked to {code(pasted)}."
    lines = [_link(link) for link in links[:_OWNERS_SHOWN]]
    if len(links) > _OWNERS_SHOWN:
        lines.append(f"and {len(links) - _OWNERS_SHOWN} more.")
    return "✅ " + "\n".join(lines)


def _link(link: Link) -> str:
    moment = int(link.set_at.timestamp())
    return (
        f"{member(link.discord_id)} is {code(link.api_id, 100)}, set by {member(link.set_by)}"
        f" <t:{moment}:R>."
    )


def _ordered(outcome: Outcome, *, done: str, failed: str, unsure: str) -> str:
    """Say what became of an order, with lists as long as the message allows."""
    for limit in _LIST_LIMITS:
        lines = [
            _headline(outcome, limit, done=done, failed=failed, unsure=unsure),
            *_doubts(outcome, limit),
            *_absences(outcome, limit),
        ]
        text = "\n".join(lines)
        if len(text) <= MESSAGE_LIMIT:
            break
    return text


def _headline(outcome: Outcome, limit: int, *, done: str, failed: str, unsure: str) -> str:
    people = listed([_person(one) for one in outcome.resolution.assignees], limit)
    if outcome.error is not None:
        opening = unsure if isinstance(outcome.error, _MAYBE_DONE) else failed
        return f"❌ {opening}. {faults.cad(outcome.error)}\nFor: {people}"
    if not people:
        return f"❌ {failed}."
    is_partly = outcome.resolution.left_out or _unseen(outcome)
    return f"{'⚠️' if is_partly else '✅'} {done}: {people}"


def _doubts(outcome: Outcome, limit: int) -> Iterator[str]:
    """Name the ids that the CAD took without a sign that it knows them."""
    unseen = _unseen(outcome)
    if unseen and outcome.error is None:
        ids = listed([code(one.api_id, 60) for one in unseen], limit)
        yield f"The CAD accepted {ids}, but no unit on duty has this API id."


def _absences(outcome: Outcome, limit: int) -> Iterator[str]:
    by_reason = sorted(outcome.resolution.left_out, key=lambda one: one.reason.value)
    for reason, group in groupby(by_reason, key=lambda one: one.reason):
        names = listed([_named(one.target) for one in group], limit)
        yield f"Left out: {names}: {_REASONS[reason]}."


def _unseen(outcome: Outcome) -> list[Assignee]:
    return [one for one in outcome.resolution.assignees if one.on_duty is False]


def _person(one: Assignee) -> str:
    number = plain(one.unit.number, 20) if one.unit and one.unit.number else ""
    if one.discord_id is not None:
        return member(one.discord_id) + (f" ({number})" if number else "")
    return number or code(one.api_id, 60)


def _named(target: Target) -> str:
    if target.member_id:
        return member(target.member_id)
    return target.text if _MENTION.fullmatch(target.text) else code(target.text, 60)
