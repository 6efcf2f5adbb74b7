"""The clock of the benchmarks: real time that can run faster and skip ahead."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.common.clock import Clock


class BenchmarkClock(Clock):
    """A clock that all parts of one measurement share.

    Args:
        speed: the number of its seconds per real second.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)
        self._skipped = 0.0
        self._skip = asyncio.Event()

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self.at(time.monotonic())

    def at(self, moment: float) -> float:
        """Convert a time of `time.monotonic` after the last skip to seconds of this clock."""
        return (moment - self._started) * self._speed + self._skipped

    def now(self) -> datetime:
        """Return the current time, timezone-aware."""
        return self._started_at + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Wait for this many seconds of the clock, or until time is skipped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds / self._speed):
                await self._skip.wait()

    def skip(self, seconds: float) -> None:
        """Advance the clock by this many seconds at once; every sleeper wakes."""
        self._skipped += seconds
        self._skip.set()
        self._skip = asyncio.Event()

    async def wait_for(self, future: asyncio.Future[Any], seconds: float | None = None) -> None:
        """Wait until a future is done, the time has passed or is skipped."""
        if seconds is None:
            await asyncio.wait([future])
            return
        sleeping = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait([future, sleeping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
