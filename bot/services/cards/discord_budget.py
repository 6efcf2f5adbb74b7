"""The requests to Discord that answer no interaction: how many there may be, and which is next.

Discord takes 50 requests a second from a bot, in all guilds together; answers to interactions do
not count. https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import count

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.common.clock import Clock

LIMIT = RateLimit(45, 1.0)
# Stamps are the most frequent requests and the least important ones: with many cards they become
# rarer, instead of holding back what has changed.
STAMP_LIMIT = RateLimit(9, 1.0)

_PLACE_LIFETIME = 5.0  # seconds after which one that was to ask again loses its place


class Urgency(IntEnum):
    """What a request is for, the most urgent first."""

    NEW_EMERGENCY = 0
    NEW_CARD = 1
    CHANGE = 2
    CLOSING = 3
    REMOVAL = 4
    MESSAGE = 5
    STAMP = 6


@dataclass(slots=True)
class _Place:
    urgency: Urgency
    number: int  # in the order of arrival
    expires_at: float  # monotonic seconds


class DiscordBudget:
    """Counts the requests of all guilds; the most urgent is next, then who has waited longest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all = RateLimiter(LIMIT, clock)
        self._stamps = RateLimiter(STAMP_LIMIT, clock)
        self._places: dict[object, _Place] = {}
        self._arrivals = count()

    def claim(self, asker: object, urgency: Urgency) -> float:
        """Count a request of the asker, who sends it now, and return 0.

        Returns:
            the seconds after which to ask again, if it is not the asker's turn.
        """
        known = self._places.get(asker)
        number = next(self._arrivals) if known is None else known.number
        wait = _wait(self._all, self._count_before((urgency, number)))
        if urgency is Urgency.STAMP:
            stamps_before = self._count_before((urgency, number), since=Urgency.STAMP)
            wait = max(wait, _wait(self._stamps, stamps_before))
        if wait:
            expires_at = self._clock.monotonic() + wait + _PLACE_LIFETIME
            self._places[asker] = _Place(urgency, number, expires_at)
            return wait
        self._places.pop(asker, None)
        self._all.record()
        if urgency is Urgency.STAMP:
            self._stamps.record()
        return 0.0

    async def take(self, urgency: Urgency) -> None:
        """Wait until one request may be sent, and count it."""
        asker = object()
        while wait := self.claim(asker, urgency):
            await self._clock.sleep(wait)

    def _count_before(
        self, rank: tuple[Urgency, int], since: Urgency = Urgency.NEW_EMERGENCY
    ) -> int:
        """Return how many places come before a rank, from an urgency on."""
        now = self._clock.monotonic()
        self._places = {one: place for one, place in self._places.items() if place.expires_at > now}
        return sum(
            since <= place.urgency and (place.urgency, place.number) < rank
            for place in self._places.values()
        )


def _wait(limiter: RateLimiter, before: int) -> float:
    """Return the seconds until a request may be sent after some others."""
    windows, rest = divmod(before, limiter.allowed)
    return windows * limiter.window + limiter.wait(rest)
