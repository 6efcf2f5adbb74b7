"""What a feed has heard and nobody has read yet. No I/O.

A feed hears faster than anybody can be made to wait: what does not fit is let go of, and the
reader is told to fetch everything again instead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from bot.cad.push.events import Event

QUEUE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class EventsReceived:
    """Events of one server; None for the server that the bot uses where none is named."""

    server_id: int | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class EventsMissed:
    """Something may have been missed: fetch everything of this server (None: of all) again."""

    server_id: int | None


@dataclass(frozen=True, slots=True)
class FeedDisconnected:
    """The feed has no connection and keeps trying; said once, the Gap afterwards ends it.

    Attributes:
        reason: for the log; holds no secret.
    """

    server_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class FeedRefused:
    """The CAD does not take the key; said once, tried again seldom. text: the CAD's own words."""

    server_id: int | None
    text: str


FeedItem = EventsReceived | EventsMissed | FeedDisconnected | FeedRefused


class EventQueue:
    """A bounded queue from one feed to one reader that says when it had to let go of something.

    Args:
        size: how many items may wait.
        server_id: the one that a Gap is about; None for all.
    """

    def __init__(self, size: int = QUEUE_SIZE, server_id: int | None = None) -> None:
        self._size = size
        self._events_missed = EventsMissed(server_id)
        self._items: deque[FeedItem] = deque()
        self._must_report_missed = False
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, item: FeedItem) -> bool:
        """Add an item; False, and a Gap later on, where there is no room."""
        if self._closed:
            return False
        if len(self._items) >= self._size:
            self._must_report_missed = True
            return False
        self._items.append(item)
        self._changed.set()
        return True

    def put_events_missed(self) -> None:
        """Add a Gap as soon as there is room; two in a row are one."""
        if not self._items or self._items[-1] != self._events_missed:
            self.put(self._events_missed)

    def close(self) -> None:
        """Let the reader come to an end once it has read what is there."""
        self._closed = True
        self._changed.set()

    async def get(self) -> FeedItem:
        """Wait for the next item.

        Raises:
            StopAsyncIteration: there will be none.
        """
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        item = self._items.popleft()
        if self._must_report_missed:
            # Behind all that fitted and before all that comes: just where something is missing.
            self._must_report_missed = False
            self.put_events_missed()
        return item
