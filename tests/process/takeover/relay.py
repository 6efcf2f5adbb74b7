"""A way through to a server, which the test can cut, or stall for a while."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Relay:
    """Passes on what comes, in both directions.

    Attributes:
        is_cut: no connection is taken, and those that there are have been broken.
    """

    def __init__(self, host: str, port: int) -> None:
        self.is_cut = False
        self._target = host, port
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut()
        self.pass_on()
        self._server.close()
        await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        """Break all connections and take no more."""
        self.is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Keep what comes from now on, without a sign that anything is wrong."""
        self._open.clear()

    def pass_on(self) -> None:
        """Work again; what was kept goes on."""
        self._open.set()

    def mend(self) -> None:
        """Take connections again."""
        self.is_cut = False

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.is_cut:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        ends = {writer, there_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
