"""How many requests the CAD may be sent, per API key and endpoint. No I/O, no sleep.

Reference: sonoran-cad.md, "Rate:" of v1 and the limits of v2.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

CALM = 60.0  # seconds without a 429 after which the full pace is taken up again


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` within `seconds`, at any moment looked back from."""

    requests: int
    seconds: float

    def shared(self, share: float) -> Limit:
        """Return what is left when others, the game server, need the rest; at least one."""
        return Limit(max(1, math.floor(self.requests * share)), self.seconds)


class Budget:
    """The requests that one endpoint may still be sent.

    After a 429 the pace is halved until `CALM` seconds have passed without another.

    Args:
        limit: the CAD's own.
        clock: monotonic seconds.
    """

    def __init__(self, limit: Limit, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._sent: deque[float] = deque()
        self._blocked_until = -math.inf
        self._refused_at = -math.inf
        self._halvings = 0

    @property
    def allowed(self) -> int:
        """The requests per window at the present pace."""
        if self._clock() - self._refused_at >= CALM:
            self._halvings = 0
        return max(1, self._limit.requests >> self._halvings)

    @property
    def used(self) -> int:
        """The requests sent within the window that ends now."""
        while self._sent and self._clock() - self._sent[0] >= self._limit.seconds:
            self._sent.popleft()
        return len(self._sent)

    def wait(self, reserve: int = 0) -> float:
        """Return the seconds until a request may be sent, 0 for now.

        Args:
            reserve: how many requests must still be possible after it.
        """
        now = self._clock()
        room = max(1, self.allowed - reserve)
        waits = [self._blocked_until - now, 0.0]
        if self.used >= room:
            waits.append(self._sent[-room] + self._limit.seconds - now)
        return max(waits)

    def spend(self) -> None:
        """Count a request as sent."""
        self._sent.append(self._clock())

    def refuse(self, retry_after: float | None) -> None:
        """Take note of a 429."""
        now = self._clock()
        self._halvings += 1
        self._refused_at = now
        self._blocked_until = max(self._blocked_until, now + (retry_after or 0.0))
