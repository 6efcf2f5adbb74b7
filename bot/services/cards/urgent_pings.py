"""Limits how often urgent calls ping the role. No I/O."""

from __future__ import annotations

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.common.clock import Clock

PING_LIMIT = RateLimit(3, 60.0)  # a script in the game can make a 911 call each second


class UrgentPings:
    """Counts the urgent calls that came too fast to ping the role each.

    Attributes:
        left_out: urgent calls whose card was posted without a ping since the last ping.
    """

    def __init__(self, clock: Clock) -> None:
        self._limiter = RateLimiter(PING_LIMIT, clock)
        self.left_out = 0

    def take(self) -> bool:
        """Return whether an urgent call may ping the role now; otherwise count it."""
        if self.left_out or self._limiter.wait() > 0:
            self.left_out += 1
            return False
        self._limiter.record()
        return True

    @property
    def is_summary_due(self) -> bool:
        """Whether a ping may now be sent for those that were left out."""
        return self.left_out > 0 and self._limiter.wait() <= 0

    def take_summary(self) -> int:
        """Return how many calls were left out, for the ping that counts them."""
        self._limiter.record()
        count, self.left_out = self.left_out, 0
        return count
