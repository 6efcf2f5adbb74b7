"""Keeps one Discord message per open call and 911 call, as the board has them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.board.live_board import Board
from bot.services.cards.card_content import CardContent
from bot.services.cards.card_registry import CardKey, CardRegistry
from bot.services.cards.card_schedule import Card, CardAction, next_action
from bot.storage.errors import StorageError
from bot.storage.stores.card_store import CardStore
from bot.storage.stores.link_row import Link

# Discord's for a channel, in 5 seconds: what is sent a little apart may arrive together.
WRITE_LIMIT = RateLimit(5, 5.25)
RESERVED_WRITES = 4  # of these writes, stamps leave this many to what has changed
CARD_EDIT_INTERVAL = 1.0  # seconds between two writes of one card

_IDLE_INTERVAL = (
    5.0  # seconds without news before another look: for polls, stale cards and removals
)
_DEBOUNCE = 0.05  # seconds in which further news join the first
_FIRST_RETRY, _MAX_RETRY = 5.0, 60.0  # seconds before a card that failed is tried again

_log = logging.getLogger(__name__)


class CardChannel(Protocol):
    """Where the cards are shown. Every method may raise."""

    async def post(self, content: CardContent) -> int:
        """Show a new card; return its message's id."""

    async def edit(self, message_id: int, content: CardContent) -> bool:
        """Change a card; False if its message is gone."""

    async def delete(self, message_id: int) -> None:
        """Remove a card; one that is gone already is no error."""


class CardPublisher:
    """Writes the most urgent card first, each in its latest state, within Discord's limits.

    Args:
        people: the links of the guild that sees the cards, from memory.
        keep: how long closed cards stay.
        ping_role_id: whom to ping for each new 911 or priority 1 call; None for nobody.
    """

    def __init__(
        self,
        store: CardStore,
        board: Board,
        channel: CardChannel,
        links: Callable[[], Sequence[Link]],
        *,
        server_id: int,
        channel_id: int,
        keep_closed_for: timedelta,
        ping_role_id: int | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._channel = channel
        self._server_id = server_id
        self._keep_closed_for = keep_closed_for
        self._ping_role_id = ping_role_id
        self._clock = clock
        self._budget = RateLimiter(WRITE_LIMIT, clock)
        self._registry = CardRegistry(
            board, links, server_id=server_id, channel_id=channel_id, clock=clock
        )
        self._is_loaded = False
        self._failing: set[CardKey | None] = set()
        self._changed = asyncio.Event()
        self._tasks = BackgroundTasks(self._wait_for_change)
        self._is_closing = False
        board.subscribe(self._on_change)

    def start(self) -> None:
        """Begin to keep the cards."""
        # A context of its own: the cards outlive whatever made us begin.
        contextvars.Context().run(self._tasks.spawn, self._run())

    async def close(self, seconds: float) -> None:
        """Stop; what is being written is finished, or a card would be posted twice."""
        self._is_closing = True
        self._tasks.cancel_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tasks.join()

    def _on_change(self, server_id: int) -> None:
        if server_id == self._server_id:
            self._changed.set()

    async def _wait_for_change(self, seconds: float) -> None:
        """Sleep until there are news, and a little longer where more may follow."""
        naps = (
            asyncio.ensure_future(self._changed.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        )
        try:
            await asyncio.wait(naps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nap in naps:
                nap.cancel()
        if self._changed.is_set():
            await self._clock.sleep(_DEBOUNCE)

    async def _run(self) -> None:
        while not self._is_closing:
            self._changed.clear()
            try:
                wait = await self._write_next()
            except StorageError as error:
                self._record_failure(None, error)
                wait = _FIRST_RETRY
            except Exception:  # noqa: BLE001 - nobody would start it again
                _log.exception("the cards stumbled")
                wait = _FIRST_RETRY
            if wait and not self._is_closing:
                await self._tasks.sleep(wait)

    async def _write_next(self) -> float:
        """Write the card whose turn it is; return the seconds until another look, 0 for now."""
        if not self._is_loaded:
            self._registry.load(await self._store.all(self._server_id))
            self._is_loaded = True
            self._record_success(None)
        self._board.refresh(self._server_id)
        if (room_in := self._budget.wait()) > 0:
            # What is written then will be chosen then: until that, news cost nothing.
            return max(room_in, _DEBOUNCE)
        self._registry.sync()
        wait = _IDLE_INTERVAL
        best: tuple[CardAction, float] | None = None
        chosen: tuple[CardAction, CardKey, Card, CardContent] | None = None
        for key, card in self._registry.cards.items():
            face = self._registry.content(card)
            turn = next_action(card, face, self._clock.now(), self._keep_closed_for)
            if turn is None:
                continue
            reserve = RESERVED_WRITES if turn is CardAction.REFRESH_TIMESTAMP else 0
            delay = max(card.next_write_at - self._clock.monotonic(), self._budget.wait(reserve))
            if delay > 0:
                wait = min(wait, delay)
            elif best is None or (turn, card.written_at) < best:
                best, chosen = (turn, card.written_at), (turn, key, card, face)
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
        except Exception as error:  # noqa: BLE001 - one card must not end all
            card.failures += 1
            pause = min(_MAX_RETRY, _FIRST_RETRY * 2 ** (card.failures - 1))
            card.next_write_at = self._clock.monotonic() + pause
            self._record_failure(key, error)
        else:
            card.failures = 0
            self._record_success(key)

    async def _post(self, card: Card, content: CardContent) -> None:
        pings = card.may_ping and self._ping_role_id is not None and content.is_urgent
        card.stored = replace(card.stored, pinged=card.stored.pinged or pings)
        # Before it is posted, so that a bot that is killed now pings nobody a second time.
        await self._save(card)
        ping = replace(content, ping_role_id=self._ping_role_id if pings else None)
        self._count_write(card)
        message_id = await self._channel.post(ping)
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
        # Somebody has deleted it.
        card.stored = replace(card.stored, message_id=None)
        card.is_unsaved, card.shown = True, None
        card.next_write_at = self._clock.monotonic()

    async def _remove(self, key: CardKey, card: Card) -> None:
        if card.stored.message_id is not None:
            self._count_write(card)
            await self._channel.delete(card.stored.message_id)
        await self._store.remove(self._server_id, *key)
        del self._registry.cards[key]

    def _count_write(self, card: Card) -> None:
        """Count a request to Discord, the moment before it is sent."""
        self._budget.record()
        card.written_at = self._clock.monotonic()
        card.next_write_at = card.written_at + CARD_EDIT_INTERVAL

    async def _save(self, card: Card) -> None:
        await self._store.save(card.stored)
        card.is_unsaved = False

    def _record_failure(self, key: CardKey | None, error: Exception) -> None:
        if not self._failing:
            _log.warning("the cards cannot be written: %r", error)
        self._failing.add(key)

    def _record_success(self, key: CardKey | None) -> None:
        if self._failing:
            self._failing.discard(key)
            if not self._failing:
                _log.info("the cards can be written again")
