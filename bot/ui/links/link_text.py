"""Texts about link requests, conflicts over an id, and changes of links."""

from __future__ import annotations

from datetime import datetime

from bot.services.links.link_changes import (
    IdConflict,
    LinkChange,
    LinkChangeKind,
    ReplacementQuestion,
    RequestNotice,
    SubmittedRequest,
)
from bot.services.links.link_service import LinkResult
from bot.services.links.link_workflow import UnlinkResult
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestState
from bot.storage.stores.link_store import ImportCounts
from bot.ui.link_error_text import request_outcome
from bot.ui.text import code_span, join_limited, member_mention, timestamp

_ID_LENGTH = 100


def request_submitted(asked: SubmittedRequest) -> str:
    """Return the answer to a member whose link waits for approval."""
    text = (
        f"⏳ Your link to {_api_id(asked.request)} waits for approval. The answer comes here or"
        " in a direct message."
    )
    return text + (" It replaces your earlier request." if asked.has_replaced else "")


def conflict_question(held: IdConflict) -> str:
    """Return the question what to do about an id that another member has."""
    asked = held.request
    return (
        f"⚠️ Not saved yet: {_api_id(asked)} is linked to {_mentions(asked.holders)} already. Share"
        f" it with {member_mention(asked.discord_id)}, or move it?"
    )


def replacement_question(asked: ReplacementQuestion) -> str:
    """Return the question whether an id that the CAD does not know replaces a proven one."""
    api_id, whose = _api_id(asked.request), member_mention(asked.request.discord_id)
    unknown = (
        f"the CAD does not know {api_id}"
        if asked.was_asked
        else f"the CAD could not be asked about {api_id}"
    )
    present = code_span(asked.present_id, _ID_LENGTH)
    return (
        f"⚠️ Not saved yet: {unknown}, and it has confirmed {present}, to which {whose} is linked"
        " now. Compare it with the API ID in the CAD's account settings. Replace it all the same?"
    )


def conflict_kept(asked: LinkRequest) -> str:
    """Return the answer after such a question was cancelled."""
    if not asked.holders:
        whose = member_mention(asked.discord_id)
        return f"❌ Nothing has changed: {whose} is not linked to {_api_id(asked)}."
    return f"❌ Nothing has changed: {_api_id(asked)} stays with {_mentions(asked.holders)}."


def holders_line(linked: LinkResult) -> str:
    """Return a line about the other holders of the id; empty if there are none."""
    if not linked.holders:
        return ""
    people = _mentions(frozenset(one.discord_id for one in linked.holders))
    return f"\nTaken from {people}." if linked.is_moved else f"\nShared with {people}."


def unlink_result(done: UnlinkResult) -> str:
    """Return the answer to /unlink."""
    mention = member_mention(done.discord_id)
    request = " The request for a link is withdrawn." if done.had_request else ""
    if done.link is not None:
        return f"✅ {mention} is no longer linked to {code_span(done.link.api_id)}.{request}"
    if request:
        return f"✅ {mention} was not linked.{request}"
    return f"❌ {mention} was not linked. Nothing has changed."


def request_decided(request: LinkRequest) -> str:
    """Return the answer to the member who approved or denied a request."""
    word = "Approved" if request.state is LinkRequestState.APPROVED else "Denied"
    return f"✅ {word}: {member_mention(request.discord_id)} and {_api_id(request)}."


def request_notice(one: RequestNotice) -> str:
    """Return the text of a request in the log channel."""
    request = one.request
    lines = [f"⏳ {member_mention(request.discord_id)} asks to be linked to {_api_id(request)}."]
    if one.error is not None:
        lines.append("The CAD could not be asked whose account that is.")
    elif request.account_name is None:
        lines.append("The CAD does not know this id.")
    else:
        lines.append(f"The CAD knows it as {code_span(request.account_name, 80)}.")
    if one.replaces is not None:
        lines.append(f"It would replace {code_span(one.replaces.api_id, _ID_LENGTH)}.")
    return "\n".join(lines)


def request_closed(request: LinkRequest) -> str:
    """Return the text that replaces a request in the log channel once it has ended."""
    mark = "✅" if request.state is LinkRequestState.APPROVED else "❌"
    name = f" ({code_span(request.account_name, 80)})" if request.account_name else ""
    when = timestamp(request.decided_at, "R") if request.decided_at else ""
    return (
        f"{mark} {member_mention(request.discord_id)} asked to be linked to"
        f" {_api_id(request)}{name}."
        f" {request_outcome(request.state, request.decided_by)} {when}".rstrip()
        + "."
    )


def request_answer(request: LinkRequest) -> str:
    """Return the answer to the member whose request has ended."""
    link = f"your link to {_api_id(request)}"
    by = f" by {member_mention(request.decided_by)}" if request.decided_by else ""
    match request.state:
        case LinkRequestState.APPROVED:
            return f"✅ Approved{by}: {link}."
        case LinkRequestState.DENIED:
            return f"❌ Denied{by}: {link}. Ask them why, or use `/link` again."
        case LinkRequestState.EXPIRED:
            return f"❌ Expired: {link} was not approved within a week. Use `/link` again."
        case LinkRequestState.REPLACED:
            return (
                f"❌ You were linked to another id{by}; the request for {_api_id(request)} is"
                " closed."
            )
        case _:
            return f"❌ Withdrawn{by}: {link}."


def change_message(change: LinkChange) -> str:
    """Return the direct message to a member whose link another member changed."""
    by, was = member_mention(change.changed_by), code_span(change.before.api_id, _ID_LENGTH)
    match change.kind:
        case LinkChangeKind.CHANGED:
            return (
                f"{by} has linked you to {code_span(change.api_id or '', _ID_LENGTH)} instead of"
                f" {was}."
            )
        case LinkChangeKind.REMOVED:
            return f"{by} has removed your link to {was}."
        case LinkChangeKind.MOVED:
            return (
                f"{by} has moved {was} from you to {member_mention(change.other_id or 0)}; you are"
                " no longer linked."
            )
        case LinkChangeKind.SHARED:
            return (
                f"{by} has also linked {member_mention(change.other_id or 0)} to {was}, which is"
                " your id."
            )


def change_log_line(change: LinkChange) -> str:
    """Return the line for the log channel about a change of a link."""
    mention, was = (
        member_mention(change.before.discord_id),
        code_span(change.before.api_id, _ID_LENGTH),
    )
    match change.kind:
        case LinkChangeKind.CHANGED:
            what = f"{mention} {was} → {code_span(change.api_id or '', _ID_LENGTH)}"
        case LinkChangeKind.REMOVED:
            what = f"{mention} is no longer linked to {was}"
        case LinkChangeKind.MOVED:
            what = f"{was} {mention} → {member_mention(change.other_id or 0)}"
        case LinkChangeKind.SHARED:
            what = f"{was} of {mention} is shared with {member_mention(change.other_id or 0)}"
    return f"🔗 {what} · by {member_mention(change.changed_by)}"


def import_log_line(by: int, counts: ImportCounts) -> str:
    """Return the line for the log channel about an import."""
    return (
        f"🔗 {counts.added:,} links added and {counts.changed:,} changed · by {member_mention(by)}"
    )


def request_line(request: LinkRequest) -> str:
    """Return the line in `/links mine` about a request of the member."""
    if request.state is LinkRequestState.CONFLICT:
        what = "is linked to another member; a dispatcher was asked about it"
        if not request.holders:
            what = "is not known to the CAD; whether to link it all the same was asked"
        return f"{_api_id(request)} {what} {_relative_time(request.asked_at)}."
    if request.state is LinkRequestState.PENDING:
        return (
            f"{_api_id(request)}, asked for {_relative_time(request.asked_at)}, waits for approval."
        )
    return (
        f"{_api_id(request)}, asked for {_relative_time(request.asked_at)}."
        f" {request_outcome(request.state, request.decided_by)}."
    )


def _api_id(request: LinkRequest) -> str:
    return code_span(request.api_id, _ID_LENGTH)


def _mentions(discord_ids: frozenset[int]) -> str:
    return join_limited([member_mention(one) for one in sorted(discord_ids)], 500)


def _relative_time(when: datetime) -> str:
    return timestamp(when, "R")
