"""Publishes one Discord message per open call and 911 call of some servers in one channel."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog
from bot.services.background import BackgroundTasks
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.cards.card_content import CardContent
from bot.services.cards.card_registry import CardKey, CardRegistry
from bot.services.cards.card_schedule import Card, CardAction, next_action
from bot.storage.errors import StorageError
from bot.storage.stores.card_store import CardStore
from bot.storage.stores.link_row import Link

# Discord's limit for a channel is 5 in 5 seconds; the margin is for varying network delay.
WRITE_LIMIT = RateLimit(5, 5.25)
RESERVED_WRITES = 4  # writes of the limit that timestamps leave free for changes
CARD_EDIT_INTERVAL = 1.0  # seconds between two writes of one card

_IDLE_INTERVAL = 5.0  # seconds between checks without a change: stale cards, removals, polls
_DEBOUNCE = 0.05  # seconds in which further changes join the first
_BACKOFF = Backoff(first=5.0, longest=60.0)  # before a failed card is retried

_log = logging.getLogger(__name__)


class CardChannel(Protocol):
    """The channel that shows the cards. Every method may raise."""

    async def post(self, content: CardContent) -> int:
        """Post a new card; return the message id."""

    async def edit(self, message_id: int, content: CardContent) -> bool:
        """Edit a card; return False if its message was deleted."""

    async def delete(self, message_id: int) -> None:
        """Delete a card; a missing message is no error."""


class CardPublisher:
    """Writes the most urgent card first, each in its latest state, within Discord's limits.

    Args:
        links: returns the links of the guild of the channel, from memory.
        server_ids: the servers whose calls the channel shows.
        keep_closed_for: how long closed cards stay.
        ping_role_id: the role to ping for each new urgent call; None for no ping.
        urgent_priorities, layouts: see `card_content.is_urgent` and `CardContent.details`.
    """

    def __init__(
        self,
        store: CardStore,
        board: Board,
        channel: CardChannel,
        links: Callable[[], Sequence[Link]],
        *,
        servers: CadServers,
        server_ids: Sequence[int],
        channel_id: int,
        keep_closed_for: timedelta,
        ping_role_id: int | None,
        urgent_priorities: Collection[str],
        layouts: CallLayouts,
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._channel = channel
        self._server_ids = server_ids
        self._channel_id = channel_id
        self._keep_closed_for = keep_closed_for
        self._ping_role_id = ping_role_id
        self._clock = clock
        self._budget = RateLimiter(WRITE_LIMIT, clock)
        self._registry = CardRegistry(
            board,
            links,
            servers=servers,
            server_ids=server_ids,
            channel_id=channel_id,
            keep_closed_for=keep_closed_for,
            urgent_priorities=urgent_priorities,
            layouts=layouts,
            clock=clock,
        )
        self._is_loaded = False
        self._failing: set[CardKey | None] = set()
        self._outage = OutageLog(
            _log, "the cards cannot be written", "the cards can be written again"
        )
        self._changed = asyncio.Event()
        self._tasks = BackgroundTasks(self._wait_for_change)
        self._is_closing = False
        board.subscribe(self._on_change)

    def start(self) -> None:
        """Start publishing."""
        # A context of its own: the task outlives the one that starts it.
        contextvars.Context().run(self._tasks.spawn, self._run())

    async def close(self, seconds: float) -> None:
        """Stop within seconds; a running write is finished, so that no card is posted twice."""
        self._is_closing = True
        self._tasks.cancel_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tasks.join()

    def _on_change(self, server_id: int) -> None:
        if server_id in self._server_ids:
            self._changed.set()

    async def _wait_for_change(self, seconds: float) -> None:
        """Sleep until the board changes, at most for seconds, then for the debounce time."""
        waiters = (
            asyncio.ensure_future(self._changed.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        )
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        if self._changed.is_set():
            await self._clock.sleep(_DEBOUNCE)

    async def _run(self) -> None:
        while not self._is_closing:
            self._changed.clear()
            try:
                wait = await self._write_next()
            except StorageError as error:
                self._record_failure(None, error)
                wait = _BACKOFF.first
            except Exception:  # noqa: BLE001 - the task must go on
                _log.exception("card publisher failed; retrying in %.0f s", _BACKOFF.first)
                wait = _BACKOFF.first
            if wait and not self._is_closing:
                await self._tasks.sleep(wait)

    async def _write_next(self) -> float:
        """Write the most urgent card; return the seconds until the next check, 0 for at once."""
        if not self._is_loaded:
            self._registry.load(
                await self._store.take_over(self._server_ids, self._channel_id, self._clock.now())
            )
            self._is_loaded = True
            self._record_success(None)
        for server_id in self._server_ids:
            self._board.refresh(server_id)
        if (budget_wait := self._budget.wait()) > 0:
            # Choose the card when it can be written: until then, changes cost nothing.
            return max(budget_wait, _DEBOUNCE)
        self._registry.sync()
        wait = _IDLE_INTERVAL
        best: tuple[CardAction, float] | None = None
        chosen: tuple[CardAction, CardKey, Card, CardContent] | None = None
        for key, card in self._registry.cards.items():
            content = self._registry.content(card)
            action = next_action(card, content, self._clock.now(), self._keep_closed_for)
            if action is None:
                continue
            reserve = RESERVED_WRITES if action is CardAction.REFRESH_TIMESTAMP else 0
            delay = max(card.next_write_at - self._clock.monotonic(), self._budget.wait(reserve))
            if delay > 0:
                wait = min(wait, delay)
            elif best is None or (action, card.written_at) < best:
                best, chosen = (action, card.written_at), (action, key, card, content)
        if chosen is None:
            return max(wait, _DEBOUNCE)
        await self._write(*chosen)
        return 0.0

    async def _write(
        self, action: CardAction, key: CardKey, card: Card, content: CardContent
    ) -> None:
        try:
            match action:
                case CardAction.POST:
                    await self._post(card, content)
                case CardAction.REMOVE:
                    await self._remove(key, card)
                case CardAction.SAVE:
                    await self._save(card)
                case _:
                    await self._edit(card, content)
        except Exception as error:  # noqa: BLE001 - one card must not stop the others
            card.failures += 1
            card.next_write_at = self._clock.monotonic() + _BACKOFF.delay(card.failures)
            self._record_failure(key, error)
        else:
            card.failures = 0
            self._record_success(key)

    async def _post(self, card: Card, content: CardContent) -> None:
        pings = card.may_ping and self._ping_role_id is not None and content.is_urgent
        card.stored = replace(card.stored, pinged=card.stored.pinged or pings)
        # Saved before the post, so that a killed bot does not ping the role a second time.
        await self._save(card)
        first_content = replace(content, ping_role_id=self._ping_role_id if pings else None)
        self._count_write(card)
        message_id = await self._channel.post(first_content)
        card.shown, card.may_ping = content, False
        card.stored = replace(card.stored, message_id=message_id)
        card.is_unsaved = True
        await self._save(card)

    async def _edit(self, card: Card, content: CardContent) -> None:
        message_id = card.stored.message_id
        self._count_write(card)
        if message_id is not None and await self._channel.edit(message_id, content):
            card.shown = content
            if card.is_unsaved:
                await self._save(card)
            return
        # The message was deleted: post it again.
        card.stored = replace(card.stored, message_id=None)
        card.is_unsaved, card.shown = True, None
        card.next_write_at = self._clock.monotonic()

    async def _remove(self, key: CardKey, card: Card) -> None:
        if card.replaces is not None:
            await self._save(card)
        if card.stored.message_id is not None:
            self._count_write(card)
            await self._channel.delete(card.stored.message_id)
        await self._store.remove(*key)
        del self._registry.cards[key]

    def _count_write(self, card: Card) -> None:
        """Count a request to Discord just before it is sent."""
        self._budget.record()
        card.written_at = self._clock.monotonic()
        card.next_write_at = card.written_at + CARD_EDIT_INTERVAL

    async def _save(self, card: Card) -> None:
        await self._store.save(card.stored, card.replaces)
        card.is_unsaved, card.replaces = False, None

    def _record_failure(self, key: CardKey | None, error: Exception) -> None:
        self._failing.add(key)
        self._outage.record_failure(error)

    def _record_success(self, key: CardKey | None) -> None:
        self._failing.discard(key)
        if not self._failing:
            self._outage.record_success()
