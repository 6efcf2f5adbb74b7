"""An in-memory copy of a list that is fetched from elsewhere."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.cad.errors import CadRateLimited
from bot.cad.http.rate_limits import background_queries, in_background
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog
from bot.services.refresh_turns import RefreshTurns

T = TypeVar("T")

MAX_AGE = 15.0  # seconds
BACKOFF = Backoff(first=MAX_AGE, longest=30.0)  # between loads in the background that fail

_log = logging.getLogger(__name__)


class CachedList(Generic[T]):
    """The last loaded version of a list.

    Reading `items` never waits. `refresh` loads the list in the background, at most every
    `MAX_AGE` seconds and more rarely while that fails; `fetch` waits for a load that starts after
    the call.

    Args:
        name: for the log.
        load: loads the list.
        expected: the errors that are no fault of the bot; others are logged with a traceback.
        turns: the turns of the lists that share a rate limit; None for a limit of its own.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[], Awaitable[tuple[T, ...]]],
        *,
        expected: type[Exception],
        clock: Clock,
        turns: RefreshTurns | None = None,
    ) -> None:
        self.items: tuple[T, ...] = ()
        self._load = load
        self._expected = expected
        self._clock = clock
        self._turns = turns or RefreshTurns(clock)
        self._running: asyncio.Task[tuple[T, ...]] | None = None
        self._queued: asyncio.Task[tuple[T, ...]] | None = None
        self._in_background: set[asyncio.Task[tuple[T, ...]]] = set()  # of these two
        self._is_closed = False
        self._refreshed_at = -math.inf
        self._failures = 0  # in a row
        self._retry_at = -math.inf  # monotonic seconds
        self._refreshing: set[asyncio.Task[None]] = set()
        self._outage = OutageLog(
            _log, f"{name} cannot be refreshed", f"{name} can be refreshed again"
        )

    async def fetch(self) -> tuple[T, ...]:
        """Load the list after this call and return it; simultaneous callers share one load.

        They also share its failure: an older list must not pass for a new one. A load that a
        member waits for goes first: it takes the place of those in the background, which may be
        trying again, or waiting for requests that the rate limit keeps for members.
        """
        load = self._next_load()
        await self._clock.wait_for(load)  # to cancel one caller does not cancel the shared load
        while load.cancelled() and not self._is_closed:
            load = self._queued or self._running or load  # the one that has taken its place
            await self._clock.wait_for(load)
        return load.result()

    def refresh(self, max_age: float = MAX_AGE) -> None:
        """Load in the background, unless a load is running or recent, or others come first.

        Args:
            max_age: seconds for which a load is recent; one that failed is repeated sooner.
        """
        self._turns.note_asking(self)
        now = self._clock.monotonic()
        recent = MAX_AGE if self._failures else max_age
        if self._refreshing or now - self._refreshed_at < recent or now < self._retry_at:
            return
        if self._turns.may_load(self):
            self.force_refresh()

    def force_refresh(self) -> None:
        """Load in the background, even if the last load is recent."""
        self._refreshed_at = self._clock.monotonic()
        # A context of its own: the load outlives the interaction that caused it.
        task = contextvars.Context().run(asyncio.create_task, self._refresh_once())
        self._refreshing.add(task)
        task.add_done_callback(self._refreshing.discard)

    def _next_load(self) -> asyncio.Task[tuple[T, ...]]:
        """Return the load that begins next, after the one that is running."""
        is_in_background = in_background()
        if not is_in_background:
            for load in self._in_background:
                load.cancel()
            if self._queued in self._in_background:
                self._queued = None
            self._in_background.clear()
        if self._queued is None:
            self._queued = asyncio.create_task(self._load_after(self._running))
            self._queued.add_done_callback(_retrieve_exception)
            if is_in_background:
                self._in_background.add(self._queued)
                self._queued.add_done_callback(self._in_background.discard)
        return self._queued

    async def close(self) -> None:
        """Cancel all loads."""
        self._is_closed = True
        tasks = [*self._refreshing, *(task for task in (self._running, self._queued) if task)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _load_after(self, previous: asyncio.Task[tuple[T, ...]] | None) -> tuple[T, ...]:
        """Load when the running load has ended."""
        if previous is not None:
            await self._clock.wait_for(previous)
        self._running, self._queued = self._queued, None
        started_at = self._clock.monotonic()
        self.items = await self._load()
        self._failures, self._retry_at = 0, -math.inf
        # A load that a member waited for serves the background too.
        self._refreshed_at = max(self._refreshed_at, started_at)
        self._turns.leave(self)
        return self.items

    async def _refresh_once(self) -> None:
        try:
            with background_queries():
                await self.fetch()
        except CadRateLimited as error:
            # Not an outage: the bot loads more often than the CAD allows.
            wait = max(MAX_AGE, error.retry_after or 0.0)
            self._refreshed_at = self._clock.monotonic() + wait - MAX_AGE
            self._turns.wait(self)
        except Exception as error:  # noqa: BLE001 - the next load may do better
            self._turns.leave(self)
            self._failures += 1
            self._retry_at = self._clock.monotonic() + BACKOFF.delay(self._failures)
            self._outage.record_failure(error, traceback=not isinstance(error, self._expected))
        else:
            self._outage.record_success()


def _retrieve_exception(task: asyncio.Task[object]) -> None:
    """Mark the exception as retrieved; callers that still wait get it anyway."""
    if not task.cancelled():
        task.exception()
