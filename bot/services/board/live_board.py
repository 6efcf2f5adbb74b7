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
from bot.services.board.snapshot import Picture
from bot.services.cached_list import Remembered

Listener = Callable[[int], None]


@dataclass(slots=True)
class _Server:
    calls: Remembered[Call]
    units: Remembered[Unit]
    picture: Picture = field(default_factory=Picture)
    confirmed_at: datetime | None = None
    found: Calls | None = None
    # What happened since the oldest question that is under way was asked.
    happened: list[Event] = field(default_factory=list)
    questions: int = 0


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
        self._listeners: list[Listener] = []

    def picture(self, server_id: int) -> Picture:
        """Return everything known of a server."""
        return self._server(server_id).picture

    def calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls."""
        return tuple(self.picture(server_id).calls.values())

    def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty."""
        return tuple(self.picture(server_id).units.values())

    def call(self, server_id: int, call_id: int) -> Call | None:
        """Return one call, None if it is not known."""
        return self.picture(server_id).calls.get(call_id)

    def confirmed_at(self, server_id: int) -> datetime | None:
        """Return when a poll last showed the calls, None if none has yet."""
        return self._server(server_id).confirmed_at

    def found(self, server_id: int) -> Calls | None:
        """Return what the first poll showed: calls older than this run; None until then."""
        return self._server(server_id).found

    def listen(self, listener: Listener) -> None:
        """Have a function called with the server's id whenever its picture may have changed."""
        self._listeners.append(listener)

    def look(self, server_id: int) -> None:
        """Have calls and units asked for again in the background."""
        server = self._server(server_id)
        server.calls.look()
        server.units.look()

    def ask_again(self, server_id: int) -> None:
        """Have everything asked for again, because something may have been missed."""
        server = self._server(server_id)
        server.calls.ask_again()
        server.units.ask_again()

    def apply(self, server_id: int, events: Iterable[Event]) -> None:
        """Change the picture by what is known to have happened."""
        server = self._server(server_id)
        for event in events:
            server.picture = server.picture.after(event)
            if server.questions:
                server.happened.append(event)
        self._tell(server_id)

    async def calls_now(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls at this moment, or raise CadError."""
        return await self._server(server_id).calls.fresh()

    async def units_now(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty at this moment, or raise CadError."""
        return await self._server(server_id).units.fresh()

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
            remember = partial(Remembered, expected=CadError, clock=self._clock)
            self._servers[server_id] = _Server(
                remember(f"the calls of server {server_id}", partial(self._poll_calls, server_id)),
                remember(f"the units of server {server_id}", partial(self._poll_units, server_id)),
            )
        return self._servers[server_id]

    async def _poll_calls(self, server_id: int) -> tuple[Call, ...]:
        server = self._servers[server_id]
        async with _Question(server) as question:
            heard = await self._cad.calls(server_id)
            server.picture = question.since(server.picture.with_calls(heard))
        server.confirmed_at = self._clock.now()
        server.found = server.found or heard
        self._tell(server_id)
        return heard.dispatch

    async def _poll_units(self, server_id: int) -> tuple[Unit, ...]:
        server = self._servers[server_id]
        async with _Question(server) as question:
            heard = await self._cad.units(server_id)
            server.picture = question.since(server.picture.with_units(heard))
        self._tell(server_id)
        return heard

    def _tell(self, server_id: int) -> None:
        for listener in self._listeners:
            listener(server_id)


class _Question:
    """A poll under way: its answer may be older than what happens meanwhile."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._begin = 0

    async def __aenter__(self) -> Self:
        self._server.questions += 1
        self._begin = len(self._server.happened)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.questions -= 1
        if not self._server.questions:
            self._server.happened.clear()

    def since(self, picture: Picture) -> Picture:
        """Return an answer's picture with what has happened since the question."""
        for event in self._server.happened[self._begin :]:
            picture = picture.after(event)
        return picture
