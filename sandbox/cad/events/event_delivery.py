"""Delivers push events: through the hub if a client is connected, otherwise over HTTP.

Events arrive in the order in which they happened. An event that cannot be delivered is dropped:
no document says that the CAD tries again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp

from sandbox.cad.events import push_events
from sandbox.cad.events.signalr_hub import SignalRHub
from sandbox.cad.state.change_log import Change
from sandbox.cad.state.models import Community, Json, Server
from sandbox.cad.state.world import CadWorld

HTTP_SECONDS = 5.0

HUB = "hub"
HTTP = "http"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that was sent.

    Attributes:
        status: the receiver's HTTP status; None over the hub or without an answer.
    """

    type: str
    transport: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class _QueuedEvent:
    community: Community
    server: Server
    envelope: Json


class EventDelivery:
    """Sends the changes of a world as push events, between `start` and `stop`.

    Attributes:
        deliveries: the events that were sent, in order.
    """

    def __init__(self, world: CadWorld, hub: SignalRHub) -> None:
        self._world = world
        self._hub = hub
        self._queue: asyncio.Queue[_QueuedEvent] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None
        self.deliveries: list[Delivery] = []
        world.on_change(self._enqueue)

    async def start(self) -> None:
        """Start to deliver."""
        self._running = asyncio.create_task(self._deliver_all())

    async def stop(self) -> None:
        """Stop; drop the events that were not delivered yet."""
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self._queue = asyncio.Queue()

    async def settle(self) -> None:
        """Wait until all events have been delivered."""
        await self._queue.join()

    def _enqueue(self, change: Change) -> None:
        if self._running is None or not push_events.is_pushed(change):
            return
        for community in self._world.communities.values():
            if any(server is change.server for server in community.servers.values()):
                # Built now: a moment later the world may have changed again.
                envelope = push_events.envelope(change, community.key, self._world.behaviour)
                self._queue.put_nowait(_QueuedEvent(community, change.server, envelope))

    async def _deliver_all(self) -> None:
        timeout = aiohttp.ClientTimeout(total=HTTP_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                event = await self._queue.get()
                await self._deliver(session, event)
                self._queue.task_done()

    async def _deliver(self, session: aiohttp.ClientSession, event: _QueuedEvent) -> None:
        type_ = event.envelope["type"]
        if await self._hub.push(event.community.id, event.server.id, event.envelope):
            self.deliveries.append(Delivery(type_, HUB))
        elif event.server.push_url:
            status = await _post(session, event.server.push_url, event.envelope)
            self.deliveries.append(Delivery(type_, HTTP, status))


async def _post(session: aiohttp.ClientSession, url: str, envelope: Json) -> int | None:
    try:
        async with session.post(url, json=envelope) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return None
