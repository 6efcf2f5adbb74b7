"""The cards that exist or should exist, kept in step with the board. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from bot.cad.models import CLOSED, Call, EmergencyCall
from bot.common.clock import Clock
from bot.services.board.call_layouts import NO_DETAILS, CallLayouts
from bot.services.board.live_board import Board
from bot.services.cards.card_content import (
    CardContent,
    UnitOwners,
    call_units,
    is_urgent,
    visible_part,
)
from bot.services.cards.card_schedule import STALE_AFTER, Card
from bot.storage.stores.card_store import CardKind, StoredCard
from bot.storage.stores.link_row import Link

CardKey: TypeAlias = tuple[CardKind, int]


class CardRegistry:
    """The cards of one server in one channel, by the call that they show."""

    def __init__(
        self,
        board: Board,
        links: Callable[[], Sequence[Link]],
        *,
        server_id: int,
        channel_id: int,
        urgent_priorities: Collection[str],
        layouts: CallLayouts,
        clock: Clock,
    ) -> None:
        self.cards: dict[CardKey, Card] = {}
        self._board = board
        self._links = links
        self._server_id = server_id
        self._channel_id = channel_id
        self._urgent_priorities = urgent_priorities
        self._layouts = layouts
        self._clock = clock
        self._owners = UnitOwners()

    def load(self, stored: Iterable[StoredCard]) -> None:
        """Add the stored cards of the last run; cards of another channel are posted again here."""
        for row in stored:
            card = Card(row, self._clock.now())
            if row.channel_id != self._channel_id:
                card.stored = replace(row, channel_id=self._channel_id, message_id=None)
            self.cards[row.kind, row.call_id] = card

    def sync(self) -> None:
        """Add a card for each open call of the board, and mark the cards of the others closed."""
        self._owners.update(self._links())
        active = self._open_calls()
        for key, call in active.items():
            if key not in self.cards:
                self.cards[key] = self._new_card(key)
            card = self.cards[key]
            card.call = call
            _set_closed(card, None)
        is_polled = self._board.confirmed_at(self._server_id) is not None
        for key in self.cards.keys() - active.keys():
            card = self.cards[key]
            # Until the first poll, the calls of the last run are unknown, not closed.
            if card.stored.closed_at is None and (card.call or is_polled):
                _set_closed(card, self._clock.now())

    def content(self, card: Card) -> CardContent:
        """Return the content that a card should show now."""
        stored, call = card.stored, card.call
        confirmed = max(
            self._board.confirmed_at(self._server_id) or card.known_since, card.known_since
        )
        is_stale = stored.closed_at is None and self._clock.now() - confirmed > STALE_AFTER
        return CardContent(
            stored.kind,
            stored.server_id,
            stored.call_id,
            visible_part(call),
            call_units(call, self._board.snapshot(self._server_id), self._owners),
            stored.first_seen_at,
            confirmed,
            stored.closed_at,
            is_stale,
            is_urgent=is_urgent(call, self._urgent_priorities),
            details=self._layouts.details(call) if isinstance(call, Call) else NO_DETAILS,
        )

    def _open_calls(self) -> dict[CardKey, Call | EmergencyCall]:
        snapshot = self._board.snapshot(self._server_id)
        active: dict[CardKey, Call | EmergencyCall] = {
            (CardKind.EMERGENCY, one.call_id): one for one in snapshot.emergencies.values()
        }
        for call in snapshot.calls.values():
            if call.status != CLOSED:
                active[CardKind.CALL, call.call_id] = call
        return active

    def _new_card(self, key: CardKey) -> Card:
        now = self._clock.now()
        kind, call_id = key
        stored = StoredCard(self._server_id, kind, call_id, self._channel_id, None, now)
        return Card(stored, now, may_ping=self._is_new(key))

    def _is_new(self, key: CardKey) -> bool:
        """Return whether a call is new, and was not open at the first poll."""
        kind, call_id = key
        first_poll = self._board.first_poll(self._server_id)
        if first_poll is None:
            # Known only from a push event, which also arrives when a dispatch call is changed.
            return kind is CardKind.EMERGENCY
        calls = first_poll.emergency if kind is CardKind.EMERGENCY else first_poll.dispatch
        return all(one.call_id != call_id for one in calls)


def _set_closed(card: Card, closed_at: datetime | None) -> None:
    if card.stored.closed_at != closed_at:
        card.stored = replace(card.stored, closed_at=closed_at)
        card.is_unsaved = True
