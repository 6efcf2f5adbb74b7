"""Publishes one Discord message per open call and 911 call of some servers in one channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog
from bot.services.background import BackgroundTasks
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.cards.card_registry import CardRegistry
from bot.services.cards.card_schedule import (
    CardAction,
    CardKey,
    CardSettings,
    DueWrite,
    WriteTurns,
    next_action,
)
from bot.services.cards.card_writer import CardChannel, CardRateLimited, CardWriter
from bot.services.cards.discord_budget import DiscordBudget, Urgency
from bot.services.cards.overview_writer import OverviewWriter
from bot.storage.stores.card_store import CardStore, StoredCard
from bot.storage.stores.link_row import Link

# Discord's limit for a channel is 5 in 5 seconds; the margin is for varying network delay.
WRITE_LIMIT = RateLimit(5, 5.25)
RESERVED_WRITES = 4  # writes of the limit that timestamps leave free for changes
OVERVIEW_RESERVE = 2  # writes of the limit that the overview leaves free for new calls

_IDLE_INTERVAL = 5.0  # seconds between checks of cards without a change: stale, to be removed
_DEBOUNCE = 0.05  # seconds in which further changes join the first
_BACKOFF = Backoff(first=5.0, longest=60.0)  # before a failed card is retried

_log = logging.getLogger(__name__)


class CardPublisher:
    """Writes the most urgent card first, each in its latest state, within Discord's limits.

    Args:
        links: returns the links of the guild of the channel, from memory.
        layouts: see `CardContent.details`.
        overview: writes the message that lists the open calls; None where there is none.
        discord: the requests of all guilds.
    """

    def __init__(
        self,
        store: CardStore,
        board: Board,
        channel: CardChannel,
        links: Callable[[], Sequence[Link]],
        settings: CardSettings,
        *,
        servers: CadServers,
        layouts: CallLayouts,
        overview: OverviewWriter | None = None,
        discord: DiscordBudget,
        clock: Clock,
    ) -> None:
        self._store = store
        self._overview = overview
        self._board = board
        self._settings = settings
        self._clock = clock
        self._writer = CardWriter(store, channel, settings, clock=clock)
        self._budget = RateLimiter(WRITE_LIMIT, clock)
        self._discord = discord
        self._registry = CardRegistry(
            board, links, settings, servers=servers, layouts=layouts, clock=clock
        )
        self._is_loaded = False
        self._turns = WriteTurns()
        self._failing: set[CardKey] = set()
        self._outage = OutageLog(
            _log, "the cards cannot be written", "the cards can be written again"
        )
        self._changed = asyncio.Event()
        self._tasks = BackgroundTasks(clock.sleep)
        board.subscribe(self._on_change)

    def start(self) -> None:
        """Start publishing."""
        self._tasks.repeat("publishing cards", self._write_and_wait, _BACKOFF)

    async def close(self, seconds: float) -> None:
        """Stop within seconds; a running write is finished, so that no card is posted twice."""
        await self._tasks.close(seconds)

    def find(self, key: CardKey) -> StoredCard | None:
        """Return the card of a call, None if there is none."""
        card = self._registry.cards.get(key)
        return card.stored if card else None

    def _on_change(self, server_id: int) -> None:
        if server_id in self._settings.server_ids:
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

    async def _write_and_wait(self) -> float:
        """Write the most urgent card, then wait until there may be another; return 0."""
        self._changed.clear()
        if wait := await self._write_next():
            with self._tasks.cancellable():
                await self._wait_for_change(wait)
        return 0.0

    async def _write_next(self) -> float:
        """Write the most urgent card; return the seconds until the next check, 0 for at once."""
        if not self._is_loaded:
            self._registry.load(
                await self._store.take_over(
                    self._settings.server_ids, self._settings.channel_id, self._clock.now()
                )
            )
            if self._overview is not None:
                await self._overview.load()
            self._is_loaded = True
        next_poll = min(map(self._board.poll, self._settings.server_ids))
        if (budget_wait := self._budget.wait()) > 0:
            # Choose the card when it can be written: until then, changes cost nothing.
            return max(budget_wait, _DEBOUNCE)
        self._registry.sync()
        due, wait = self._due_writes()
        if self._writer.is_summary_due and not self._tasks.is_stopping:
            if wait := self._discord.claim(self, Urgency.NEW_EMERGENCY):
                return wait
            self._budget.record()
            self._tasks.spawn(self._ping())
            return _DEBOUNCE
        if self._start_overview(due):
            return _DEBOUNCE
        if not due:
            # Without a card, nothing changes by itself.
            return max(wait if self._registry.cards else next_poll, _DEBOUNCE)
        return self._start_next(due)

    def _due_writes(self) -> tuple[list[DueWrite], float]:
        """Return the writes that are due, and the seconds until the next one is."""
        wait, due = _IDLE_INTERVAL, []
        now = self._clock.monotonic()
        for card in self._registry.cards.values():
            if card.is_being_written:
                continue
            content = self._registry.content(card)
            action = next_action(
                card,
                content,
                self._clock.now(),
                self._settings.keep_closed_for,
                is_editable=card.editable_at <= now,
            )
            if action is None:
                continue
            reserve = RESERVED_WRITES if action is CardAction.REFRESH_TIMESTAMP else 0
            due_at = card.due_at(action, is_old=content.is_old)
            delay = max(due_at - now, self._budget.wait(reserve))
            if delay > 0:
                wait = min(wait, delay)
            else:
                due.append(DueWrite(action, card, content))
        return due, wait

    def _start_overview(self, due: Sequence[DueWrite]) -> bool:
        """Begin to write the overview if it is its turn; return whether it was.

        That is after the changes of cards, and while writes are left for a new 911 call.
        """
        writer = self._overview
        if writer is None or self._tasks.is_stopping or not writer.is_to_be_looked_at:
            return False
        cards = self._registry.cards.values()
        is_busy = any(one.action <= CardAction.CLOSE for one in due)
        is_busy = is_busy or any(one.is_being_written for one in cards)
        if (is_busy and not writer.is_late) or self._budget.wait(OVERVIEW_RESERVE) > 0:
            return False
        last_message = max((one.stored.message_id or 0 for one in cards), default=0)
        overview = self._registry.overview()
        step = writer.next_step(overview, last_message) if overview else None
        if overview is None or step is None or self._discord.claim(writer, Urgency.STAMP):
            return False
        self._budget.record()
        writer.begin()
        self._tasks.spawn(writer.write(step, overview), "overview of the calls")
        return True

    def _start_next(self, due: Sequence[DueWrite]) -> float:
        """Begin the most urgent write; return the seconds until it may begin, 0 if it has."""
        chosen = self._turns.choose(due)
        if chosen.urgency is not None and (wait := self._discord.claim(self, chosen.urgency)):
            return wait
        self._start(chosen)
        return 0.0

    def _start(self, due: DueWrite) -> None:
        """Begin a write; the other cards do not wait for its end."""
        due.card.is_being_written = True
        self._turns.record(due.action)
        if due.urgency is not None:
            self._budget.record()
            due.card.written_at = self._clock.monotonic()
        self._tasks.spawn(self._write(due), f"card of {due.card.key}")

    async def _write(self, due: DueWrite) -> None:
        card = due.card
        try:
            await self._writer.write(due.action, card, due.content)
        except Exception as error:  # noqa: BLE001 - one card must not stop the others
            card.failures += 1
            card.retry_at = self._clock.monotonic() + _BACKOFF.delay(card.failures)
            if isinstance(error, CardRateLimited):
                card.retry_at = self._clock.monotonic() + error.retry_after
            self._record_failure(due.card.key, error)
        else:
            card.failures = 0
            self._record_success(due.card.key)
            if due.action is CardAction.REMOVE:
                del self._registry.cards[due.card.key]
        finally:
            card.is_being_written = False
            self._changed.set()

    async def _ping(self) -> None:
        try:
            await self._writer.ping_for_left_out()
        except Exception as error:  # noqa: BLE001 - the cards themselves show the calls
            self._outage.record_failure(error)

    def _record_failure(self, key: CardKey, error: Exception) -> None:
        self._failing.add(key)
        self._outage.record_failure(error)

    def _record_success(self, key: CardKey) -> None:
        self._failing.discard(key)
        if not self._failing:
            self._outage.record_success()
