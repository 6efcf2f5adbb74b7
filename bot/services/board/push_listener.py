"""Brings what the feeds hear to the board, and to whoever else listens."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.cad.push.event_queue import FeedLost, FeedRefused, Gap, Heard, Item
from bot.cad.push.events import Event
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.board.live_board import Board

_log = logging.getLogger(__name__)


class CannotListen(Exception):
    """A feed's address cannot be listened on; the message says why."""


class Feed(Protocol):
    """A source of push events, used once: started, read to its end, stopped."""

    async def start(self) -> None:
        """Begin to listen; OSError where that is impossible."""

    async def stop(self) -> None:
        """Stop listening, which ends the reading."""

    def __aiter__(self) -> AsyncIterator[Item]:
        """Read what is heard."""


@dataclass(slots=True)
class Listening:
    """How it goes with one feed.

    Attributes:
        since: when it was started.
        last: when something was heard last, None for never.
        trouble: why there is no session now, None where there may be one.
    """

    since: datetime
    last: datetime | None = None
    trouble: FeedLost | FeedRefused | None = None


class Watch:
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
        hear: Callable[[Sequence[Event]], None],
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._board = board
        self._hear = hear
        self._clock = clock
        self.listening: list[Listening] = []  # one for each feed that was started
        self._feeds = feeds
        self._server_id = server_id
        self._reading: list[asyncio.Task[None]] = []

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
                raise CannotListen(error.strerror or str(error)) from error
            state = Listening(self._clock.now())
            self.listening.append(state)
            reading = context.run(asyncio.create_task, self._read(feed, state))
            self._reading.append(reading)

    async def close(self) -> None:
        """Stop every feed; what was heard before is still read."""
        for feed in self._feeds:
            await feed.stop()
        await asyncio.gather(*self._reading)

    async def _read(self, feed: Feed, state: Listening) -> None:
        async for item in feed:
            self._note(item, state)
            server_id = item.server_id or self._server_id
            try:
                self._take(item, server_id)
            except Exception:  # noqa: BLE001 - one event must not silence all that follow
                _log.exception("an event of server %s was not understood", server_id)
                self._board.ask_again(server_id)

    def _take(self, item: Item, server_id: int) -> None:
        match item:
            case Heard(events=events):
                self._board.apply(server_id, events)
                self._hear(events)
            case Gap():
                _log.info("events of server %s may have been missed: asking for all", server_id)
                self._board.ask_again(server_id)
            case FeedLost(reason=reason):
                _log.warning("no push events for server %s: %s", server_id, reason)
            case FeedRefused(text=text):
                _log.error("the CAD refuses push events for server %s: %s", server_id, text)

    def _note(self, item: Item, state: Listening) -> None:
        match item:
            case FeedLost() | FeedRefused():
                state.trouble = item
            case Heard():
                state.last, state.trouble = self._clock.now(), None
            case Gap():  # a session has begun
                state.trouble = None
