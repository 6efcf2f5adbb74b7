"""Decides when a request is sent again. No I/O."""

from __future__ import annotations

from bot.cad.errors import CadError, CadRateLimited, CadUnavailable, CadUnreachable
from bot.cad.http.rate_limits import is_sent_once
from bot.common.backoff import Backoff

TOTAL_TIMEOUT = 10.0  # seconds for all attempts together
MIN_ATTEMPT = 1.0  # seconds; an attempt with less time cannot succeed
BACKOFF = Backoff(first=0.25, longest=4.0)


def delay(error: CadError, attempt: int, elapsed: float, jitter: float) -> float | None:
    """Return the seconds to wait before the next attempt, or None to give up.

    Only a transient fault allows another attempt, outside `queries_sent_once`; a refusal does not.

    Args:
        error: the error of the last attempt.
        attempt: the number of failed attempts, from 1.
        elapsed: seconds since the first attempt began.
        jitter: between 0 and 1; spreads the retries of many clients.
    """
    is_transient = isinstance(error, CadUnreachable | CadRateLimited | CadUnavailable)
    if not is_transient or is_sent_once():
        return None
    wait = max(BACKOFF.delay(attempt, jitter), error.retry_after or 0.0)
    return wait if has_time(elapsed + wait) else None


def has_time(elapsed: float) -> bool:
    """Return True if there is time for another attempt after this many seconds."""
    return elapsed <= TOTAL_TIMEOUT - MIN_ATTEMPT


def time_limit(elapsed: float) -> float:
    """Return the seconds that the next attempt may take: the rest of `TOTAL_TIMEOUT`."""
    return max(MIN_ATTEMPT, TOTAL_TIMEOUT - elapsed)
