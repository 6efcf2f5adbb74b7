"""How often the calls and units of a server are polled for its cards. Pure.

An API key has few requests a minute, and most servers are empty most of the day.
"""

from __future__ import annotations

from dataclasses import dataclass

RECENT_USE = 600.0  # seconds for which a server counts as in use after a member has used it


@dataclass(frozen=True, slots=True)
class ServerUse:
    """What decides how often a server is polled.

    Attributes:
        is_push_heard: whether push events arrive, and no poll has found a change without one.
        is_known: whether a poll has succeeded yet.
        has_units: whether units are on duty.
        has_open_calls: whether a call or a 911 call is open.
        since_use: seconds since a member last asked for its calls or units.
    """

    is_push_heard: bool
    is_known: bool
    has_units: bool
    has_open_calls: bool
    since_use: float

    @property
    def is_in_use(self) -> bool:
        """Whether members may see the next poll; a server that is not known counts as in use."""
        is_busy = self.has_units or self.has_open_calls
        return not self.is_known or is_busy or self.since_use < RECENT_USE


def poll_interval(use: ServerUse) -> float:
    """Return the seconds between two polls.

    Push events tell of a change at once; the polls then only confirm that none was missed.
    """
    if use.is_in_use:
        return 60.0 if use.is_push_heard else 15.0
    return 300.0 if use.is_push_heard else 60.0
