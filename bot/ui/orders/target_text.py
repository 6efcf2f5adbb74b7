"""The people of an order → words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from bot.services.targets.grammar import RANGE_LIMIT
from bot.services.targets.resolution import (
    MemberGroupSummary,
    Resolution,
    SkippedTarget,
    SkipReason,
    Target,
)
from bot.ui import error_text
from bot.ui.text import code_span, join_limited, member_mention, unit_name

_MENTION = re.compile(r"-?<(?:@[!&]?|#)\d{1,20}>")

_REASONS = {
    SkipReason.NOT_LINKED: "not linked. They can use `/link`, or you `/link` with `member:`",
    SkipReason.NOT_ON_DUTY: "linked, but not on duty in the CAD",
    SkipReason.NO_SUCH_UNIT: "no unit on duty has this number",
    SkipReason.AMBIGUOUS: "several units on duty have this number. Mention the person instead",
    SkipReason.NO_API_ID: "the CAD shows no API id for this unit. Mention the person instead",
    SkipReason.NOT_UNDERSTOOD: "only people, units and groups of them can be named",
    SkipReason.NOT_LOOKED_UP: "the CAD did not say who that is. Try again in a minute",
    SkipReason.NOT_ON_CALL: "not on that call any more",
    SkipReason.RESULT_UNKNOWN: "the CAD broke off half-way. Look at their call before you try"
    " again",
    SkipReason.EVERYONE: "nobody can name everyone. Name a role, a voice channel or a department",
    SkipReason.NOT_A_MEMBER: "neither linked nor a member of this server",
    SkipReason.NOT_VISIBLE: "not to be seen by you on this server",
    SkipReason.MEMBERS_HIDDEN: (
        "I may not know who has this role. Whoever runs this bot can turn that on with"
        " MEMBERS_INTENT"
    ),
    SkipReason.MEMBERS_LOADING: "Discord has not told yet who has this role. Try again in a minute",
    SkipReason.TOO_MANY_MEMBERS: "too many people to look through. Name a smaller role",
    SkipReason.NOT_A_VOICE_CHANNEL: "no voice channel",
    SkipReason.EMPTY_ROLE: "nobody has this role",
    SkipReason.EMPTY_CHANNEL: "nobody is in this voice channel",
    SkipReason.NO_MEMBER_LINKED: "nobody there is linked",
    SkipReason.NO_MEMBER_ON_DUTY: "nobody there is linked and on duty in the CAD",
    SkipReason.NO_UNIT_IN_RANGE: "no unit on duty has a number in this range",
    SkipReason.NO_SUCH_UNIT_GROUP: "no unit on duty belongs to it. It has to be spelled as in the"
    " CAD",
    SkipReason.INVALID_RANGE: (
        "a range has the same letters in front of both numbers, like `A-1..A-9`, and at most"
        f" {RANGE_LIMIT} numbers"
    ),
}


# About whoever gave the order, not about those in it.
_ACTOR_REASONS = {
    SkipReason.CAD_PERMISSION_MISSING: error_text.NOT_PERMITTED,
    SkipReason.NO_CAD_ACCOUNT: error_text.NO_CAD_ACCOUNT,
    SkipReason.CAD_PERMISSION_UNKNOWN: error_text.PERMISSION_UNKNOWN,
}


def skipped_lines(found: Resolution, limit: int) -> Iterator[str]:
    """Say who is not meant, and why, with lists of at most limit characters."""
    if found.excluded:
        yield f"Excluded: {join_limited([unit_name(one) for one in found.excluded], limit)}"
    for (is_excluded, value), group in groupby(
        sorted(found.left_out, key=_group_key), key=_group_key
    ):
        if (reason := SkipReason(value)) in _ACTOR_REASONS:
            yield _ACTOR_REASONS[reason]
            continue
        names = join_limited([_target_name(one.target) for one in group], limit)
        heading = "Not excluded" if is_excluded else "Left out"
        yield f"{heading}: {names}: {_REASONS[reason]}."
    if found.attendances:
        yield (
            f"Not of {join_limited([_audience_summary(one) for one in found.attendances], limit)}."
        )


def _audience_summary(one: MemberGroupSummary) -> str:
    counts = {"not linked": one.not_linked, "not seen on duty": one.not_on_duty}
    missed = " and ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{_target_name(one.target)} ({one.count} people): {missed}"


def _group_key(one: SkippedTarget) -> tuple[bool, int]:
    return one.is_excluded, one.reason.value


def _target_name(target: Target) -> str:
    is_mention = _MENTION.fullmatch(target.text)
    if target.member_id and not is_mention:
        return member_mention(target.member_id)
    return target.text if is_mention else code_span(target.text, 60)
