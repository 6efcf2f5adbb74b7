"""Counts requests per API key and endpoint, and answers with a 429 above the limit."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from sandbox.cad.state.behaviour import Behaviour
from sandbox.cad.state.faults import RateLimited


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in every period of `seconds` (a sliding window)."""

    requests: int
    seconds: float = 60.0


class RateLimiter:
    """Keeps the request times per key and endpoint; a refused request does not count."""

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._request_times: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def count(self, key: str, endpoint: str, rate: RateLimit) -> web.Response | None:
        """Count a request and return None, or return a 429 if the limit is reached."""
        if not self._behaviour.rate_limits:
            return None
        now = self._clock()
        times = self._request_times[key, endpoint]
        while times and now - times[0] >= rate.seconds:
            times.popleft()
        if len(times) < rate.requests:
            times.append(now)
            return None
        wait = math.ceil(times[0] + rate.seconds - now)
        told = wait if self._behaviour.sends_retry_after else None
        return RateLimited(told, self._behaviour.retry_after_header).response()
