"""Finds the readers of a push event by the API key that it carries. No I/O.

Reference: docs/sonoran-cad.md, "Push events": the key is all that names the community.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from typing import Self

from bot.cad.push.event_queue import QUEUE_SIZE, EventQueue, FeedItem


class KeyRoutes:
    """The queues of readers, by the digest of their API key.

    Looking a key up takes the same time whatever key it is; letter case does not count.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._queues: dict[bytes, list[EventQueue]] = {}

    def find(self, key: str) -> Sequence[EventQueue]:
        """Return the queues of a key; guilds of one community may share it."""
        return self._queues.get(self.digest(key), ())

    def only_queue(self) -> EventQueue | None:
        """Return the queue for what carries no key: that of the only reader, if there is one."""
        queues = [one for queues in self._queues.values() for one in queues]
        return queues[0] if len(queues) == 1 else None

    def add(self, digest: bytes, queue: EventQueue) -> None:
        """Put events with the key of a digest into a queue."""
        self._queues.setdefault(digest, []).append(queue)

    def remove(self, digest: bytes, queue: EventQueue) -> None:
        """Put no more events into a queue that was added."""
        left = [one for one in self._queues.pop(digest) if one is not queue]
        if left:
            self._queues[digest] = left

    def digest(self, key: str) -> bytes:
        """Return what stands for a key in this process."""
        text = key.lower().encode(errors="replace")
        return hmac.digest(self._secret, text, "sha256")


class KeyFeed:
    """The push events of one API key: an async iterator of `FeedItem`, used once.

    Args:
        size: the number of events that may wait for the reader.
    """

    def __init__(self, routes: KeyRoutes, key: str, size: int = QUEUE_SIZE) -> None:
        self._routes = routes
        self._digest = routes.digest(key)
        self._queue = EventQueue(size)
        self._is_started = False

    async def start(self) -> None:
        """Start to listen."""
        self._routes.add(self._digest, self._queue)
        self._is_started = True

    async def stop(self) -> None:
        """Stop listening; the iteration ends after the events that were already received."""
        if self._is_started:
            self._is_started = False
            self._routes.remove(self._digest, self._queue)
        self._queue.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedItem:
        return await self._queue.get()
