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
from bot.common.clock import Clock

FIRST_BACKOFF = 1.0  # seconds after the first failure; doubled after each that follows
MAX_BACKOFF = 15.0

_log = logging.getLogger(__name__)


class CadBackoff:
    """The faults that may pass, counted until one request succeeds.

    Args:
        jitter: a number between 0 and 1; spreads the attempts of many bots.
    """

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._backoff = FIRST_BACKOFF
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
        if self.error is None:
            _log.warning("the CAD does not take orders: %r", error)
        if self._is_new_error(error):
            self.error = error
        backoff = self._backoff * (0.5 + self._jitter() / 2)
        self._backoff = min(MAX_BACKOFF, self._backoff * 2)
        self.retry_at = self._clock.monotonic() + max(backoff, error.retry_after or 0.0)

    def _is_new_error(self, error: CadError) -> bool:
        """Tell a fault from the one before: whoever waits is told of a new one only."""
        known = self.error
        return known is None or (type(error), error.status, error.text) != (
            type(known),
            known.status,
            known.text,
        )

    def succeeded(self) -> None:
        """Take note that the CAD answers again."""
        if self.error is not None:
            _log.info("the CAD takes orders again")
        self.error = None
        self._backoff = FIRST_BACKOFF
