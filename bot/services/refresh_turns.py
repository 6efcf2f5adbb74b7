"""Who goes first where lists share a rate limit. No I/O."""

from __future__ import annotations

from bot.common.clock import Clock

TURN_LIFETIME = 60.0  # seconds after which a list that no longer asks loses its turn


class RefreshTurns:
    """The lists that a rate limit has refused, the first in turn first.

    Without it, the list that asks first would use each request that the limit allows, and the
    lists of the other servers would never be loaded.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[object, float] = {}  # monotonic seconds at which each last asked

    def note_asking(self, asker: object) -> None:
        """Keep the turn of a list that still asks, even if it may not load yet."""
        if asker in self._waiting:
            self._waiting[asker] = self._clock.monotonic()

    def may_load(self, asker: object) -> bool:
        """Return whether no other list comes before this one; otherwise it waits behind them."""
        now = self._clock.monotonic()
        for one, asked_at in list(self._waiting.items()):
            if now - asked_at > TURN_LIFETIME:
                del self._waiting[one]
        if next(iter(self._waiting), asker) is asker:
            return True
        self._waiting.setdefault(asker, now)
        return False

    def wait(self, asker: object) -> None:
        """Let a list that the rate limit refused wait; it keeps a place that it already has."""
        self._waiting.setdefault(asker, self._clock.monotonic())

    def leave(self, asker: object) -> None:
        """Let a list that was loaded, or that failed for another reason, leave the line."""
        self._waiting.pop(asker, None)
