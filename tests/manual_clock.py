"""A clock for tests without background work: only sleeping moves it, or the test itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.common.clock import Clock


@dataclass
class ManualClock(Clock):
    """A clock that only sleeping moves.

    Attributes:
        seconds: what `monotonic` and `uptime` return; what `now` returns, as seconds since 1970.
        slept: how long each sleep was.
    """

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.seconds

    def uptime(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class NoWait(ManualClock):
    """A clock that stands still; every sleep is over at once."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
