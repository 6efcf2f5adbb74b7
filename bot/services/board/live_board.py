"""The live picture of each server: polls, push events and the bot's own orders, merged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Self

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Call, Calls, Unit
from bot.cad.push.events import Event
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.board.snapshot import BoardSnapshot
from bot.services.cached_list import CachedList

BoardListener = Callable[[int], None]


@dataclass(slots=True)
class _Server:
    calls: CachedList[Call]
    units: CachedList[Unit]
    snapshot: BoardSnapshot = field(default_factory=BoardSnapshot)
    confirmed_at: datetime | None = None
    first_poll: Calls | None = None
    # What happened since the oldest question that is under way was asked.
    events_since_poll: list[Event] = field(default_factory=list)
    running_polls: int = 0


class Board:
    """Answers from memory; asks the CAD in the background or where told to wait."""

    def __init__(
        self,
        cad: CadClient,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._cad = cad
        self._clock = clock
        self._servers: dict[int, _Server] = {}
        self._listeners: list[BoardListener] = []

    def snapshot(self, server_id: int) -> BoardSnapshot:
        """Return everything known of a server."""
        return self._server(server_id).snapshot

    def calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls."""
        return tuple(self.snapshot(server_id).calls.values())

    def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty."""
        return tuple(self.snapshot(server_id).units.values())

    def call(self, server_id: int, call_id: int) -> Call | None:
        """Return one call, None if it is not known."""
        return self.snapshot(server_id).calls.get(call_id)

    def confirmed_at(self, server_id: int) -> datetime | None:
        """Return when a poll last showed the calls, None if none has yet."""
        return self._server(server_id).confirmed_at

    def first_poll(self, server_id: int) -> Calls | None:
        """Return what the first poll showed: calls older than this run; None until then."""
        return self._server(server_id).first_poll

    def subscribe(self, listener: BoardListener) -> None:
        """Have a function called with the server's id whenever its picture may have changed."""
        self._listeners.append(listener)

    def refresh(self, server_id: int) -> None:
        """Have calls and units asked for again in the background."""
        server = self._server(server_id)
        server.calls.refresh()
        server.units.refresh()

    def force_refresh(self, server_id: int) -> None:
        """Have everything asked for again, because something may have been missed."""
        server = self._server(server_id)
        server.calls.force_refresh()
        server.units.force_refresh()

    def apply(self, server_id: int, events: Iterable[Event]) -> None:
        """Change the picture by what is known to have happened."""
        server = self._server(server_id)
        for event in events:
            server.snapshot = server.snapshot.apply(event)
            if server.running_polls:
                server.events_since_poll.append(event)
        self._notify(server_id)

    async def fetch_calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls at this moment, or raise CadError."""
        return await self._server(server_id).calls.fetch()

    async def fetch_units(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty at this moment, or raise CadError."""
        return await self._server(server_id).units.fetch()

    async def close(self) -> None:
        """Stop asking."""
        lists = [
            remembered.close()
            for one in self._servers.values()
            for remembered in (one.calls, one.units)
        ]
        await asyncio.gather(*lists)

    def _server(self, server_id: int) -> _Server:
        if server_id not in self._servers:
            remember = partial(CachedList, expected=CadError, clock=self._clock)
            self._servers[server_id] = _Server(
                remember(f"the calls of server {server_id}", partial(self._poll_calls, server_id)),
                remember(f"the units of server {server_id}", partial(self._poll_units, server_id)),
            )
        return self._servers[server_id]

    async def _poll_calls(self, server_id: int) -> tuple[Call, ...]:
        server = self._servers[server_id]
        async with _Poll(server) as question:
            heard = await self._cad.calls(server_id)
            server.snapshot = question.with_later_events(server.snapshot.with_calls(heard))
        server.confirmed_at = self._clock.now()
        server.first_poll = server.first_poll or heard
        self._notify(server_id)
        return heard.dispatch

    async def _poll_units(self, server_id: int) -> tuple[Unit, ...]:
        server = self._servers[server_id]
        async with _Poll(server) as question:
            heard = await self._cad.units(server_id)
            server.snapshot = question.with_later_events(server.snapshot.with_units(heard))
        self._notify(server_id)
        return heard

    def _notify(self, server_id: int) -> None:
        for listener in self._listeners:
            listener(server_id)


class _Poll:
    """A poll under way: its answer may be older than what happens meanwhile."""

    def __init__(self, server: _Server) -> None:
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
        """Return an answer's picture with what has happened since the question."""
        for event in self._server.events_since_poll[self._first_event :]:
            snapshot = snapshot.apply(event)
        return snapshot
