"""What the users of one rate limit share: the requests so far, and whose turn the next is. No I/O.

The CAD counts per API key, and guilds may share a key.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

TURN_LIFETIME = 60.0  # seconds after which a user that no longer asks loses its turn


@dataclass(slots=True)
class LimiterState:
    """The state of a limiter; times are monotonic seconds.

    Attributes:
        sent: when the requests of the window were sent.
        full_at: when a token bucket will be full.
        halvings: how often the rate was halved since `limited_at`.
        preceding: how many queries have precedence.
        waiting: when each user that had to wait last asked, the first in turn in front.
    """

    sent: deque[float] = field(default_factory=deque)
    last_sent_at: float = -math.inf
    full_at: float = -math.inf
    blocked_until: float = -math.inf
    limited_at: float = -math.inf
    halvings: int = 0
    preceding: int = 0
    waiting: dict[object, float] = field(default_factory=dict)

    def requests_left_to_others(self, user: object, now: float) -> int:
        """Return how many requests a user leaves to queries with precedence and earlier users."""
        for one, asked_at in list(self.waiting.items()):
            if now - asked_at >= TURN_LIFETIME:
                del self.waiting[one]
        order = list(self.waiting)
        before = order.index(user) if user in self.waiting else len(order)
        return before + bool(self.preceding)
