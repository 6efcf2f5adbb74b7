"""How many requests the CAD may be sent, per API key and endpoint. No I/O, no sleep.

Reference: docs/sonoran-cad.md, "Rate:" of v1 and the limits of v2.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from bot.common.clock import SYSTEM_CLOCK, Clock

RECOVERY_SECONDS = 60.0  # seconds without a 429 after which the full pace is taken up again


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` within `seconds`, at any moment looked back from.

    Attributes:
        for_orders: how many of them questions leave to orders, where both count alike.
    """

    requests: int
    seconds: float
    reserved_for_orders: int = 0

    def new_limiter(self, clock: Clock) -> RateLimiter:
        """Start counting."""
        return RateLimiter(self, clock)

    def scaled(self, share: float) -> RateLimit:
        """Return what is left when others, the game server, need the rest; at least one."""
        return replace(self, requests=max(1, math.floor(self.requests * share)))


class RateLimiter:
    """The requests that one endpoint may still be sent.

    After a 429 the pace is halved until `CALM` seconds have passed without another.

    Args:
        limit: the CAD's own.
    """

    def __init__(self, limit: RateLimit, clock: Clock = SYSTEM_CLOCK) -> None:
        self._limit = limit
        self._clock = clock
        self._sent: deque[float] = deque()
        self._last_sent_at = -math.inf
        self._blocked_until = -math.inf
        self._limited_at = -math.inf
        self._halvings = 0

    @property
    def reserved_for_orders(self) -> int:
        """The requests that questions leave to orders."""
        return self._limit.reserved_for_orders

    @property
    def window(self) -> float:
        """The seconds that the limit looks back."""
        return self._limit.seconds

    @property
    def per_minute(self) -> int:
        """The requests per minute at the present pace."""
        return round(self.allowed * 60 / self.window)

    @property
    def since_last(self) -> float:
        """The seconds since the last request; infinite before the first."""
        return self._clock.monotonic() - self._last_sent_at

    @property
    def allowed(self) -> int:
        """The requests per window at the present pace."""
        if self._clock.monotonic() - self._limited_at >= RECOVERY_SECONDS:
            self._halvings = 0
        return max(1, self._limit.requests >> self._halvings)

    @property
    def used(self) -> int:
        """The requests sent within the window that ends now."""
        while self._sent and self._clock.monotonic() - self._sent[0] >= self._limit.seconds:
            self._sent.popleft()
        return len(self._sent)

    def wait(self, reserve: int = 0) -> float:
        """Return the seconds until a request may be sent, 0 for now.

        Args:
            reserve: how many requests must still be possible after it.
        """
        now = self._clock.monotonic()
        room = max(1, self.allowed - reserve)
        waits = [self._blocked_until - now, 0.0]
        if self.used >= room:
            waits.append(self._sent[-room] + self._limit.seconds - now)
        return max(waits)

    def record(self) -> None:
        """Count a request as sent."""
        self._last_sent_at = self._clock.monotonic()
        self._sent.append(self._last_sent_at)

    def refund(self) -> None:
        """Take note that the request that was counted last has not reached the CAD."""
        if self._sent:  # it may have left the window by now
            self._sent.pop()

    def on_rate_limited(self, retry_after: float | None) -> None:
        """Take note of a 429."""
        now = self._clock.monotonic()
        self._halvings += 1
        self._limited_at = now
        self._blocked_until = max(self._blocked_until, now + (retry_after or 0.0))


@dataclass(frozen=True, slots=True)
class BurstLimit(RateLimit):
    """`requests` at once, and from then on one more every `seconds`."""

    def new_limiter(self, clock: Clock) -> RateLimiter:
        """Start counting."""
        return TokenBucket(self, clock)


class TokenBucket(RateLimiter):
    """The requests that a pace allows: a bucket that fills again drop by drop.

    Kept as the moment at which the bucket will be full (the generic cell rate algorithm).
    """

    def __init__(self, limit: BurstLimit, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(limit, clock)
        self._full_at = -math.inf

    @property
    def window(self) -> float:
        """The seconds in which an empty bucket fills at the full pace."""
        return self._limit.seconds * self._limit.requests

    @property
    def used(self) -> int:
        """The requests that are missing from a full bucket, part of one counting as one."""
        return math.ceil(max(0.0, self._full_at - self._clock.monotonic()) / self._interval)

    def wait(self, reserve: int = 0) -> float:
        """Return the seconds until a request may be sent, 0 for now; see Budget.wait."""
        now = self._clock.monotonic()
        room = max(1, self.allowed - reserve)
        early = self._full_at - (room - 1) * self._interval
        return max(0.0, early - now, self._blocked_until - now)

    def record(self) -> None:
        """Count a request as sent."""
        self._last_sent_at = self._clock.monotonic()
        self._full_at = max(self._full_at, self._last_sent_at) + self._interval

    def refund(self) -> None:
        """Take note that the request that was counted last has not reached the CAD."""
        self._full_at -= self._interval

    @property
    def _interval(self) -> float:
        """The seconds between two requests in the long run, longer after a 429."""
        return self.window / self.allowed
