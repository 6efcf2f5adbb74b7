"""Lets the guilds that share an API key send their orders in turn. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.cad.http.rate_limits import RateLimiter
from bot.common.clock import Clock

TURN_LIFETIME = 60.0  # seconds after which a guild that no longer asks loses its turn


class LimiterTurns:
    """Those that a limiter had wait, the first in front; who has sent a request joins anew.

    Args:
        limiter: counts the requests of all of them.
    """

    def __init__(self, limiter: RateLimiter, clock: Clock) -> None:
        self.limiter = limiter
        self._clock = clock
        self._waiting: dict[object, float] = {}  # monotonic seconds at which each last asked

    def new_user(self) -> RateLimiter:
        """Return the limiter as one of those that share it sees it."""
        return _UserLimiter(self)

    def count_before(self, user: object) -> int:
        """Return how many others a user has to leave a request to."""
        now = self._clock.monotonic()
        self._waiting = {
            one: asked_at
            for one, asked_at in self._waiting.items()
            if now - asked_at < TURN_LIFETIME
        }
        order = list(self._waiting)
        return order.index(user) if user in self._waiting else len(order)

    def join(self, user: object) -> None:
        """Let a user wait; it keeps a place that it already has."""
        self._waiting[user] = self._clock.monotonic()

    def leave(self, user: object) -> None:
        """Let a user that sends a request leave the line."""
        self._waiting.pop(user, None)


class _UserLimiter(RateLimiter):
    """Counts with the others; has its orders wait behind those that wait longer."""

    def __init__(self, turns: LimiterTurns) -> None:
        self._turns = turns
        self._shared = turns.limiter
        self.window = self._shared.window

    @property
    def reserved_for_orders(self) -> int:
        return self._shared.reserved_for_orders

    @property
    def reserved_for_members(self) -> int:
        return self._shared.reserved_for_members

    @property
    def per_minute(self) -> int:
        return self._shared.per_minute

    @property
    def since_last(self) -> float:
        return self._shared.since_last

    @property
    def allowed(self) -> int:
        return self._shared.allowed

    @property
    def used(self) -> int:
        return self._shared.used

    @contextmanager
    def precedence(self) -> Iterator[None]:
        with self._shared.precedence():
            yield

    def wait(self, reserve: int = 0, *, is_first: bool = False) -> float:
        if is_first:
            return self._shared.wait(reserve, is_first=True)
        wait = self._shared.wait(reserve + self._turns.count_before(self))
        if wait and not reserve:  # an order
            self._turns.join(self)
        return wait

    def record(self) -> None:
        self._turns.leave(self)
        self._shared.record()

    def refund(self) -> None:
        self._shared.refund()

    def on_rate_limited(self, retry_after: float | None) -> None:
        self._shared.on_rate_limited(retry_after)
