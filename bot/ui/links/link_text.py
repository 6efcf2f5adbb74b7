"""What becomes of links → the words that people read about it."""

from __future__ import annotations

from datetime import datetime

from bot.services.links.approvals import Held, Requested
from bot.services.links.link_changes import Asking, Change, News
from bot.services.links.link_service import Linked
from bot.services.links.link_workflow import Unlinked
from bot.storage.stores.link_request_store import LinkRequest, RequestState
from bot.storage.stores.link_store import ImportCounts
from bot.ui.error_text import ending
from bot.ui.text import code, listed, member, moment

_ID_LENGTH = 100


def requested(asked: Requested) -> str:
    """Say that a link waits."""
    text = (
        f"⏳ Your link to {_id(asked.request)} waits for approval. You are told here or in a"
        " direct message."
    )
    return text + (" It takes the place of your earlier request." if asked.has_replaced else "")


def question(held: Held) -> str:
    """Ask what to do about an id that somebody has."""
    asked = held.question
    return (
        f"⚠️ Nothing has changed yet: {_id(asked)} is linked to {_people(asked.holders)}. Is"
        f" {member(asked.discord_id)} to have it as well, or instead?"
    )


def left(asked: LinkRequest) -> str:
    """Say that nothing was done."""
    return f"❌ Nothing has changed: {_id(asked)} stays with {_people(asked.holders)}."


def besides(linked: Linked) -> str:
    """Say who had the same id, as a line of its own; empty for nobody."""
    if not linked.holders:
        return ""
    people = _people(frozenset(one.discord_id for one in linked.holders))
    return f"\nTaken from {people}." if linked.is_moved else f"\nShared with {people}."


def unlinked(done: Unlinked) -> str:
    """Say what was forgotten."""
    whom = member(done.discord_id)
    request = " The request for a link is withdrawn." if done.was_waiting else ""
    if done.link is not None:
        return f"✅ {whom} is no longer linked to {code(done.link.api_id)}.{request}"
    if request:
        return f"✅ {whom} was not linked.{request}"
    return f"❌ {whom} was not linked. Nothing has changed."


def decided(request: LinkRequest) -> str:
    """Tell whoever pressed the button what they have done."""
    word = "Approved" if request.state is RequestState.APPROVED else "Denied"
    return f"✅ {word}: {member(request.discord_id)} and {_id(request)}."


def asking(one: Asking) -> str:
    """Show a request to those who may approve it."""
    request = one.request
    lines = [f"⏳ {member(request.discord_id)} asks to be linked to {_id(request)}."]
    if one.error is not None:
        lines.append("The CAD could not be asked whose account that is.")
    elif request.account_name is None:
        lines.append("The CAD does not know this id.")
    else:
        lines.append(f"The CAD knows it as {code(request.account_name, 80)}.")
    if one.replaces is not None:
        lines.append(f"It would replace {code(one.replaces.api_id, _ID_LENGTH)}.")
    return "\n".join(lines)


def closed(request: LinkRequest) -> str:
    """Show what became of a request, in its place."""
    mark = "✅" if request.state is RequestState.APPROVED else "❌"
    name = f" ({code(request.account_name, 80)})" if request.account_name else ""
    when = moment(request.decided_at, "R") if request.decided_at else ""
    return (
        f"{mark} {member(request.discord_id)} asked to be linked to {_id(request)}{name}."
        f" {ending(request.state, request.decided_by)} {when}".rstrip()
        + "."
    )


def answered(request: LinkRequest) -> str:
    """Tell whoever asked what became of it."""
    link = f"your link to {_id(request)}"
    by = f" by {member(request.decided_by)}" if request.decided_by else ""
    match request.state:
        case RequestState.APPROVED:
            return f"✅ Approved{by}: {link}."
        case RequestState.DENIED:
            return f"❌ Denied{by}: {link}. Ask them why, or use `/link` again."
        case RequestState.EXPIRED:
            return f"❌ Nobody has decided about {link} in a week. Use `/link` again."
        case RequestState.REPLACED:
            return f"❌ Another id was given to you{by}; the request for {_id(request)} is closed."
        case _:
            return f"❌ Withdrawn{by}: {link}."


def letter(news: News) -> str:
    """Tell whoever had a link what has happened to it."""
    by, was = member(news.by), code(news.before.api_id, _ID_LENGTH)
    match news.change:
        case Change.CHANGED:
            return f"{by} has linked you to {code(news.api_id or '', _ID_LENGTH)} instead of {was}."
        case Change.REMOVED:
            return f"{by} has removed your link to {was}."
        case Change.MOVED:
            return f"{by} has given {was} to {member(news.other_id or 0)}; you are not linked now."
        case Change.SHARED:
            return f"{by} has linked {member(news.other_id or 0)} to {was}, which is yours too."


def line(news: News) -> str:
    """Say the same for the staff."""
    whom, was = member(news.before.discord_id), code(news.before.api_id, _ID_LENGTH)
    match news.change:
        case Change.CHANGED:
            what = f"{whom} {was} → {code(news.api_id or '', _ID_LENGTH)}"
        case Change.REMOVED:
            what = f"{whom} is no longer linked to {was}"
        case Change.MOVED:
            what = f"{was} {whom} → {member(news.other_id or 0)}"
        case Change.SHARED:
            what = f"{was} of {whom} is shared with {member(news.other_id or 0)}"
    return f"🔗 {what} · by {member(news.by)}"


def imported(by: int, counts: ImportCounts) -> str:
    """Tell the staff what a file of links has changed."""
    return f"🔗 {counts.added:,} links added and {counts.changed:,} changed · by {member(by)}"


def waits_since(request: LinkRequest) -> str:
    """Describe a request to the person whom it is about."""
    if request.state is RequestState.HELD:
        what = "is linked to somebody else, which a dispatcher was asked about"
        return f"{_id(request)} {what} {_ago(request.asked_at)}."
    if request.state is RequestState.PENDING:
        return f"{_id(request)}, asked for {_ago(request.asked_at)}, waits for approval."
    return (
        f"{_id(request)}, asked for {_ago(request.asked_at)}."
        f" {ending(request.state, request.decided_by)}."
    )


def _id(request: LinkRequest) -> str:
    return code(request.api_id, _ID_LENGTH)


def _people(discord_ids: frozenset[int]) -> str:
    return listed([member(one) for one in sorted(discord_ids)], 500)


def _ago(when: datetime) -> str:
    return moment(when, "R")
