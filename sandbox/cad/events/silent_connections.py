"""Connections to a receiver of push events that send nothing, or only half a header.

They need no key. A server without limits keeps each of them open until it has no file descriptor
left; reference: docs/sonoran-cad.md, "Push events", the last point.
"""

from __future__ import annotations

import asyncio

from yarl import URL

COUNT = 375  # more than the 256 files of a small process
HALF_A_HEADER = b"POST /sonorancad/event HTTP/1.1\r\nHost: dispatch\r\n"


class SilentConnections:
    """Opens silent connections and counts those that the other side has not closed."""

    def __init__(self) -> None:
        self._open: set[_SilentConnection] = set()

    @property
    def open_count(self) -> int:
        """The number of connections that are still open."""
        return len(self._open)

    async def open(self, url: str, count: int = COUNT) -> list[asyncio.Future[None]]:
        """Open connections, every second of which sends half a header.

        Returns:
            One future for each; it is done when the connection is closed.

        Raises:
            OSError: the address does not take a connection.
        """
        address, loop = URL(url), asyncio.get_running_loop()
        closed: list[asyncio.Future[None]] = []
        for number in range(count):
            _, connection = await loop.create_connection(
                lambda: _SilentConnection(self._open), address.host or "", address.port or 0
            )
            if number % 2:
                connection.send(HALF_A_HEADER)
            closed.append(connection.closed)
        return closed

    def close(self) -> None:
        """Close all connections."""
        for connection in tuple(self._open):
            connection.abort()


class _SilentConnection(asyncio.Protocol):
    """A connection that is a member of a set while it is open."""

    def __init__(self, opened: set[_SilentConnection]) -> None:
        self._opened = opened
        self._transport: asyncio.WriteTransport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._opened.add(self)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Count it no longer."""
        self._opened.discard(self)
        self.closed.set_result(None)

    def send(self, data: bytes) -> None:
        """Send data."""
        assert self._transport is not None
        self._transport.write(data)

    def abort(self) -> None:
        """Close the connection at once."""
        assert self._transport is not None
        self._transport.abort()
