"""Every card that there is or should be, followed as the board changes. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from bot.cad.models import CLOSED, Call, EmergencyCall
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.cards.card_content import CardFace, Owners, people_on, seen
from bot.services.cards.card_schedule import STALE_AFTER, Card
from bot.storage.stores.card_store import CardKind, StoredCard
from bot.storage.stores.link_row import Link

Key: TypeAlias = tuple[CardKind, int]


class CardBook:
    """The cards of one server in one channel, by what they show."""

    def __init__(
        self,
        board: Board,
        people: Callable[[], Sequence[Link]],
        *,
        server_id: int,
        channel_id: int,
        clock: Clock,
    ) -> None:
        self.cards: dict[Key, Card] = {}
        self._board = board
        self._people = people
        self._server_id = server_id
        self._channel_id = channel_id
        self._clock = clock
        self._owners = Owners()

    def take_over(self, stored: Iterable[StoredCard]) -> None:
        """Begin with the cards of the last run; those of another channel are posted here."""
        for one in stored:
            card = Card(one, self._clock.now())
            if one.channel_id != self._channel_id:
                card.stored = replace(one, channel_id=self._channel_id, message_id=None)
            self.cards[one.kind, one.call_id] = card

    def observe(self) -> None:
        """Note which calls there are now, and which are over."""
        self._owners.read(self._people())
        active = self._active()
        for key, call in active.items():
            if key not in self.cards:
                self.cards[key] = self._new(key)
            card = self.cards[key]
            card.call = call
            _close(card, None)
        has_spoken = self._board.confirmed_at(self._server_id) is not None
        for key in self.cards.keys() - active.keys():
            card = self.cards[key]
            # Until the first poll, the calls of the last run are unknown, not over.
            if card.stored.closed_at is None and (card.call or has_spoken):
                _close(card, self._clock.now())

    def face(self, card: Card) -> CardFace:
        """Return what a card should show now."""
        stored = card.stored
        confirmed = max(self._board.confirmed_at(self._server_id) or card.since, card.since)
        is_stale = stored.closed_at is None and self._clock.now() - confirmed > STALE_AFTER
        return CardFace(
            stored.kind,
            stored.server_id,
            stored.call_id,
            seen(card.call),
            people_on(card.call, self._board.picture(self._server_id), self._owners),
            stored.first_seen_at,
            confirmed,
            stored.closed_at,
            is_stale,
        )

    def _active(self) -> dict[Key, Call | EmergencyCall]:
        picture = self._board.picture(self._server_id)
        active: dict[Key, Call | EmergencyCall] = {
            (CardKind.EMERGENCY, one.call_id): one for one in picture.emergencies.values()
        }
        for call in picture.calls.values():
            if call.status != CLOSED:
                active[CardKind.CALL, call.call_id] = call
        return active

    def _new(self, key: Key) -> Card:
        now = self._clock.now()
        kind, call_id = key
        stored = StoredCard(self._server_id, kind, call_id, self._channel_id, None, now)
        return Card(stored, now, may_ping=self._is_news(key))

    def _is_news(self, key: Key) -> bool:
        """Tell a call that has just come from one that was open when the bot first looked."""
        kind, call_id = key
        found = self._board.found(self._server_id)
        if found is None:
            # Known from a push event alone, which for a dispatch call may be of a mere change.
            return kind is CardKind.EMERGENCY
        calls = found.emergency if kind is CardKind.EMERGENCY else found.dispatch
        return all(one.call_id != call_id for one in calls)


def _close(card: Card, closed_at: datetime | None) -> None:
    if card.stored.closed_at != closed_at:
        card.stored = replace(card.stored, closed_at=closed_at)
        card.is_unsaved = True
