"""Counts the requests to the push server that were refused, and reports them now and then. No I/O.

Any client can send them, so that a report of each would fill the log.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bot.common.clock import Clock

MALFORMED_SECONDS = 60.0  # at most one report of malformed requests in this time
# A community that the bot has left may go on sending for years.
UNKNOWN_KEY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class RefusedRequests:
    """Requests that the push server has refused since the last report.

    Attributes:
        reason: what was wrong with the last one; it does not quote it.
    """

    count: int
    reason: str


class RefusedRequestsCounter:
    """Reports the first refused request of each kind at once, the others together later."""

    def __init__(self, report: Callable[[RefusedRequests], None], clock: Clock) -> None:
        self._malformed = _Reports(report, clock, MALFORMED_SECONDS)
        self._unknown_keys = _Reports(report, clock, UNKNOWN_KEY_SECONDS)

    def count_malformed(self, reason: str) -> None:
        """Count a request that is no HTTP or no JSON object."""
        self._malformed.count(f"malformed: {reason}")

    def count_unknown_key(self) -> None:
        """Count an event whose API key no guild has."""
        self._unknown_keys.count("an API key that no server here has")


class _Reports:
    def __init__(
        self, report: Callable[[RefusedRequests], None], clock: Clock, seconds: float
    ) -> None:
        self._report = report
        self._clock = clock
        self._seconds = seconds
        self._count = 0  # since the last report
        self._reported_at = -math.inf

    def count(self, reason: str) -> None:
        self._count += 1
        now = self._clock.monotonic()
        if now - self._reported_at >= self._seconds:
            self._report(RefusedRequests(self._count, reason))
            self._count, self._reported_at = 0, now
