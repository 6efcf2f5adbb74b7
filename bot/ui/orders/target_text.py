"""The people of an order → words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from bot.services.targets.grammar import SPAN_LIMIT
from bot.services.targets.resolution import (
    Assignee,
    Attendance,
    LeftOut,
    Reason,
    Resolution,
    Target,
)
from bot.ui import error_text
from bot.ui.text import code, listed, member, plain

_MENTION = re.compile(r"-?<(?:@[!&]?|#)\d{1,20}>")

_REASONS = {
    Reason.NOT_LINKED: "not linked. They can use `/link`, or you `/link` with `member:`",
    Reason.NOT_ON_DUTY: "linked, but not on duty in the CAD",
    Reason.NO_SUCH_UNIT: "no unit on duty has this number",
    Reason.AMBIGUOUS: "several units on duty have this number. Mention the person instead",
    Reason.NO_API_ID: "the CAD shows no API id for this unit. Mention the person instead",
    Reason.NOT_UNDERSTOOD: "only people, units and groups of them can be named",
    Reason.NOT_LOOKED_UP: "the CAD did not say who that is. Try again in a minute",
    Reason.NOT_ON_CALL: "not on that call any more",
    Reason.NOT_TOLD: "the CAD broke off half-way. Look at their call before you try again",
    Reason.EVERYONE: "nobody can name everyone. Name a role, a voice channel or a department",
    Reason.NOT_A_MEMBER: "neither linked nor a member of this server",
    Reason.ELSEWHERE: "not to be seen by you on this server",
    Reason.MEMBERS_HIDDEN: (
        "I may not know who has this role. Whoever runs this bot can turn that on with"
        " MEMBERS_INTENT"
    ),
    Reason.MEMBERS_LOADING: "Discord has not told yet who has this role. Try again in a minute",
    Reason.CROWD_TOO_LARGE: "too many people to look through. Name a smaller role",
    Reason.NOT_A_VOICE_CHANNEL: "no voice channel",
    Reason.EMPTY_ROLE: "nobody has this role",
    Reason.EMPTY_CHANNEL: "nobody is in this voice channel",
    Reason.NOBODY_LINKED: "nobody there is linked",
    Reason.NOBODY_ON_DUTY: "nobody there is linked and on duty in the CAD",
    Reason.NO_UNIT_IN_RANGE: "no unit on duty has a number in this range",
    Reason.NO_SUCH_TEAM: "no unit on duty belongs to it. It has to be spelled as in the CAD",
    Reason.NOT_A_RANGE: (
        "a range has the same letters in front of both numbers, like `A-1..A-9`, and at most"
        f" {SPAN_LIMIT} numbers"
    ),
}


# About whoever gave the order, not about those in it.
_REFUSALS = {
    Reason.NOT_PERMITTED: error_text.NOT_PERMITTED,
    Reason.NO_CAD_ACCOUNT: error_text.NO_CAD_ACCOUNT,
    Reason.PERMISSION_NOT_TOLD: error_text.PERMISSION_NOT_TOLD,
}


def person(one: Assignee) -> str:
    """Name somebody by mention and number, as far as there are."""
    number = plain(one.unit.number, 20) if one.unit and one.unit.number else ""
    if one.discord_id is not None:
        return member(one.discord_id) + (f" ({number})" if number else "")
    return number or code(one.api_id, 60)


def absences(found: Resolution, limit: int) -> Iterator[str]:
    """Say who is not meant, and why, with lists of at most limit characters."""
    if found.excluded:
        yield f"Excluded: {listed([person(one) for one in found.excluded], limit)}"
    for (is_excluded, value), group in groupby(sorted(found.left_out, key=_kind), key=_kind):
        if (reason := Reason(value)) in _REFUSALS:
            yield _REFUSALS[reason]
            continue
        names = listed([_named(one.target) for one in group], limit)
        heading = "Not excluded" if is_excluded else "Left out"
        yield f"{heading}: {names}: {_REASONS[reason]}."
    if found.attendances:
        yield f"Not of {listed([_missed(one) for one in found.attendances], limit)}."


def _missed(one: Attendance) -> str:
    counts = {"not linked": one.not_linked, "not seen on duty": one.not_on_duty}
    missed = " and ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{_named(one.target)} ({one.count} people): {missed}"


def _kind(one: LeftOut) -> tuple[bool, int]:
    return one.is_excluded, one.reason.value


def _named(target: Target) -> str:
    is_mention = _MENTION.fullmatch(target.text)
    if target.member_id and not is_mention:
        return member(target.member_id)
    return target.text if is_mention else code(target.text, 60)
