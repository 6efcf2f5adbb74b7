"""Texts about the targets of an order: its units, and targets that were skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.services.targets.grammar import RANGE_LIMIT, remove_member_ids
from bot.services.targets.resolution import MemberGroupSummary, Resolution
from bot.services.targets.skipped_target import NearMatch, SkippedTarget, SkipReason, Target
from bot.services.targets.terms import SELF_KEYWORD
from bot.ui import cad_error_text, error_text
from bot.ui.text import code_span, escape, join_limited, member_mention, unit_name

_MENTION = re.compile(r"(-?<(?:@[!&]?|#)\d{1,20}>)")

_MENTIONS_LENGTH = 300  # characters of the typed units; a mention has up to 24

_REASONS = {
    SkipReason.NOT_LINKED: "not linked. Use `/link` with `member:`, or ask them to use `/link`",
    SkipReason.NOT_ON_DUTY: "off duty in the CAD",
    SkipReason.DISPATCHER: "on duty as a dispatcher, not as a unit",
    SkipReason.NO_SUCH_UNIT: "no unit on duty has this number",
    SkipReason.AMBIGUOUS: (
        "several units on duty have this number. Pick one from the list, or mention the member"
    ),
    SkipReason.NO_API_ID: "the CAD shows no API id for this unit. Mention the member instead",
    SkipReason.NOT_UNDERSTOOD: "this is no member, unit or group of units",
    SkipReason.NOT_LOOKED_UP: "the CAD did not say which unit that is. Try again in a minute",
    SkipReason.NOT_ON_CALL: "no longer on that call",
    SkipReason.RESULT_UNKNOWN: (
        "the connection to the CAD broke. Check their call before you try again"
    ),
    SkipReason.EVERYONE: (
        "the whole server cannot be named. Name a role, a voice channel or a department"
    ),
    SkipReason.NOT_A_MEMBER: "neither linked nor a member of this server",
    SkipReason.NOT_VISIBLE: "you cannot see this on the server",
    SkipReason.MEMBERS_HIDDEN: (
        "the bot may not see who has this role. The person who runs it can turn that on with"
        " MEMBERS_INTENT"
    ),
    SkipReason.MEMBERS_LOADING: "Discord is still loading the members. Try again in a minute",
    SkipReason.TOO_MANY_MEMBERS: "too many members. Name a smaller role",
    SkipReason.NOT_A_VOICE_CHANNEL: "not a voice channel",
    SkipReason.EMPTY_ROLE: "no member has this role",
    SkipReason.EMPTY_CHANNEL: "this voice channel is empty",
    SkipReason.NO_MEMBER_LINKED: "no member in it is linked",
    SkipReason.NO_MEMBER_ON_DUTY: "no member in it is linked and on duty in the CAD",
    SkipReason.NO_UNIT_IN_RANGE: "no unit on duty has a number in this range",
    SkipReason.NO_SUCH_UNIT_GROUP: "no unit on duty belongs to it. Spell it as in the CAD",
    SkipReason.NEVER_ON_CALL: "not on that call",
    SkipReason.ON_NO_CALL: "not on any call",
    SkipReason.ON_NEW_CALL: (
        "may have come to this call after the order. Detach it again if it is to leave"
    ),
    SkipReason.ON_ANOTHER_CALL: "sent to another call meanwhile",
    SkipReason.MOVED_BY_LATER_ORDER: "a later order has moved this unit. Undo that one first",
    SkipReason.NOT_OWN_UNIT: "not your unit. You may name your own alone",
    SkipReason.FORMER_CALL_CLOSED: "not put back, because the call that it came from is closed",
    SkipReason.LIST_INCOMPLETE: "units not loaded yet",
    SkipReason.MEMBERS_PENDING: "members who are still being looked up in the CAD",
    SkipReason.PRIMARY_CHANGED: "another primary unit was set meanwhile",
    SkipReason.STATUS_CHANGED: "another status was set meanwhile",
    SkipReason.NOT_ADDRESSABLE: (
        "the CAD shows no API id for this unit, and its API 1 cannot name it otherwise. Do it in"
        " the CAD"
    ),
    SkipReason.INVALID_RANGE: (
        "a range needs the same letters before both numbers, like `A-1..A-9`, and at most"
        f" {RANGE_LIMIT} numbers"
    ),
}


# These are about the whole order, not about its targets.
_ORDER_REASONS = {
    SkipReason.EMERGENCY_GONE: error_text.EMERGENCY_GONE,
    SkipReason.CAD_PERMISSION_MISSING: error_text.NOT_PERMITTED,
    SkipReason.NO_CAD_ACCOUNT: error_text.NO_CAD_ACCOUNT,
    SkipReason.CAD_PERMISSION_UNKNOWN: error_text.PERMISSION_UNKNOWN,
    SkipReason.CAD_ACCOUNT_EXPIRED: error_text.ACCOUNT_EXPIRED,
    SkipReason.CAD_ACCOUNT_REMOVED: error_text.ACCOUNT_REMOVED,
    SkipReason.CAD_ACCOUNT_BANNED: error_text.ACCOUNT_BANNED,
}
_ORDER_REASONS_SHORT = {
    SkipReason.EMERGENCY_GONE: "the 911 call is not listed any more",
    SkipReason.CAD_PERMISSION_MISSING: "no permission in the CAD",
    SkipReason.NO_CAD_ACCOUNT: "no account in the CAD",
    SkipReason.CAD_PERMISSION_UNKNOWN: "the CAD did not say whether it is allowed",
    SkipReason.CAD_ACCOUNT_EXPIRED: "the account in the CAD has expired",
    SkipReason.CAD_ACCOUNT_REMOVED: "the account in the CAD was removed",
    SkipReason.CAD_ACCOUNT_BANNED: "the account in the CAD is banned",
}


def skipped_lines(found: Resolution, limit: int) -> Iterator[str]:
    """Yield lines about the excluded and skipped targets, with lists of `limit` characters."""
    if found.excluded:
        yield f"Excluded: {join_limited([unit_name(one) for one in found.excluded], limit)}"
    for (is_excluded, value, special), group in groupby(
        sorted(found.left_out, key=_group_key), key=_group_key
    ):
        if (reason := SkipReason(value)) in _ORDER_REASONS:
            yield _ORDER_REASONS[reason]
            continue
        names = join_limited([_skipped_name(one) for one in group], limit)
        heading = "Not excluded" if is_excluded else "Left out"
        yield f"{heading}: {names}: {special or _reason_text(found, reason, limit)}."
    for one in found.left_out:
        if one.near:
            yield f"{_target_name(one.target)}: did you mean {_either(one.near)}?"
    if found.attendances:
        yield f"{join_limited([_audience_summary(one) for one in found.attendances], limit)}."


def typed_units(text: str, limit: int) -> str:
    """Return a `units` text with its mentions as Discord shows them, the rest as code."""
    parts = [one.strip() for one in _MENTION.split(remove_member_ids(text))]
    names = [part if _MENTION.fullmatch(part) else code_span(part, limit) for part in parts if part]
    return join_limited(names, max(limit, _MENTIONS_LENGTH)) or code_span("")


def skip_reason(found: Resolution) -> str:
    """Return in a few words why the first skipped target was skipped; empty if none was."""
    if not found.left_out:
        return ""
    reason = found.left_out[0].reason
    return _ORDER_REASONS_SHORT.get(reason) or _REASONS[reason].partition(". ")[0]


def _either(near: Sequence[NearMatch]) -> str:
    *first, last = map(_near_name, near)
    return f"{', '.join(first)} or {last}" if first else last


def _near_name(one: NearMatch) -> str:
    if one.member_id is not None:
        return f"{member_mention(one.member_id)} ({escape(one.number, 20)})"
    return " ".join(filter(None, (f"**{escape(one.number, 20)}**", escape(one.name, 40))))


def _reason_text(found: Resolution, reason: SkipReason, limit: int) -> str:
    part = found.partial_list
    if reason is SkipReason.MEMBERS_PENDING:
        members = join_limited([member_mention(one) for one in found.pending], limit)
        return f"{_REASONS[reason]}: {members}. Give the order again in a few minutes"
    if reason is not SkipReason.LIST_INCOMPLETE or part is None:
        return _REASONS[reason]
    so_far = cad_error_text.list_incomplete(part.loaded, part.as_of)
    return f"{_REASONS[reason]}. {so_far} Give the order again in a few minutes"


def _audience_summary(one: MemberGroupSummary) -> str:
    counts = {"not linked": one.not_linked, "not on duty": one.not_on_duty}
    missed = " and ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{_target_name(one.target)} ({one.count} members): {missed}"


def _skipped_name(one: SkippedTarget) -> str:
    name = _target_name(one.target)
    return name if one.call_id is None else f"{name} (on **#{one.call_id}**)"


def _group_key(one: SkippedTarget) -> tuple[bool, int, str]:
    return one.is_excluded, one.reason.value, _special_reason(one)


def _special_reason(one: SkippedTarget) -> str:
    """Return the words that depend on how the target was typed; empty if there are none."""
    text = one.target.text.lstrip("-")
    match one.reason:
        case SkipReason.NOT_LINKED if text.casefold().partition(":")[0] == SELF_KEYWORD:
            return "you are not linked. Use `/link`"
        case SkipReason.NO_SUCH_UNIT if not any(map(str.isdigit, text)):
            return "no member or unit on duty is called this"
        case _:
            return ""


def _target_name(target: Target) -> str:
    is_mention = _MENTION.fullmatch(target.text)
    if target.member_id and not is_mention:
        return member_mention(target.member_id)
    return target.text if is_mention else code_span(target.text, 60)
