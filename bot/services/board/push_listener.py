"""Reads the push feeds and passes their events to the board and to one more listener."""

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
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers

_log = logging.getLogger(__name__)


class Feed(Protocol):
    """A source of push events. Used once: start it, read it to its end, stop it."""

    async def start(self) -> None:
        """Start listening."""

    async def stop(self) -> None:
        """Stop listening; this ends the iteration."""

    def __aiter__(self) -> AsyncIterator[FeedItem]:
        """Iterate over the received items."""


@dataclass(slots=True)
class FeedStatus:
    """The state of one feed.

    Attributes:
        started_at: when the feed was started.
        last_event_at: when the last events arrived, None if never.
        problem: why the feed has no session; None if no failure is known.
    """

    started_at: datetime
    last_event_at: datetime | None = None
    problem: FeedDisconnected | FeedRefused | None = None


class PushListener:
    """Reads the feeds for as long as the bot runs.

    Events that name no server belong to the default server.

    Args:
        on_events: called with all events, for those that concern no server.
    """

    def __init__(
        self,
        board: Board,
        feeds: Sequence[Feed],
        servers: CadServers,
        on_events: Callable[[Sequence[Event]], None],
        *,
        clock: Clock,
    ) -> None:
        self._board = board
        self._on_events = on_events
        self._clock = clock
        self.feed_statuses: list[FeedStatus] = []  # one for each feed that was started
        self._feeds = feeds
        self._servers = servers
        self._reader_tasks: list[asyncio.Task[None]] = []
        self._outage = OutageLog(
            _log, "push events cannot be applied", "push events can be applied again"
        )

    async def start(self) -> None:
        """Start every feed and a task that reads it."""
        # A context of their own: the feeds outlive the task that started the bot.
        context = contextvars.Context()
        for feed in self._feeds:
            await asyncio.create_task(feed.start(), context=context)
            status = FeedStatus(self._clock.now())
            self.feed_statuses.append(status)
            reader = context.run(asyncio.create_task, self._read(feed, status))
            self._reader_tasks.append(reader)

    async def close(self) -> None:
        """Stop every feed, after reading what has arrived."""
        for feed in self._feeds:
            await feed.stop()
        await asyncio.gather(*self._reader_tasks)

    async def _read(self, feed: Feed, status: FeedStatus) -> None:
        async for item in feed:
            self._track(item, status)
            server_id = item.server_id or self._servers.default_id
            try:
                self._dispatch(item, server_id)
            except Exception as error:  # noqa: BLE001 - one event must not end the feed
                self._outage.record_failure(error, traceback=True)
                self._board.force_refresh(server_id)
            else:
                self._outage.record_success()

    def _dispatch(self, item: FeedItem, server_id: int) -> None:
        match item:
            case EventsReceived(events=events):
                self._board.hear(server_id, events)
                self._on_events(events)
            case EventsMissed():
                self._refresh_after_missed(item.server_id)
            case FeedDisconnected(reason=reason):
                self._stop_hearing(item.server_id)
                _log.warning("no push events for server %s: %s", server_id, reason)
            case FeedRefused(text=text):
                self._stop_hearing(item.server_id)
                _log.error("the CAD refuses push events for server %s: %s", server_id, text)

    def _refresh_after_missed(self, server_id: int | None) -> None:
        """Fetch the data of one server, or of all servers, again.

        A request without the key can cause this, and can name any server: those that the
        community does not have cost no request to the CAD.
        """
        for one in self._servers_of(server_id):
            _log.info("events of server %s may have been missed: refreshing", one)
            self._board.force_refresh(one)

    def _stop_hearing(self, server_id: int | None) -> None:
        for one in self._servers_of(server_id):
            self._board.stop_hearing(one)

    def _servers_of(self, server_id: int | None) -> list[int]:
        return [one for one in self._servers.names if server_id in {None, one}]

    def _track(self, item: FeedItem, status: FeedStatus) -> None:
        match item:
            case FeedDisconnected() | FeedRefused():
                status.problem = item
            case EventsReceived():
                status.last_event_at, status.problem = self._clock.now(), None
            case EventsMissed():  # a session has started
                status.problem = None
