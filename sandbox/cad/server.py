"""The pretend CAD as an HTTP server that can be started, stopped and taken down for a time."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.cad.api.v1 import V1Api
from sandbox.cad.api.v2 import V2Api
from sandbox.cad.events.event_delivery import EventDelivery
from sandbox.cad.events.signalr_hub import HUB_PATH, SignalRHub
from sandbox.cad.events.silent_connections import SilentConnections
from sandbox.cad.json_object import read_object
from sandbox.cad.page import BoardPage, is_page_request
from sandbox.cad.state.change_log import ReceivedRequest
from sandbox.cad.state.faults import Faults, wrap
from sandbox.cad.state.rate_limits import RateLimiter
from sandbox.cad.state.world import CadWorld

# The server cuts off a hanging request after this time, so that it can stop.
GRACE_SECONDS = 0.05


class CadServer:
    """Serves a world over HTTP.

    Args:
        port: 0 picks a free port, which the object keeps.
        clock: monotonic seconds, for the rate limits.
    """

    def __init__(
        self,
        world: CadWorld,
        faults: Faults | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.world = world
        self.faults = faults or Faults()
        self._host = host
        self._port = port
        rates = RateLimiter(world.behaviour, clock)
        self._v1 = V1Api(world, rates)
        self._v2 = V2Api(world, rates)
        self._silent = SilentConnections()
        self._page = BoardPage(world, self.faults, self._silent, self.go_down)
        self.hub = SignalRHub(world)
        self.push = EventDelivery(world, self.hub)
        self._runner: web.AppRunner | None = None
        self._outage: asyncio.Task[None] | None = None

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

    @property
    def url(self) -> str:
        """The base address, without a slash at its end; known after `start`."""
        return f"http://{self._host}:{self._port}"

    @property
    def request_counts(self) -> Counter[str]:
        """The number of API requests received, per path."""
        return Counter(entry.path for entry in self.world.history)

    async def start(self) -> None:
        """Start to listen."""
        # In a context of its own: a caller with virtual time must not slow the CAD.
        await asyncio.create_task(self._open(), context=contextvars.Context())

    async def stop(self) -> None:
        """Stop for good; cut off hanging requests."""
        if self._outage is not None:
            self._outage.cancel()
            self._outage = None
        await self.pause()

    async def pause(self) -> None:
        """Close every connection and refuse new ones; keep the state."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await self.push.stop()
            self._silent.close()
            self.hub.abort_all()
            await runner.cleanup()

    async def resume(self) -> None:
        """Start again on the same port."""
        if self._runner is None:
            await self.start()

    def go_down(self, seconds: float) -> asyncio.Task[None]:
        """Begin an outage of this many seconds; the returned task ends with it."""
        if self._outage is None or self._outage.done():
            self._outage = asyncio.create_task(self._down_for(seconds))
        return self._outage

    async def _down_for(self, seconds: float) -> None:
        await self.pause()
        await asyncio.sleep(seconds)
        await self.resume()

    async def _open(self) -> None:
        app = web.Application(middlewares=[self._handle_recorded])
        # In this order: v1 answers every path that the others do not answer.
        rooms = (self._page, self.hub, self._v2, self._v1)
        app.add_routes([route for room in rooms for route in room.routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_SECONDS)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = runner.addresses[0][1]
        self._runner = runner
        await self.push.start()

    @web.middleware
    async def _handle_recorded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_page_request(request) or request.path == HUB_PATH:
            return await handler(request)
        entry = await self._record_request(request)
        faults = self.faults.take(request.path)
        entry.fault = ", ".join(type(fault).__name__ for fault in faults)
        try:
            response = await wrap(faults, handler)(request)
        except web.HTTPException as error:
            entry.status, entry.text = error.status, error.reason
            raise
        entry.status = response.status
        entry.text = _summary(response)
        return response

    async def _record_request(self, request: web.Request) -> ReceivedRequest:
        entry = ReceivedRequest(self.world.now(), request.path)
        self.world.history.append(entry)
        envelope = read_object(await request.read())
        if self._v2.describe(request, envelope, entry):
            return entry
        entry.type = str(envelope.get("type", request.method))
        entry.community = str(envelope.get("id", ""))
        objects = envelope.get("data")
        if isinstance(objects, list):
            entry.objects = tuple(one for one in objects if isinstance(one, dict))
        return entry


def _summary(response: web.StreamResponse) -> str:
    """Return the text of the CAD's answer; for JSON data or a web page, only its content type."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return "(not a whole answer)"
    if response.content_type == "text/plain" or (response.status >= 400 and _is_json(response)):
        return response.body.decode(errors="replace")
    return response.content_type


def _is_json(response: web.Response) -> bool:
    return response.content_type in {"application/json", "application/problem+json"}
