"""A clock for tests that moves only when `advance` is called."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bot.common.clock import Clock

Wait = Callable[[Awaitable[None]], Awaitable[None]]


async def _await(wait: Awaitable[None]) -> None:
    await wait


class FakeTime(Clock):
    """A clock whose sleepers wake in order while `advance` passes their times.

    Args:
        wait: awaits a sleeper's future; under simcord it declares the wait as external.
    """

    def __init__(self, wait: Wait = _await) -> None:
        self.wait = wait
        self._elapsed = 0.0
        self._started_at = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tie_breaker = count()

    @property
    def sleeper_count(self) -> int:
        """The number of sleepers."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._elapsed

    def now(self) -> datetime:
        """Return the current time, timezone-aware."""
        return self._started_at + timedelta(seconds=self._elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has advanced by this many seconds."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._tie_breaker), future))
        await self.wait(future)

    async def wait_for(self, future: asyncio.Future[Any], seconds: float | None = None) -> None:
        """Wait until a future is done or time has been moved that far."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if seconds is not None:
            wakes_at = self._elapsed + seconds
            heapq.heappush(self._sleepers, (wakes_at, next(self._tie_breaker), waiter))

        def release(_done: object) -> None:
            if not waiter.done():
                waiter.set_result(None)

        future.add_done_callback(release)
        try:
            await self.wait(waiter)
        finally:
            future.remove_done_callback(release)
            waiter.cancel()

    async def advance(self, seconds: float, settle: Callable[[], Awaitable[None]]) -> None:
        """Move the clock forward, and let each sleeper that wakes up do its work.

        Args:
            settle: waits until all tasks are idle.
        """
        end = self._elapsed + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, future = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, moment)
            if not future.done():
                future.set_result(None)
                await settle()
        self._elapsed = end
