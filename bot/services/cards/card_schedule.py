"""Decides which write a card needs next. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bot.cad.models import Call, EmergencyCall
from bot.services.cards.card_content import CardContent
from bot.storage.stores.card_store import ObsoleteCard, StoredCard

STALE_AFTER = timedelta(minutes=2)
# Age at which the "confirmed" time of a card is refreshed, if the rate limit leaves room.
TIMESTAMP_EVERY = timedelta(seconds=30)


class CardAction(IntEnum):
    """The write that a card needs, the most urgent first."""

    POST = 0
    UPDATE = 1
    CLOSE = 2
    REMOVE = 3
    SAVE = 4
    REFRESH_TIMESTAMP = 5


@dataclass(slots=True)
class Card:
    """The state of one card: what is stored, what is shown and what should be shown.

    Attributes:
        known_since: when this run of the bot first saw it.
        call: as last seen; None if this run has not seen it.
        shown: the content of its message; None if unknown.
        may_ping: whether the call is new and not yet announced.
        is_unsaved: whether `stored` has changes that the database lacks.
        replaces: the message of an earlier call of this number, until it is saved as obsolete.
        written_at, next_write_at: monotonic seconds of the last write and of the earliest next one.
        failures: consecutive failed writes.
    """

    stored: StoredCard
    known_since: datetime
    call: Call | EmergencyCall | None = None
    shown: CardContent | None = None
    may_ping: bool = False
    is_unsaved: bool = False
    replaces: ObsoleteCard | None = None
    written_at: float = -math.inf
    next_write_at: float = -math.inf
    failures: int = 0


def next_action(
    card: Card, content: CardContent, now: datetime, keep_closed_for: timedelta
) -> CardAction | None:
    """Return the write that a card needs to show its content, None if none yet.

    Args:
        keep_closed_for: how long a closed card stays.
    """
    if content.closed_at is not None and (
        card.stored.message_id is None or now >= content.closed_at + keep_closed_for
    ):
        return CardAction.REMOVE
    if not content.is_closed and card.call is None and not content.is_stale:
        return None  # of the last run, and the CAD has not answered yet
    if card.stored.message_id is None:
        return CardAction.POST if card.call is not None else None
    return _edit_action(card, content)


def _edit_action(card: Card, content: CardContent) -> CardAction | None:
    if card.shown is None or not card.shown.looks_like(content):
        return CardAction.CLOSE if content.is_closed else CardAction.UPDATE
    if card.is_unsaved:
        return CardAction.SAVE
    is_old = content.confirmed_at - card.shown.confirmed_at >= TIMESTAMP_EVERY
    return CardAction.REFRESH_TIMESTAMP if is_old and not content.is_closed else None
