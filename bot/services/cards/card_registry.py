"""Every card that there is or should be, followed as the board changes. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from bot.cad.models import CLOSED, Call, EmergencyCall
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.cards.card_content import CardContent, UnitOwners, call_units, visible_part
from bot.services.cards.card_schedule import STALE_AFTER, Card
from bot.storage.stores.card_store import CardKind, StoredCard
from bot.storage.stores.link_row import Link

CardKey: TypeAlias = tuple[CardKind, int]


class CardRegistry:
    """The cards of one server in one channel, by what they show."""

    def __init__(
        self,
        board: Board,
        links: Callable[[], Sequence[Link]],
        *,
        server_id: int,
        channel_id: int,
        clock: Clock,
    ) -> None:
        self.cards: dict[CardKey, Card] = {}
        self._board = board
        self._links = links
        self._server_id = server_id
        self._channel_id = channel_id
        self._clock = clock
        self._owners = UnitOwners()

    def load(self, stored: Iterable[StoredCard]) -> None:
        """Begin with the cards of the last run; those of another channel are posted here."""
        for one in stored:
            card = Card(one, self._clock.now())
            if one.channel_id != self._channel_id:
                card.stored = replace(one, channel_id=self._channel_id, message_id=None)
            self.cards[one.kind, one.call_id] = card

    def sync(self) -> None:
        """Note which calls there are now, and which are over."""
        self._owners.update(self._links())
        active = self._open_calls()
        for key, call in active.items():
            if key not in self.cards:
                self.cards[key] = self._new_card(key)
            card = self.cards[key]
            card.call = call
            _set_closed(card, None)
        has_spoken = self._board.confirmed_at(self._server_id) is not None
        for key in self.cards.keys() - active.keys():
            card = self.cards[key]
            # Until the first poll, the calls of the last run are unknown, not over.
            if card.stored.closed_at is None and (card.call or has_spoken):
                _set_closed(card, self._clock.now())

    def content(self, card: Card) -> CardContent:
        """Return what a card should show now."""
        stored = card.stored
        confirmed = max(
            self._board.confirmed_at(self._server_id) or card.known_since, card.known_since
        )
        is_stale = stored.closed_at is None and self._clock.now() - confirmed > STALE_AFTER
        return CardContent(
            stored.kind,
            stored.server_id,
            stored.call_id,
            visible_part(card.call),
            call_units(card.call, self._board.snapshot(self._server_id), self._owners),
            stored.first_seen_at,
            confirmed,
            stored.closed_at,
            is_stale,
        )

    def _open_calls(self) -> dict[CardKey, Call | EmergencyCall]:
        picture = self._board.snapshot(self._server_id)
        active: dict[CardKey, Call | EmergencyCall] = {
            (CardKind.EMERGENCY, one.call_id): one for one in picture.emergencies.values()
        }
        for call in picture.calls.values():
            if call.status != CLOSED:
                active[CardKind.CALL, call.call_id] = call
        return active

    def _new_card(self, key: CardKey) -> Card:
        now = self._clock.now()
        kind, call_id = key
        stored = StoredCard(self._server_id, kind, call_id, self._channel_id, None, now)
        return Card(stored, now, may_ping=self._is_new(key))

    def _is_new(self, key: CardKey) -> bool:
        """Tell a call that has just come from one that was open when the bot first looked."""
        kind, call_id = key
        found = self._board.first_poll(self._server_id)
        if found is None:
            # Known from a push event alone, which for a dispatch call may be of a mere change.
            return kind is CardKind.EMERGENCY
        calls = found.emergency if kind is CardKind.EMERGENCY else found.dispatch
        return all(one.call_id != call_id for one in calls)


def _set_closed(card: Card, closed_at: datetime | None) -> None:
    if card.stored.closed_at != closed_at:
        card.stored = replace(card.stored, closed_at=closed_at)
        card.is_unsaved = True
