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

from bot.cad.http.rate_limits import Budget, Limit
from bot.common.clock import Clock
from bot.services.background import Tasks
from bot.services.board.live_board import Board
from bot.services.cards.card_content import CardFace
from bot.services.cards.card_registry import CardBook, Key
from bot.services.cards.card_schedule import Card, Turn, turn_of
from bot.storage.errors import StorageError
from bot.storage.stores.card_store import CardStore
from bot.storage.stores.link_row import Link

# Discord's for a channel, in 5 seconds: what is sent a little apart may arrive together.
WRITES = Limit(5, 5.25)
FOR_NEWS = 4  # of these writes, stamps leave this many to what has changed
EDIT_GAP = 1.0  # seconds between two writes of one card

_BEAT = 5.0  # seconds without news before another look: for polls, stale cards and removals
_BREATH = 0.05  # seconds in which further news join the first
_RETRY, _RETRY_MOST = 5.0, 60.0  # seconds before a card that failed is tried again

_log = logging.getLogger(__name__)


class CardHost(Protocol):
    """Where the cards are shown. Every method may raise."""

    async def post(self, face: CardFace) -> int:
        """Show a new card; return its message's id."""

    async def edit(self, message_id: int, face: CardFace) -> bool:
        """Change a card; False if its message is gone."""

    async def delete(self, message_id: int) -> None:
        """Remove a card; one that is gone already is no error."""


class CardKeeper:
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
        host: CardHost,
        people: Callable[[], Sequence[Link]],
        *,
        server_id: int,
        channel_id: int,
        keep: timedelta,
        ping_role_id: int | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._host = host
        self._server_id = server_id
        self._keep = keep
        self._ping_role_id = ping_role_id
        self._clock = clock
        self._budget = Budget(WRITES, clock)
        self._book = CardBook(
            board, people, server_id=server_id, channel_id=channel_id, clock=clock
        )
        self._is_taken_over = False
        self._failing: set[Key | None] = set()
        self._woken = asyncio.Event()
        self._tasks = Tasks(self._nap)
        self._is_closing = False
        board.listen(self._hear)

    def start(self) -> None:
        """Begin to keep the cards."""
        # A context of its own: the cards outlive whatever made us begin.
        contextvars.Context().run(self._tasks.spawn, self._keep_up())

    async def close(self, seconds: float) -> None:
        """Stop; what is being written is finished, or a card would be posted twice."""
        self._is_closing = True
        self._tasks.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tasks.join()

    def _hear(self, server_id: int) -> None:
        if server_id == self._server_id:
            self._woken.set()

    async def _nap(self, seconds: float) -> None:
        """Sleep until there are news, and a little longer where more may follow."""
        naps = (
            asyncio.ensure_future(self._woken.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        )
        try:
            await asyncio.wait(naps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nap in naps:
                nap.cancel()
        if self._woken.is_set():
            await self._clock.sleep(_BREATH)

    async def _keep_up(self) -> None:
        while not self._is_closing:
            self._woken.clear()
            try:
                wait = await self._step()
            except StorageError as error:
                self._failed(None, error)
                wait = _RETRY
            except Exception:  # noqa: BLE001 - nobody would start it again
                _log.exception("the cards stumbled")
                wait = _RETRY
            if wait and not self._is_closing:
                await self._tasks.pause(wait)

    async def _step(self) -> float:
        """Write the card whose turn it is; return the seconds until another look, 0 for now."""
        if not self._is_taken_over:
            self._book.take_over(await self._store.all(self._server_id))
            self._is_taken_over = True
            self._recovered(None)
        self._board.look(self._server_id)
        if (room_in := self._budget.wait()) > 0:
            # What is written then will be chosen then: until that, news cost nothing.
            return max(room_in, _BREATH)
        self._book.observe()
        wait = _BEAT
        best: tuple[Turn, float] | None = None
        chosen: tuple[Turn, Key, Card, CardFace] | None = None
        for key, card in self._book.cards.items():
            face = self._book.face(card)
            turn = turn_of(card, face, self._clock.now(), self._keep)
            if turn is None:
                continue
            reserve = FOR_NEWS if turn is Turn.STAMP else 0
            delay = max(card.next_at - self._clock.monotonic(), self._budget.wait(reserve))
            if delay > 0:
                wait = min(wait, delay)
            elif best is None or (turn, card.written_at) < best:
                best, chosen = (turn, card.written_at), (turn, key, card, face)
        if chosen is None:
            return max(wait, _BREATH)
        await self._write(*chosen)
        return 0.0

    async def _write(self, turn: Turn, key: Key, card: Card, face: CardFace) -> None:
        try:
            match turn:
                case Turn.POST:
                    await self._post(card, face)
                case Turn.REMOVE:
                    await self._remove(key, card)
                case Turn.SAVE:
                    await self._save(card)
                case _:
                    await self._edit(card, face)
        except Exception as error:  # noqa: BLE001 - one card must not end all
            card.failures += 1
            pause = min(_RETRY_MOST, _RETRY * 2 ** (card.failures - 1))
            card.next_at = self._clock.monotonic() + pause
            self._failed(key, error)
        else:
            card.failures = 0
            self._recovered(key)

    async def _post(self, card: Card, face: CardFace) -> None:
        pings = card.may_ping and self._ping_role_id is not None and face.is_urgent
        card.stored = replace(card.stored, pinged=card.stored.pinged or pings)
        # Before it is posted, so that a bot that is killed now pings nobody a second time.
        await self._save(card)
        ping = replace(face, ping_role_id=self._ping_role_id if pings else None)
        self._spend(card)
        message_id = await self._host.post(ping)
        card.shown, card.may_ping = face, False
        card.stored = replace(card.stored, message_id=message_id)
        card.is_unsaved = True
        await self._save(card)

    async def _edit(self, card: Card, face: CardFace) -> None:
        message_id = card.stored.message_id
        self._spend(card)
        if message_id is not None and await self._host.edit(message_id, face):
            card.shown = face
            if card.is_unsaved:
                await self._save(card)
            return
        # Somebody has deleted it.
        card.stored = replace(card.stored, message_id=None)
        card.is_unsaved, card.shown = True, None
        card.next_at = self._clock.monotonic()

    async def _remove(self, key: Key, card: Card) -> None:
        if card.stored.message_id is not None:
            self._spend(card)
            await self._host.delete(card.stored.message_id)
        await self._store.remove(self._server_id, *key)
        del self._book.cards[key]

    def _spend(self, card: Card) -> None:
        """Count a request to Discord, the moment before it is sent."""
        self._budget.spend()
        card.written_at = self._clock.monotonic()
        card.next_at = card.written_at + EDIT_GAP

    async def _save(self, card: Card) -> None:
        await self._store.put(card.stored)
        card.is_unsaved = False

    def _failed(self, key: Key | None, error: Exception) -> None:
        if not self._failing:
            _log.warning("the cards cannot be written: %r", error)
        self._failing.add(key)

    def _recovered(self, key: Key | None) -> None:
        if self._failing:
            self._failing.discard(key)
            if not self._failing:
                _log.info("the cards can be written again")
