"""Remembers that the CAD does not take orders, and when to try again."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
)
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog

BACKOFF = Backoff(first=1.0, longest=15.0)

_log = logging.getLogger(__name__)


class CadBackoff:
    """The faults that may pass, counted until one request succeeds.

    Args:
        jitter: a number between 0 and 1; spreads the attempts of many bots.
    """

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._outage = OutageLog(_log, "the CAD does not take orders", "the CAD takes orders again")
        self._failures = 0  # in a row
        self.retry_at = -math.inf  # monotonic seconds of the next attempt; in the past otherwise
        self.error: CadError | None = None
        self.failures = 0  # so far

    @staticmethod
    def is_transient(error: CadError) -> bool:
        """Tell whether an order is to be tried again after this error."""
        return isinstance(error, CadUnreachable | CadTimeout | CadUnavailable | CadRateLimited)

    def wait(self) -> float:
        """Return the seconds until the next attempt, 0 for now."""
        return max(0.0, self.retry_at - self._clock.monotonic())

    def failed(self, error: CadError) -> None:
        """Take note of a fault that may pass."""
        self.failures += 1
        self._failures += 1
        self._outage.record_failure(error)
        if self._is_new_error(error):
            self.error = error
        delay = BACKOFF.delay(self._failures, self._jitter())
        self.retry_at = self._clock.monotonic() + max(delay, error.retry_after or 0.0)

    def _is_new_error(self, error: CadError) -> bool:
        """Tell whether an error differs from the last; only then are replies edited."""
        known = self.error
        return known is None or (type(error), error.status, error.text) != (
            type(known),
            known.status,
            known.text,
        )

    def succeeded(self) -> None:
        """Take note that the CAD answers again."""
        self._outage.record_success()
        self.error = None
        self._failures = 0
