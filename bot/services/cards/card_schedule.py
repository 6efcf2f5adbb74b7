"""Which card has to be written next. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bot.cad.models import Call, EmergencyCall
from bot.services.cards.card_content import CardFace
from bot.storage.stores.card_store import StoredCard

STALE_AFTER = timedelta(minutes=2)
STAMP_EVERY = timedelta(seconds=30)  # how old the "confirmed" of a card may get while there is room


class Turn(IntEnum):
    """What a card needs, the most urgent first."""

    POST = 0
    CHANGE = 1
    CLOSE = 2
    REMOVE = 3
    SAVE = 4
    STAMP = 5


@dataclass(slots=True)
class Card:
    """One card between what is stored, what is shown and what should be.

    Attributes:
        since: when this run of the bot first knew of it.
        call: as last seen; None if this run has not seen it.
        shown: what its message shows; None where that is not known.
        may_ping: whether it is news that nobody has been told.
        is_unsaved: whether the database lacks something of `stored`.
        written_at, next_at: monotonic seconds: the last write, and the earliest next one.
    """

    stored: StoredCard
    since: datetime
    call: Call | EmergencyCall | None = None
    shown: CardFace | None = None
    may_ping: bool = False
    is_unsaved: bool = False
    written_at: float = -math.inf
    next_at: float = -math.inf
    failures: int = 0


def turn_of(card: Card, face: CardFace, now: datetime, keep: timedelta) -> Turn | None:
    """Return what a card needs to show a face, None for nothing yet.

    Args:
        keep: how long a closed card stays.
    """
    if face.closed_at is not None and (
        card.stored.message_id is None or now >= face.closed_at + keep
    ):
        return Turn.REMOVE
    if not face.is_closed and card.call is None and not face.is_stale:
        return None  # taken over from before the start: the CAD has not spoken yet
    if card.stored.message_id is None:
        return Turn.POST if card.call is not None else None
    return _edit_of(card, face)


def _edit_of(card: Card, face: CardFace) -> Turn | None:
    if card.shown is None or not card.shown.shows_as(face):
        return Turn.CLOSE if face.is_closed else Turn.CHANGE
    if card.is_unsaved:
        return Turn.SAVE
    is_old = face.confirmed_at - card.shown.confirmed_at >= STAMP_EVERY
    return Turn.STAMP if is_old and not face.is_closed else None
