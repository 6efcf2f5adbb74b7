"""Protects an HTTP server that is open to the network from connections that send nothing.

aiohttp has no time limit before a request's first complete header. Each silent connection holds a
file descriptor, and without any left the process can neither write files nor reach Discord.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MAX_CONNECTIONS = 64
HEADER_SECONDS = 10.0  # time limit for the first complete header of a connection

_END_OF_HEADER = b"\r\n\r\n"


class ConnectionGuard:
    """Limits the connections of one server.

    At most `MAX_CONNECTIONS` are open. For one more, the oldest that has sent no complete header
    is closed; if there is none, the new one is. After `HEADER_SECONDS` without a complete header a
    connection is closed.
    """

    def __init__(self) -> None:
        self._open: dict[_GuardedConnection, None] = {}  # in the order of their arrival

    def wrap(self, handler: asyncio.Protocol) -> asyncio.Protocol:
        """Return a protocol that guards a new connection and passes it on to its handler."""
        return _GuardedConnection(handler, self._admit, self._forget)

    def _admit(self, connection: _GuardedConnection) -> bool:
        if len(self._open) >= MAX_CONNECTIONS:
            silent = next((one for one in self._open if one.is_silent), None)
            if silent is None:
                return False
            self._forget(silent)
            silent.abort()
        self._open[connection] = None
        return True

    def _forget(self, connection: _GuardedConnection) -> None:
        self._open.pop(connection, None)


class _GuardedConnection(asyncio.Protocol):
    """Passes a connection on to its handler, and watches its first header."""

    def __init__(
        self,
        handler: asyncio.Protocol,
        admit: Callable[[_GuardedConnection], bool],
        forget: Callable[[_GuardedConnection], None],
    ) -> None:
        self._handler = handler
        self._admit = admit
        self._forget = forget
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tail = b""  # the last bytes of the first header so far
        self._is_admitted = False
        self.is_silent = True

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or close it if there are too many."""
        if not isinstance(transport, asyncio.Transport):  # pragma: no cover - a TCP server's
            raise TypeError("not a stream")
        self._transport = transport
        self._is_admitted = self._admit(self)
        if not self._is_admitted:
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HEADER_SECONDS, self.abort)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass data on; the first complete header ends the time limit."""
        if not self._is_admitted:
            return
        if self.is_silent:
            seen = self._tail + data
            self._tail = seen[-len(_END_OF_HEADER) + 1 :]
            if _END_OF_HEADER in seen:
                self.is_silent = False
                self._stop_timer()
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of the data on."""
        return self._handler.eof_received() if self._is_admitted else None

    def connection_lost(self, error: Exception | None) -> None:
        """Pass the end of the connection on."""
        self._stop_timer()
        self._forget(self)
        if self._is_admitted:
            self._handler.connection_lost(error)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._handler.resume_writing()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
