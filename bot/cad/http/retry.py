"""When to send a request again. Pure."""

from __future__ import annotations

from bot.cad.errors import CadError, CadRateLimited, CadUnavailable, CadUnreachable

TOTAL_TIMEOUT = 10.0  # seconds for all attempts together
MIN_ATTEMPT = 1.0  # seconds; with less, waiting for an answer makes no sense
FIRST_DELAY = 0.25
MAX_DELAY = 4.0


def delay(error: CadError, attempt: int, elapsed: float, jitter: float) -> float | None:
    """Return the seconds to wait before trying again, or None to give up.

    Only faults that may pass are tried again; a refusal never. Attaching is a set operation:
    doing it twice does no harm.

    Args:
        error: what the last attempt ended with.
        attempt: how many attempts have failed, from 1.
        elapsed: seconds since the first attempt began.
        jitter: between 0 and 1; spreads the retries of many clients.
    """
    if not isinstance(error, CadUnreachable | CadRateLimited | CadUnavailable):
        return None
    backoff = min(MAX_DELAY, FIRST_DELAY * 2 ** (attempt - 1)) * (0.5 + jitter / 2)
    wait = max(backoff, error.retry_after or 0.0)
    return wait if has_time(elapsed + wait) else None


def is_safe_to_resend(error: CadError) -> bool:
    """Tell whether the CAD cannot have done what it was asked: asking again makes no twins."""
    return isinstance(error, CadUnreachable | CadRateLimited) and not error.may_have_arrived


def has_time(elapsed: float) -> bool:
    """Tell whether there is time for another attempt."""
    return elapsed <= TOTAL_TIMEOUT - MIN_ATTEMPT


def time_limit(elapsed: float) -> float:
    """Return the seconds that the next attempt may take: what is left of the window."""
    return max(MIN_ATTEMPT, TOTAL_TIMEOUT - elapsed)
