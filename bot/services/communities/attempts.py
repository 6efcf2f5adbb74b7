"""How often API keys may be tried, so that the bot is no machine for guessing them."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from bot.common.clock import Clock
from bot.services.access.policy import Actor
from bot.services.guild_errors import TooManyTries

TRIES, WITHIN = 5, 600.0  # of one member in one guild, seconds
TRIES_OF_ALL, WITHIN_OF_ALL = 60, 60.0


class Attempts:
    """Counts the tries of each member, and of all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of_all: deque[float] = deque()
        self._by_member: dict[tuple[int, int], deque[float]] = {}

    def count(self, actor: Actor) -> None:
        """Count a try.

        Raises:
            TooManyTries: it is one too many, and must not be made.
        """
        now = self._clock.monotonic()
        for key in [*self._by_member]:
            if not _recent(self._by_member[key], now - WITHIN):
                del self._by_member[key]
        own = self._by_member.get((actor.guild_id, actor.user_id), deque())
        waits = (
            _wait(own, now, TRIES, WITHIN),
            _wait(_recent(self._of_all, now - WITHIN_OF_ALL), now, TRIES_OF_ALL, WITHIN_OF_ALL),
        )
        if (longest := max(waits)) > 0:
            raise TooManyTries(self._clock.now() + timedelta(seconds=longest))
        own.append(now)
        self._of_all.append(now)
        self._by_member[actor.guild_id, actor.user_id] = own


def _recent(tries: deque[float], since: float) -> deque[float]:
    """Forget the tries before a moment."""
    while tries and tries[0] <= since:
        tries.popleft()
    return tries


def _wait(tries: deque[float], now: float, limit: int, within: float) -> float:
    """Return the seconds until another try is allowed; 0 for now."""
    return 0.0 if len(tries) < limit else tries[-limit] + within - now
