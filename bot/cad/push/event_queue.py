"""The queue of events that a feed has received and its reader has not read yet. No I/O.

A feed does not wait for its reader. An event that does not fit is dropped, and the reader gets an
`EventsMissed`, which asks it to fetch everything again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from bot.cad.push.events import Event

QUEUE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class EventsReceived:
    """Events of one server; `server_id` is None if the event names no server."""

    server_id: int | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class EventsMissed:
    """Events may be missing: the reader fetches all data of this server (None: all servers)."""

    server_id: int | None


@dataclass(frozen=True, slots=True)
class FeedDisconnected:
    """The feed lost its connection and keeps trying; reported once, until an `EventsMissed`.

    Attributes:
        reason: a text for the log, without secrets.
    """

    server_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class FeedRefused:
    """The CAD refused the key; reported once, and tried again rarely.

    Attributes:
        text: the text of the CAD's answer.
    """

    server_id: int | None
    text: str


FeedItem = EventsReceived | EventsMissed | FeedDisconnected | FeedRefused


class EventQueue:
    """A bounded queue from one feed to one reader; it reports when it had to drop events.

    Args:
        size: the number of items that it can hold.
        server_id: the server id of its `EventsMissed`; None for all servers.
    """

    def __init__(self, size: int = QUEUE_SIZE, server_id: int | None = None) -> None:
        self._size = size
        self._events_missed = EventsMissed(server_id)
        self._items: deque[FeedItem] = deque()
        self._must_report_missed = False
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, item: FeedItem) -> bool:
        """Add an item; if the queue is full, return False and add an `EventsMissed` later."""
        if self._closed:
            return False
        if len(self._items) >= self._size:
            self._must_report_missed = True
            return False
        self._items.append(item)
        self._changed.set()
        return True

    def put_events_missed(self, server_id: int | None = None) -> None:
        """Add an `EventsMissed` as soon as there is room, unless it is already the last item.

        Args:
            server_id: the server whose events are missing; None for that of the queue.
        """
        missed = self._events_missed if server_id is None else EventsMissed(server_id)
        if not self._items or self._items[-1] != missed:
            self.put(missed)

    def close(self) -> None:
        """Accept no more items; the reader ends after it has read the rest."""
        self._closed = True
        self._changed.set()

    async def get(self) -> FeedItem:
        """Wait for the next item and return it.

        Raises:
            StopAsyncIteration: the queue is closed and empty.
        """
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        item = self._items.popleft()
        if self._must_report_missed:
            # After the items that fitted and before the next ones: here the events are missing.
            self._must_report_missed = False
            self.put_events_missed()
        return item
