"""Brings what the feeds hear to the board, and to whoever else listens."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.cad.push.event_queue import (
    EventsMissed,
    EventsReceived,
    FeedDisconnected,
    FeedItem,
    FeedRefused,
)
from bot.cad.push.events import Event
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.board.live_board import Board

_log = logging.getLogger(__name__)


class ListenError(Exception):
    """A feed's address cannot be listened on; the message says why."""


class Feed(Protocol):
    """A source of push events, used once: started, read to its end, stopped."""

    async def start(self) -> None:
        """Begin to listen; OSError where that is impossible."""

    async def stop(self) -> None:
        """Stop listening, which ends the reading."""

    def __aiter__(self) -> AsyncIterator[FeedItem]:
        """Read what is heard."""


@dataclass(slots=True)
class FeedStatus:
    """How it goes with one feed.

    Attributes:
        since: when it was started.
        last: when something was heard last, None for never.
        trouble: why there is no session now, None where there may be one.
    """

    started_at: datetime
    last_event_at: datetime | None = None
    problem: FeedDisconnected | FeedRefused | None = None


class PushListener:
    """Reads the feeds for as long as the bot runs.

    Args:
        server_id: the CAD server that is meant where a feed names none.
        hear: is told of all events as well, for what concerns no server.
    """

    def __init__(
        self,
        board: Board,
        feeds: Sequence[Feed],
        server_id: int,
        on_events: Callable[[Sequence[Event]], None],
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._board = board
        self._on_events = on_events
        self._clock = clock
        self.feed_statuses: list[FeedStatus] = []  # one for each feed that was started
        self._feeds = feeds
        self._server_id = server_id
        self._reader_tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every feed and read it.

        Raises:
            CannotListen: the port is taken, or the address is not this machine's.
        """
        # A context of their own: the feeds outlive whatever started the bot.
        context = contextvars.Context()
        for feed in self._feeds:
            try:
                await asyncio.create_task(feed.start(), context=context)
            except OSError as error:
                raise ListenError(error.strerror or str(error)) from error
            state = FeedStatus(self._clock.now())
            self.feed_statuses.append(state)
            reading = context.run(asyncio.create_task, self._read(feed, state))
            self._reader_tasks.append(reading)

    async def close(self) -> None:
        """Stop every feed; what was heard before is still read."""
        for feed in self._feeds:
            await feed.stop()
        await asyncio.gather(*self._reader_tasks)

    async def _read(self, feed: Feed, state: FeedStatus) -> None:
        async for item in feed:
            self._track(item, state)
            server_id = item.server_id or self._server_id
            try:
                self._dispatch(item, server_id)
            except Exception:  # noqa: BLE001 - one event must not silence all that follow
                _log.exception("an event of server %s was not understood", server_id)
                self._board.force_refresh(server_id)

    def _dispatch(self, item: FeedItem, server_id: int) -> None:
        match item:
            case EventsReceived(events=events):
                self._board.apply(server_id, events)
                self._on_events(events)
            case EventsMissed():
                _log.info("events of server %s may have been missed: asking for all", server_id)
                self._board.force_refresh(server_id)
            case FeedDisconnected(reason=reason):
                _log.warning("no push events for server %s: %s", server_id, reason)
            case FeedRefused(text=text):
                _log.error("the CAD refuses push events for server %s: %s", server_id, text)

    def _track(self, item: FeedItem, state: FeedStatus) -> None:
        match item:
            case FeedDisconnected() | FeedRefused():
                state.problem = item
            case EventsReceived():
                state.last_event_at, state.problem = self._clock.now(), None
            case EventsMissed():  # a session has begun
                state.problem = None
