"""The calls and units of each server, as the CAD last told them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Call, Unit
from bot.services.remembered import Remembered


@dataclass(frozen=True, slots=True)
class _Server:
    calls: Remembered[Call]
    units: Remembered[Unit]


class Board:
    """Answers from memory; asks the CAD in the background or where told to wait."""

    def __init__(self, cad: CadClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cad = cad
        self._clock = clock
        self._servers: dict[int, _Server] = {}

    def calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls as last heard."""
        return self._server(server_id).calls.items

    def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty as last heard."""
        return self._server(server_id).units.items

    def call(self, server_id: int, call_id: int) -> Call | None:
        """Return one call, None if it was not among those last heard of."""
        return next((one for one in self.calls(server_id) if one.call_id == call_id), None)

    def look(self, server_id: int) -> None:
        """Have calls and units asked for again in the background."""
        server = self._server(server_id)
        server.calls.look()
        server.units.look()

    async def units_now(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty at this moment, or raise CadError."""
        return await self._server(server_id).units.fresh()

    async def calls_now(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls at this moment, or raise CadError."""
        return await self._server(server_id).calls.fresh()

    async def close(self) -> None:
        """Stop asking."""
        lists = [
            remembered for one in self._servers.values() for remembered in (one.calls, one.units)
        ]
        await asyncio.gather(*(remembered.close() for remembered in lists))

    def _server(self, server_id: int) -> _Server:
        if server_id not in self._servers:
            remember = partial(Remembered, expected=CadError, clock=self._clock)
            self._servers[server_id] = _Server(
                remember(f"the calls of server {server_id}", partial(self._cad.calls, server_id)),
                remember(f"the units of server {server_id}", partial(self._cad.units, server_id)),
            )
        return self._servers[server_id]
