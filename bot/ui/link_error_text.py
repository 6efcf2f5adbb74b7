"""Turn errors about links into texts for users: what happened, then what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from bot.services.errors import ServiceError
from bot.services.link_errors import (
    ApprovalPending,
    ApprovalUnavailable,
    IdAlreadyLinked,
    InvalidApiId,
    NoCheckRuns,
    ReplacesProvenLink,
    RequestDecided,
    RequestNotFound,
    TooManyLinks,
    VanityUrl,
)
from bot.storage.stores.link_request_store import LinkRequestState
from bot.ui.text import code_span, join_limited, member_mention

LinkError: TypeAlias = (
    InvalidApiId
    | IdAlreadyLinked
    | ReplacesProvenLink
    | TooManyLinks
    | ApprovalPending
    | RequestDecided
)

FIXED_LINK_TEXTS: Mapping[type[ServiceError], str] = {
    RequestNotFound: "This question is closed, or belongs to another server. Use `/link` again.",
    ApprovalUnavailable: (
        "Your link needs an approval, but the bot cannot post the request. Tell the person who"
        " runs this bot: LOG_CHANNEL_ID must be a channel of this server where the bot may write."
    ),
    NoCheckRuns: "No check of the links is running. Nothing has changed.",
}


def link_message(error: LinkError) -> str:
    """Return what happened and what to do, without the mark of the outcome."""
    match error:
        case InvalidApiId():
            text = _invalid_id(error)
        case IdAlreadyLinked(api_id=api_id, holders=holders) if holders:
            whose = join_limited([member_mention(one) for one in sorted(holders)], 500)
            text = (
                f"{code_span(api_id, 100)} is linked to another member: {whose}. Use `/link` to"
                " share it or to move it."
            )
        case IdAlreadyLinked(api_id=api_id):
            text = (
                f"{code_span(api_id, 100)} is linked to another member. If it is yours, ask a"
                " dispatcher."
            )
        case ReplacesProvenLink(api_id=api_id, present_id=present_id):
            text = (
                f"The CAD does not know {code_span(api_id, 100)}, and has confirmed"
                f" {code_span(present_id, 100)}, the present link. Use `/link` to replace it."
            )
        case TooManyLinks(retry_after=seconds):
            text = (
                "You have linked yourself too often. Try again in"
                f" {math.ceil(seconds / 60)} minutes, or ask a dispatcher to link you."
            )
        case ApprovalPending(api_id=api_id):
            text = (
                f"Your link to {code_span(api_id, 100)} waits for approval; the answer will come"
                " here. Nothing else was done: after the approval, press the button again."
            )
        case RequestDecided(state=state, decided_by=by):
            text = f"{request_outcome(state, by)} already."
    return text


def _invalid_id(error: InvalidApiId) -> str:
    pasted = code_span(error.text, 100)
    if isinstance(error, VanityUrl):
        text = (
            f"{pasted} has a custom name instead of the id. In Steam, click your name, open Account"
            " details, and paste the Steam ID, a 17-digit number (76561…)."
        )
    else:
        text = (
            f"{pasted} is not an id that the bot can read. Paste an id with its prefix, like"
            " `license:abc`, a Steam id (76561…), or the link to your Steam profile."
        )
    return text


def request_outcome(state: LinkRequestState, by: int | None) -> str:
    """Return how a link request ended and, if known, who decided; without a full stop."""
    if state is LinkRequestState.EXPIRED:
        return "This has expired"
    return f"{member_mention(by)} has {state} this" if by else f"This has been {state}"
