"""Receives push events over HTTP, from the CAD itself or forwarded by a game server.

Reference: docs/sonoran-cad.md, "Three ways to receive them", 1 and 2.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bot.cad.push import envelope
from bot.cad.push.event_queue import QUEUE_SIZE, EventQueue, EventsReceived, FeedItem
from bot.cad.push.events import read_event

EVENT_PATH = "/sonorancad/event"
HEALTH_PATH = "/healthz"
HEALTHY = "ok"
MAX_BODY = 64 * 1024  # bytes
RETRY_AFTER = 5  # seconds that a sender waits when the queue is full
READ_SECONDS = 10.0  # time limit for receiving a whole body
STOP_SECONDS = 1.0  # time limit for the running answers when the server stops


class HttpPushServer:
    """An HTTP server for events: an async iterator of `EventsReceived` and `EventsMissed`.

    It can be started once.

    Args:
        port: 0 picks a free port.
        key: the API key that every event must carry.
        queue_size: the number of events that may wait for the reader; further ones get a 503.
    """

    def __init__(self, host: str, port: int, key: str, *, queue_size: int = QUEUE_SIZE) -> None:
        self._host = host
        self._port = port
        self._key = key
        self._queue = EventQueue(queue_size)
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port; if it was given as 0, the real port is known after `start`."""
        return self._port

    async def start(self) -> None:
        """Start to listen.

        Raises:
            OSError: the address is not an address of this machine, or the port is in use.
        """
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes([web.post(EVENT_PATH, self._receive), web.get(HEALTH_PATH, _health)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def is_address_served(self) -> bool:
        """Return True if another running bot already serves this address."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=READ_SECONDS)) as session,
                session.get(f"http://{host}:{self._port}{HEALTH_PATH}") as answer,
            ):
                return await answer.text() == HEALTHY
        except (ClientError, OSError, ValueError):
            return False

    async def stop(self) -> None:
        """Stop listening; the iteration ends after the events that were already received."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
        self._queue.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedItem:
        return await self._queue.get()

    async def _receive(self, request: web.Request) -> web.Response:
        payload = envelope.parse(await _body(request))
        if not isinstance(payload, dict):
            return web.Response(status=400, text="not a JSON object")
        if not envelope.has_key(payload, self._key):
            return web.Response(status=401, text="wrong key")
        events = read_event(payload)
        if events and not self._queue.put(EventsReceived(envelope.server_id(payload), events)):
            wait = {"Retry-After": str(RETRY_AFTER)}
            return web.Response(status=503, text="too many events", headers=wait)
        return web.Response(text="taken")


async def _body(request: web.Request) -> bytes:
    """Read a body; refuse a body whose announced length is too large before reading it."""
    announced = request.content_length or 0
    if announced > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=announced)
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def _health(_: web.Request) -> web.Response:
    return web.Response(text=HEALTHY)
