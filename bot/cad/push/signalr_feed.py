"""Receives push events from the CAD's SignalR hub, and reconnects when the connection is lost.

Reference: docs/sonoran-cad.md, "Three ways to receive them", 3.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from typing import Self

from bot.cad.http.wire import MAX_TEXT_LENGTH, Credentials
from bot.cad.push import envelope
from bot.cad.push.event_queue import (
    QUEUE_SIZE,
    EventQueue,
    EventsReceived,
    FeedDisconnected,
    FeedItem,
    FeedRefused,
)
from bot.cad.push.event_reader import read_event
from bot.cad.push.signalr_connection import (
    HubDisconnected,
    HubMethodFailed,
    SignalRConnection,
    SignalRTimeouts,
    WebSocket,
)
from bot.common.backoff import Backoff
from bot.common.clock import SYSTEM_CLOCK, Clock

HUB_PATH = "/apiWsHub"
METHODS = ("authenticatev2", "authenticate")  # the newer one first; both take the same arguments

BACKOFF = Backoff(first=1.0, longest=60.0)


class SignalRFeed:
    """One session for one server id: an async iterator of `Item`, to be used once.

    Args:
        url: the API's base address; the hub is `/apiWsHub` below it.
        jitter: returns a number between 0 and 1; spreads the attempts of many clients.
    """

    def __init__(
        self,
        url: str,
        community_id: str,
        key: str,
        server_id: int,
        *,
        queue_size: int = QUEUE_SIZE,
        timing: SignalRTimeouts | None = None,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url = url.rstrip("/") + HUB_PATH
        self._credentials = Credentials(community_id, key)
        self._server_id = server_id
        self._timing = timing
        self._clock = clock
        self._jitter = jitter
        self._queue = EventQueue(queue_size, server_id)
        self._reported: type[FeedItem] | None = None  # the fault that the reader knows
        self._connected_at: float | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start to connect, in the caller's context; a failure is reported, not raised."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the session; the iteration ends after the events that were already received."""
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        self._queue.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedItem:
        return await self._queue.get()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._run_session()
            except _KeyRefused as refused:
                wait = BACKOFF.longest
                self._report(FeedRefused(self._server_id, self._without_key(refused)))
            except Exception as error:  # noqa: BLE001 - nothing would start the task again
                failures = 1 if self._was_stable() else failures + 1
                wait = BACKOFF.delay(failures, self._jitter())
                self._report(FeedDisconnected(self._server_id, self._without_key(error)))
            self._connected_at = None
            await self._clock.sleep(wait)

    async def _run_session(self) -> None:
        """Open one session and run it until the connection is lost."""
        hub = SignalRConnection(self._url, self._on_event, self._timing)
        async with hub.connected() as connection:
            await self._authenticate(hub, connection)
            self._connected_at = self._clock.monotonic()
            self._reported = None
            self._queue.put_events_missed()
            await hub.listen(connection)

    async def _authenticate(self, hub: SignalRConnection, connection: WebSocket) -> None:
        arguments = (self._credentials.community_id, self._credentials.api_key, self._server_id)
        refusal, failure = "", ""
        for method in METHODS:
            try:
                answer = await hub.invoke(connection, method, *arguments)
            except HubMethodFailed as error:
                failure = failure or str(error)
                continue
            reply = envelope.lower_keys_or_none(answer)
            reply = reply if isinstance(reply, Mapping) else {}
            if reply.get("success") is True:
                return
            refusal = refusal or str(reply.get("error") or "no reason given")
        if refusal:
            raise _KeyRefused(refusal)
        # An error instead of an answer says nothing about the key.
        raise HubDisconnected(failure)

    def _on_event(self, payload: object) -> None:
        payload = envelope.parse(payload) if isinstance(payload, str) else payload
        if events := read_event(payload):
            server_id = envelope.server_id(payload)
            self._queue.put(
                EventsReceived(self._server_id if server_id is None else server_id, events)
            )

    def _report(self, trouble: FeedDisconnected | FeedRefused) -> None:
        """Report a fault to the reader once, even if it is repeated."""
        if self._reported is not type(trouble) and self._queue.put(trouble):
            self._reported = type(trouble)

    def _was_stable(self) -> bool:
        # If the hub ends each session at once, the delays must go on growing.
        return (
            self._connected_at is not None
            and self._clock.monotonic() - self._connected_at >= BACKOFF.longest
        )

    def _without_key(self, error: Exception) -> str:
        """Return the hub's text, or what else failed, without the API key, which it may repeat."""
        text = str(error) if isinstance(error, HubDisconnected | _KeyRefused) else repr(error)
        return text.replace(self._credentials.api_key, "…")[:MAX_TEXT_LENGTH]


class _KeyRefused(Exception):
    """The hub refused the key."""
