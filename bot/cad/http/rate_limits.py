"""Rate limits of the CAD, per API key and endpoint. No I/O, no sleep.

Reference: docs/sonoran-cad.md, "Rate:" of v1 and the limits of v2.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Self

from bot.cad.http.limiter_state import LimiterState
from bot.common.clock import SYSTEM_CLOCK, Clock

RECOVERY_SECONDS = 60.0  # after so many seconds without a 429, the full rate is allowed again


# The requests that a background query leaves to others; None outside `background_queries`.
_spare: ContextVar[int | None] = ContextVar("spare", default=None)
_is_sent_once = ContextVar("is_sent_once", default=False)


@contextmanager
def background_queries(spare: int = 0) -> Iterator[None]:
    """Mark the queries inside the block, and of tasks created in it, as background work.

    No member waits for them: they leave the reserve of their endpoint to queries that a member
    waits for, and give up soon when the rate limit allows none.

    Args:
        spare: how many further requests they leave to other background work.
    """
    token = _spare.set(spare)
    try:
        yield
    finally:
        _spare.reset(token)


def in_background() -> bool:
    """Return True inside `background_queries`."""
    return _spare.get() is not None


def spare_requests() -> int:
    """Return the requests that a query leaves to other background work."""
    return _spare.get() or 0


@contextmanager
def queries_sent_once() -> Iterator[None]:
    """Mark the queries inside the block, and of tasks created in it: the caller tries again."""
    token = _is_sent_once.set(True)
    try:
        yield
    finally:
        _is_sent_once.reset(token)


def is_sent_once() -> bool:
    """Return True inside `queries_sent_once`."""
    return _is_sent_once.get()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in every period of `seconds` (a sliding window).

    Attributes:
        reserved_for_orders: how many of the requests are kept for commands; queries do not use
            them. For endpoints that serve both.
        reserved_for_members: how many of the requests are kept for queries that a member waits for;
            background queries do not use them.
    """

    requests: int
    seconds: float
    reserved_for_orders: int = 0
    reserved_for_members: int = 0

    def new_limiter(self, clock: Clock, spent: float = 0.0) -> RateLimiter:
        """Return a limiter that has counted a part of the requests, from 0 up to 1."""
        limiter = self._limiter(clock)
        for _ in range(math.floor(self.requests * spent)):
            limiter.record()
        return limiter

    def _limiter(self, clock: Clock) -> RateLimiter:
        return RateLimiter(self, clock)

    def scaled(self, share: float) -> RateLimit:
        """Return the limit for a share of the requests, at least one.

        Args:
            share: between 0 and 1; the game server uses the rest.
        """
        return replace(self, requests=max(1, math.floor(self.requests * share)))


class RateLimiter:
    """Counts the requests to one endpoint and says when the next one is allowed.

    Each 429 halves the rate, until `RECOVERY_SECONDS` have passed without another 429.

    Args:
        limit: the limit that the CAD publishes.

    Attributes:
        window: the seconds within which `allowed` requests may be sent.
    """

    def __init__(self, limit: RateLimit, clock: Clock = SYSTEM_CLOCK) -> None:
        self.window = limit.seconds
        self._limit = limit
        self._clock = clock
        self._state = LimiterState()

    def new_user(self) -> Self:
        """Return the limiter for another user: they count together, and their orders take turns."""
        return copy.copy(self)

    @property
    def reserved_for_orders(self) -> int:
        """The number of requests that are kept for commands."""
        return self._limit.reserved_for_orders

    @property
    def reserved_for_members(self) -> int:
        """The number of requests that are kept for queries that a member waits for."""
        return self._limit.reserved_for_members

    @property
    def per_minute(self) -> int:
        """The requests per minute at the current rate."""
        return round(self.allowed * 60 / self.window)

    @property
    def since_last(self) -> float:
        """The seconds since the last request; infinite before the first."""
        return self._clock.monotonic() - self._state.last_sent_at

    @property
    def allowed(self) -> int:
        """The requests per window at the current rate."""
        if self._clock.monotonic() - self._state.limited_at >= RECOVERY_SECONDS:
            self._state.halvings = 0
        return max(1, self._limit.requests >> self._state.halvings)

    @property
    def used(self) -> int:
        """The number of requests sent within the window that ends now."""
        while (
            self._state.sent
            and self._clock.monotonic() - self._state.sent[0] >= self._limit.seconds
        ):
            self._state.sent.popleft()
        return len(self._state.sent)

    @contextmanager
    def precedence(self) -> Iterator[None]:
        """Have all other requests leave the next one to the query inside the block."""
        self._state.preceding += 1
        try:
            yield
        finally:
            self._state.preceding -= 1

    def wait(self, reserve: int = 0, *, is_first: bool = False) -> float:
        """Return the seconds until a request may be sent, 0 for now.

        Args:
            reserve: the number of requests that must still be allowed after this one.
            is_first: whether it is for a query inside `precedence`.
        """
        state, now, is_order = self._state, self._clock.monotonic(), not reserve
        if (state.preceding or state.waiting) and not is_first:
            reserve += state.requests_left_to_others(self, now)
        room = max(1, self.allowed - reserve)
        wait = max(state.blocked_until - now, 0.0)
        if self.used >= room:
            wait = max(wait, state.sent[-room] + self._limit.seconds - now)
        if wait and is_order and not is_first:
            state.waiting[self] = now
        return wait

    def record(self) -> None:
        """Count a request that is sent now."""
        self._state.waiting.pop(self, None)
        self._state.last_sent_at = self._clock.monotonic()
        self._state.sent.append(self._state.last_sent_at)

    def refund(self) -> None:
        """Undo the last `record`: the request has not reached the CAD."""
        if self._state.sent:  # empty if the request has already left the window
            self._state.sent.pop()

    def on_rate_limited(self, retry_after: float | None) -> None:
        """Halve the rate after a 429.

        Args:
            retry_after: the seconds that the CAD asks to wait; None if it gives no time.
        """
        now = self._clock.monotonic()
        self._state.halvings += 1
        self._state.limited_at = now
        self._state.blocked_until = max(self._state.blocked_until, now + (retry_after or 0.0))


@dataclass(frozen=True, slots=True)
class BurstLimit(RateLimit):
    """`requests` at once, then one more every `seconds`."""

    def _limiter(self, clock: Clock) -> RateLimiter:
        return TokenBucket(self, clock)


class TokenBucket(RateLimiter):
    """A token bucket: it holds at most `requests` tokens and gains one every `seconds`.

    Its state is the time at which the bucket will be full (generic cell rate algorithm).
    """

    def __init__(self, limit: BurstLimit, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(limit, clock)
        self.window = limit.seconds * limit.requests

    @property
    def used(self) -> int:
        """The number of tokens missing from a full bucket, rounded up."""
        return math.ceil(max(0.0, self._state.full_at - self._clock.monotonic()) / self._interval)

    def wait(self, reserve: int = 0, *, is_first: bool = False) -> float:
        """Return the seconds until a request may be sent, 0 for now; see `RateLimiter.wait`."""
        state, now, is_order = self._state, self._clock.monotonic(), not reserve
        if (state.preceding or state.waiting) and not is_first:
            reserve += state.requests_left_to_others(self, now)
        allowed = self.allowed
        room = max(1, allowed - reserve)
        early = state.full_at - (room - 1) * self.window / allowed
        wait = max(0.0, early - now, state.blocked_until - now)
        if wait and is_order and not is_first:
            state.waiting[self] = now
        return wait

    def record(self) -> None:
        """Count a request that is sent now."""
        self._state.waiting.pop(self, None)
        self._state.last_sent_at = self._clock.monotonic()
        self._state.full_at = (
            max(self._state.full_at, self._state.last_sent_at) + self.window / self.allowed
        )

    def refund(self) -> None:
        """Undo the last `record`: the request has not reached the CAD."""
        self._state.full_at -= self._interval

    @property
    def _interval(self) -> float:
        """The average seconds between two requests, longer after a 429."""
        return self.window / self.allowed
