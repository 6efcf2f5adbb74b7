"""The cards that exist or should exist, kept in step with the board. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.cad.models import CLOSED, Call, EmergencyCall
from bot.common.clock import Clock
from bot.services.board.call_layouts import NO_DETAILS, CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.cards.call_subject import call_subject, is_other_call
from bot.services.cards.card_content import (
    CardContent,
    UnitOwners,
    call_units,
    is_urgent,
    visible_part,
)
from bot.services.cards.card_schedule import STALE_AFTER, Card, CardKey, CardSettings
from bot.services.cards.overview import Overview, build_overview
from bot.storage.stores.card_store import CardKind, ObsoleteCard, StoredCard
from bot.storage.stores.link_row import Link


class CardRegistry:
    """The cards of some servers in one channel, by the call that they show."""

    def __init__(
        self,
        board: Board,
        links: Callable[[], Sequence[Link]],
        settings: CardSettings,
        *,
        servers: CadServers,
        layouts: CallLayouts,
        clock: Clock,
    ) -> None:
        self.cards: dict[CardKey, Card] = {}
        self._board = board
        self._links = links
        self._servers = servers
        self._settings = settings
        self._layouts = layouts
        self._clock = clock
        self._owners = UnitOwners()

    def load(self, stored: Iterable[StoredCard]) -> None:
        """Add the stored cards of the last run."""
        for row in stored:
            card = Card(row, self._clock.now(), may_be_posted=row.message_id is None)
            self.cards[card.key] = card

    def sync(self) -> None:
        """Add a card for each open call of the board, and mark the cards of the others closed."""
        self._owners.update(self._links())
        active = {
            key: call for one in self._settings.server_ids for key, call in self._open_calls(one)
        }
        for key, call in active.items():
            card = self.cards.get(key)
            if card is not None and card.is_being_written:
                continue
            if card is None:
                card = self.cards[key] = self._new_card(key)
            elif self._is_over(card) or is_other_call(call, card.stored.subject):
                card = self.cards[key] = self._renewed_card(key, card)
            card.call = call
            _update_stored(card, closed_at=None, subject=call_subject(call))
        for key in self.cards.keys() - active.keys():
            card = self.cards[key]
            if card.is_being_written:
                continue
            is_polled = self._board.confirmed_at(card.stored.server_id) is not None
            # Until the first poll, the calls of the last run are unknown, not closed.
            if card.stored.closed_at is None and (card.call or is_polled):
                _update_stored(card, closed_at=self._clock.now(), subject=card.stored.subject)

    def content(self, card: Card) -> CardContent:
        """Return the content that a card should show now."""
        stored, call = card.stored, card.call
        confirmed = max(
            self._board.confirmed_at(stored.server_id) or card.known_since, card.known_since
        )
        is_stale = stored.closed_at is None and self._clock.now() - confirmed > STALE_AFTER
        answered_by, answer = self._answer(card)
        before = card.shown.units if card.shown else ()
        return CardContent(
            stored.kind,
            stored.server_id,
            stored.call_id,
            visible_part(call),
            call_units(call, self._board.snapshot(stored.server_id), self._owners, before),
            stored.first_seen_at,
            confirmed,
            stored.closed_at,
            is_stale,
            is_urgent=is_urgent(call, self._settings.urgent_priorities),
            details=self._layouts.details(call) if isinstance(call, Call) else NO_DETAILS,
            is_old=stored.message_id is not None and card.is_old(self._clock.now()),
            server=self._servers.labels[stored.server_id],
            units_as_of=self._board.old_units_as_of(stored.server_id),
            answered_by=answered_by,
            answer_message_id=answer,
        )

    def _answer(self, card: Card) -> tuple[int | None, int | None]:
        """Return the call that a closed 911 call became, and the message of its card."""
        stored = card.stored
        if stored.kind is not CardKind.EMERGENCY or stored.closed_at is None:
            return None, None
        if card.shown is not None and card.shown.answer_message_id is not None:
            return card.shown.answered_by, card.shown.answer_message_id  # also once it is closed
        call = self._board.answering_call(stored.server_id, stored.call_id)
        if call is None:
            return (card.shown.answered_by, None) if card.shown else (None, None)
        answer = self.cards.get((stored.server_id, CardKind.CALL, call.call_id))
        return call.call_id, answer.stored.message_id if answer else None

    def overview(self) -> Overview | None:
        """Return all open calls at a glance; None while it is not known which are open."""
        server_ids = self._settings.server_ids
        cards = [(self.content(one), one.stored.message_id) for one in self.cards.values()]
        is_polled = all(self._board.confirmed_at(one) is not None for one in server_ids)
        if not is_polled and not any(content.is_stale for content, _ in cards):
            return None
        snapshots = map(self._board.snapshot, server_ids)
        panics = [
            (unit, snapshot.call_of_unit(unit.ident))
            for snapshot in snapshots
            for unit in snapshot.units.values()
            if unit.is_panic
        ]
        return build_overview(cards, panics)

    def _open_calls(self, server_id: int) -> Iterator[tuple[CardKey, Call | EmergencyCall]]:
        snapshot = self._board.snapshot(server_id)
        for emergency in snapshot.emergencies.values():
            yield (server_id, CardKind.EMERGENCY, emergency.call_id), emergency
        for call in snapshot.calls.values():
            if call.status != CLOSED:
                yield (server_id, CardKind.CALL, call.call_id), call

    def _is_over(self, card: Card) -> bool:
        """Return whether the message of a card shows that its call is closed."""
        is_shown = card.shown.is_closed if card.shown else not card.is_unsaved
        return card.stored.closed_at is not None and is_shown

    def _renewed_card(self, key: CardKey, old: Card) -> Card:
        """Return a new card for another call with the number of an earlier one."""
        card = self._new_card(key)
        # The earlier call is over: this one is certainly new.
        card.may_ping = True
        card.replaces = old.replaces
        if old.stored.message_id is not None:
            ended_at = old.stored.closed_at if self._is_over(old) else None
            delete_at = ended_at + self._settings.keep_closed_for if ended_at else self._clock.now()
            card.replaces = ObsoleteCard(old.stored.message_id, old.stored.channel_id, delete_at)
        return card

    def _new_card(self, key: CardKey) -> Card:
        now = self._clock.now()
        stored = StoredCard(*key, self._settings.channel_id, None, now)
        return Card(stored, now, may_ping=self._is_new(key))

    def _is_new(self, key: CardKey) -> bool:
        """Return whether a call is new, and was not open at the first poll."""
        server_id, kind, call_id = key
        first_poll = self._board.first_poll(server_id)
        if first_poll is None:
            # Known only from a push event, which also arrives when a dispatch call is changed.
            return kind is CardKind.EMERGENCY
        calls = first_poll.emergency if kind is CardKind.EMERGENCY else first_poll.dispatch
        return all(one.call_id != call_id for one in calls)


def _update_stored(card: Card, *, closed_at: datetime | None, subject: str | None) -> None:
    stored = replace(card.stored, closed_at=closed_at, subject=subject)
    card.is_unsaved = card.is_unsaved or stored != card.stored
    card.stored = stored
