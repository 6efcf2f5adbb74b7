"""An outage in the log: one line when it begins, one when it is over."""

from __future__ import annotations

import logging


class OutageLog:
    """Logs the first failure in a row and the recovery after it, and nothing between.

    Args:
        log: the logger of the module that fails.
        failing: the line for the first failure; the error follows.
        recovered: the line for the recovery.

    Attributes:
        failures: how many there were in a row until now.
    """

    def __init__(self, log: logging.Logger, failing: str, recovered: str) -> None:
        self._log = log
        self._failing = failing
        self._recovered = recovered
        self.failures = 0

    def record_failure(self, error: object, *, traceback: bool = False) -> None:
        """Log a failure, unless the attempt before it failed too.

        Args:
            traceback: whether to log where it was raised, as an error: it is a fault of ours.
        """
        if not self.failures:
            trace = error if traceback and isinstance(error, BaseException) else None
            level = logging.ERROR if trace else logging.WARNING
            self._log.log(level, "%s: %r", self._failing, error, exc_info=trace)
        self.failures += 1

    def record_success(self) -> None:
        """Log a recovery if there was a failure."""
        if self.failures:
            self._log.info("%s", self._recovered)
        self.failures = 0
