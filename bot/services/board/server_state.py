"""What the board remembers of one server."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from bot.cad.errors import UnitListIncomplete
from bot.cad.models import Call, Calls, Unit, UnitListPart
from bot.cad.push.events import Event
from bot.services.board.answering_calls import AnsweringCalls
from bot.services.board.poll_interval import ServerUse
from bot.services.board.snapshot import BoardSnapshot
from bot.services.cached_list import CachedList

# A list of units that loads over minutes serves orders until it is this old.
MAX_UNITS_AGE = timedelta(minutes=15)


@dataclass(slots=True)
class ServerState:
    """The state of one server.

    Attributes:
        whole_list_as_of: when the oldest part of the last whole list of units was fetched.
        part: the last part of a list of units that is not whole yet; None if it is.
        part_as_of: when the first part of that list was fetched.
        is_list_long: whether the last whole list took several loads.
        idents_since_part: units that events have named since that list was begun.
        events_since_poll: events since the oldest running poll started.
        is_push_heard: see `ServerUse`.
        used_at: monotonic seconds at which a member last asked for calls or units.
    """

    calls: CachedList[Call]
    units: CachedList[Unit]
    snapshot: BoardSnapshot = field(default_factory=BoardSnapshot)
    answering_calls: AnsweringCalls = field(default_factory=AnsweringCalls)
    confirmed_at: datetime | None = None
    first_poll: Calls | None = None
    whole_list_as_of: datetime | None = None
    part: UnitListPart | None = None
    part_as_of: datetime | None = None
    is_list_long: bool = False
    idents_since_part: set[int] = field(default_factory=set)
    events_since_poll: list[Event] = field(default_factory=list)
    running_polls: int = 0
    is_push_heard: bool = False
    used_at: float = -math.inf

    def use(self, monotonic: float) -> ServerUse:
        """Return what decides how often it is polled."""
        shown = self.snapshot
        return ServerUse(
            is_push_heard=self.is_push_heard,
            is_known=self.confirmed_at is not None,
            has_units=bool(shown.units or shown.dispatchers),
            has_open_calls=bool(shown.calls or shown.emergencies),
            since_use=monotonic - self.used_at,
        )

    @property
    def units_as_of(self) -> datetime | None:
        """When the oldest part of the units was fetched; None before the first."""
        return self.whole_list_as_of or self.part_as_of

    def has_recent_units(self, now: datetime) -> bool:
        """Return whether a whole list is known that is not older than `MAX_UNITS_AGE`."""
        as_of = self.whole_list_as_of
        return as_of is not None and now - as_of <= MAX_UNITS_AGE

    def record_units(self, loaded: UnitListPart, now: datetime) -> None:
        """Record that a list of units, or a part of it, was loaded."""
        as_of = now - timedelta(seconds=loaded.age)
        if loaded.is_complete:
            self.whole_list_as_of, self.is_list_long = as_of, self.part is not None
            self.part = self.part_as_of = None
            self.idents_since_part.clear()
        else:
            self.part, self.part_as_of = loaded, as_of

    def require_whole_list(self, now: datetime, retry_after: float | None) -> None:
        """Raise UnitListIncomplete if only a part of the units is known.

        Args:
            retry_after: seconds until the rate limit allows a request; None if the part knows it.
        """
        if self.part is not None and not self.has_recent_units(now):
            raise UnitListIncomplete(
                retry_after=retry_after or self.part.retry_after,
                loaded=self.part.loaded,
                as_of=self.part_as_of,
            )


class RunningPoll:
    """A running poll; its answer may be older than the events that arrive meanwhile."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self._first_event = 0

    async def __aenter__(self) -> Self:
        self._server.running_polls += 1
        self._first_event = len(self._server.events_since_poll)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.running_polls -= 1
        if not self._server.running_polls:
            self._server.events_since_poll.clear()

    def with_later_events(self, snapshot: BoardSnapshot) -> BoardSnapshot:
        """Apply the events that arrived since the poll started to its snapshot."""
        for event in self._server.events_since_poll[self._first_event :]:
            snapshot = snapshot.apply(event)
        return snapshot
