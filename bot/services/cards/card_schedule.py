"""Decides which write a card needs next. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TypeAlias

from bot.cad.models import Call, EmergencyCall
from bot.services.cards.card_content import CardContent
from bot.services.cards.discord_budget import Urgency
from bot.storage.stores.card_store import CardKind, ObsoleteCard, StoredCard

CardKey: TypeAlias = tuple[int, CardKind, int]  # server, kind, number

STALE_AFTER = timedelta(minutes=2)
# Age at which the "confirmed" time of a card is refreshed, if the rate limit leaves room.
TIMESTAMP_EVERY = timedelta(seconds=30)


CARD_EDIT_INTERVAL = 1.0  # seconds between two writes of one card
# Discord takes few edits of messages that are older than an hour (its error 30046).
OLD_AFTER = timedelta(minutes=50)
OLD_EDIT_INTERVAL = 300.0  # seconds between two edits of such a message
MAX_POSTS_IN_A_ROW = 3  # new cards, while changes of others wait


@dataclass(frozen=True, slots=True)
class CardSettings:
    """What the settings say about the cards of one channel.

    Attributes:
        server_ids: the servers whose calls the channel shows.
        keep_closed_for: how long closed cards stay, and the message that counts urgent calls.
        ping_role_id: the role to ping for each new urgent call; None for no ping.
        urgent_priorities: see `card_content.is_urgent`.
    """

    channel_id: int
    server_ids: Sequence[int]
    keep_closed_for: timedelta
    ping_role_id: int | None
    urgent_priorities: Collection[str]


class CardAction(IntEnum):
    """The write that a card needs, the most urgent first."""

    POST = 0
    REPOST = 1
    UPDATE = 2
    CLOSE = 3
    REMOVE = 4
    SAVE = 5
    REFRESH_TIMESTAMP = 6


_URGENCY = {
    CardAction.POST: Urgency.NEW_CARD,
    CardAction.REPOST: Urgency.CHANGE,
    CardAction.UPDATE: Urgency.CHANGE,
    CardAction.CLOSE: Urgency.CLOSING,
    CardAction.REMOVE: Urgency.REMOVAL,
    CardAction.REFRESH_TIMESTAMP: Urgency.STAMP,
}

EDITS = frozenset({CardAction.UPDATE, CardAction.CLOSE, CardAction.REFRESH_TIMESTAMP})


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
        is_being_written: whether a write is under way; until its end the card stays as it is.
        may_be_posted: whether an attempt to post its message may have succeeded.
        messages_lost: how many messages of it this run found deleted, or gave up.
        posted_at: when its message was posted; None if an earlier run posted it.
        written_at: monotonic seconds of the last write.
        retry_at: monotonic seconds before which nothing is written, after a failure.
        editable_at: monotonic seconds before which Discord takes no edit of its message.
        failures: consecutive failed writes.
    """

    stored: StoredCard
    known_since: datetime
    call: Call | EmergencyCall | None = None
    shown: CardContent | None = None
    may_ping: bool = False
    is_unsaved: bool = False
    replaces: ObsoleteCard | None = None
    is_being_written: bool = False
    may_be_posted: bool = False
    messages_lost: int = 0
    posted_at: datetime | None = None
    written_at: float = -math.inf
    retry_at: float = -math.inf
    editable_at: float = -math.inf
    failures: int = 0

    @property
    def key(self) -> CardKey:
        """The call that it shows."""
        return self.stored.server_id, self.stored.kind, self.stored.call_id

    def is_old(self, now: datetime) -> bool:
        """Return whether its message is so old that Discord hardly lets the bot edit it."""
        return now - (self.posted_at or self.stored.first_seen_at) >= OLD_AFTER

    def due_at(self, action: CardAction, *, is_old: bool) -> float:
        """Return the monotonic seconds at which it may be written."""
        if action not in EDITS:
            return max(self.retry_at, self.written_at + CARD_EDIT_INTERVAL)
        is_rare = is_old and action is CardAction.UPDATE
        interval = OLD_EDIT_INTERVAL if is_rare else CARD_EDIT_INTERVAL
        return max(self.retry_at, self.editable_at, self.written_at + interval)


def next_action(
    card: Card,
    content: CardContent,
    now: datetime,
    keep_closed_for: timedelta,
    *,
    is_editable: bool = True,
) -> CardAction | None:
    """Return the write that a card needs to show its content, None if none yet.

    Args:
        keep_closed_for: how long a closed card stays.
        is_editable: whether Discord takes edits of its message now.
    """
    if content.closed_at is not None and (
        card.stored.message_id is None or now >= content.closed_at + keep_closed_for
    ):
        return CardAction.REMOVE
    if not content.is_closed and card.call is None and not content.is_stale:
        return None  # of the last run, and the CAD has not answered yet
    if card.stored.message_id is None:
        return CardAction.POST if card.call is not None else None
    return _edit_action(card, content, is_editable=is_editable)


def _edit_action(card: Card, content: CardContent, *, is_editable: bool) -> CardAction | None:
    if card.shown is None or not card.shown.looks_like(content):
        if content.is_closed:
            return CardAction.CLOSE
        is_seldom_edited = content.is_old or not is_editable
        if is_seldom_edited and card.shown and content.matters_after(card.shown):
            return CardAction.REPOST
        return CardAction.UPDATE
    if card.is_unsaved:
        return CardAction.SAVE
    if content.is_old or content.is_closed:
        return None
    is_due = content.confirmed_at - card.shown.confirmed_at >= TIMESTAMP_EVERY
    return CardAction.REFRESH_TIMESTAMP if is_due else None


@dataclass(frozen=True, slots=True)
class DueWrite:
    """A write that a card needs now."""

    action: CardAction
    card: Card
    content: CardContent

    @property
    def rank(self) -> tuple[CardAction, bool, float]:
        """Lowest for the most urgent write: new urgent calls come first."""
        return self.action, not self.content.is_urgent, self.card.written_at

    @property
    def urgency(self) -> Urgency | None:
        """How urgent its request to Discord is; None if it sends none."""
        if self.action is CardAction.REMOVE and self.card.stored.message_id is None:
            return None
        if self.action is CardAction.POST and self.content.is_urgent:
            return Urgency.NEW_EMERGENCY
        return _URGENCY.get(self.action)


class WriteTurns:
    """Chooses the next write, so that a flood of new calls does not hold back all changes."""

    def __init__(self) -> None:
        self._posts_in_a_row = 0

    def choose(self, due: Sequence[DueWrite]) -> DueWrite:
        """Return the most urgent write; after some posts in a row, one that is no post."""
        others = [one for one in due if one.action is not CardAction.POST]
        is_their_turn = others and self._posts_in_a_row >= MAX_POSTS_IN_A_ROW
        return min(others if is_their_turn else due, key=lambda one: one.rank)

    def record(self, action: CardAction) -> None:
        """Take note that the chosen write has begun."""
        self._posts_in_a_row = self._posts_in_a_row + 1 if action is CardAction.POST else 0
