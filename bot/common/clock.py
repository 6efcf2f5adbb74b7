"""The one source of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

# Linux's monotonic clock stands still while the machine sleeps, that of macOS does not.
_UPTIME = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Clock:
    """The machine's time; tests and the sandbox put a clock of their own in its place."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring how long something takes."""
        return time.monotonic()

    def uptime(self) -> float:
        """Return seconds that never go back, and go on while the machine sleeps."""
        return time.clock_gettime(_UPTIME) if _UPTIME is not None else time.monotonic()

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        await asyncio.sleep(seconds)

    async def wait_for(self, future: asyncio.Future[Any], seconds: float | None = None) -> None:
        """Wait until a future is done, however it ends, at most for a number of seconds.

        Through the clock, so that pretended time knows which tasks only wait.
        """
        await asyncio.wait([future], timeout=seconds)


class ServerClock(Clock):
    """The machine's time, except that the present moment is the one that a server says.

    Several machines then agree on how old something is, and a step of the machine's own date and
    time changes nothing.

    Args:
        now: returns the server's present moment.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the server's present moment, in UTC."""
        return self._now()


SYSTEM_CLOCK = Clock()
