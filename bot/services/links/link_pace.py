"""Limits how often members link themselves: each time may put a line into the log channel."""

from __future__ import annotations

from bot.common.clock import Clock
from bot.services.access.policy import Access, Actor
from bot.services.link_errors import TooManyLinks

LINKS_PER_HOUR = 5
_HOUR = 3600.0  # seconds


class LinkPace:
    """Counts the links of each member who may link no others; a restart begins anew."""

    def __init__(self, access: Access, *, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        # By guild and member: monotonic seconds.
        self._times: dict[tuple[int, int], list[float]] = {}

    def take(self, actor: Actor) -> None:
        """Count one more link, or raise TooManyLinks."""
        if self._access.may_link(actor):
            return
        now = self._clock.monotonic()
        self._times = {
            member: recent
            for member, times in self._times.items()
            if (recent := [one for one in times if now - one < _HOUR])
        }
        times = self._times.setdefault((actor.guild_id, actor.user_id), [])
        if len(times) >= LINKS_PER_HOUR:
            raise TooManyLinks(times[0] + _HOUR - now)
        times.append(now)
