"""One connection to a SignalR hub, on pysignalr's protocol and handshake.

pysignalr's own client negotiates, connects again by itself, at its own pace, and ends with the
first frame that it cannot read. Here a connection is opened without negotiation (reference:
docs/sonoran-cad.md, "Three ways to receive them", 3), is lost for good when it is lost, and what
cannot be read is passed over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from pysignalr.exceptions import HubError
from pysignalr.messages import CloseMessage, CompletionMessage, InvocationMessage, Message
from pysignalr.protocol.json import JSONProtocol
from pysignalr.transport.websocket import WebsocketTransport
from pysignalr.utils import replace_scheme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

Connection = ClientConnection

PUSH_METHOD = "pushevent"  # method names have no letter case
CLOSE_SECONDS = 1.0  # for the hub to say goodbye as well

# What a hub can make pysignalr raise with frames that are no SignalR.
_UNREADABLE = (ValueError, TypeError, AttributeError, IndexError, NotImplementedError)

# websockets writes every frame to its logger on DEBUG, and a frame of ours carries the API key.
_SILENT = logging.Logger("silent")  # noqa: LOG001  # belongs to no hierarchy, so to no handler
_SILENT.disabled = True


class HubLost(Exception):
    """There is no connection any more, or there never was one; the message says why."""


class HubMethodFailed(Exception):
    """The hub could not carry out what it was asked; the message is its own."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what, in seconds.

    Attributes:
        answer: for the connection, the handshake and each answer of the hub.
        silence: without a word from the hub, which sends a ping every 15 s, until the
            connection is taken for lost.
        ping: between two pings of our own; a hub gives up after 30 s without one.
    """

    answer: float = 10.0
    silence: float = 45.0
    ping: int = 15


class Hub(WebsocketTransport):
    """One connection; whoever wants another one makes another hub.

    Args:
        url: http, https, ws or wss.
        on_push: takes the payload of each push event; may not raise.
    """

    def __init__(
        self, url: str, on_push: Callable[[object], None], timing: Timing | None = None
    ) -> None:
        self._timing = timing or Timing()
        super().__init__(
            replace_scheme(url, ws=True),
            _Protocol(),
            self._take,
            skip_negotiation=True,
            signalr_ping_interval=self._timing.ping,
        )
        self._on_push = on_push
        self._ids = map(str, count(1))
        self._answers: dict[str, CompletionMessage | None] = {}  # to what is being asked

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Connect, shake hands, and keep the connection alive until the block ends.

        Raises:
            HubLost: now or, inside the block, later.
        """
        connecting = _Connect(
            self._url,
            open_timeout=self._timing.answer,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # SignalR has its own
            max_size=self._max_size,
            proxy=None,
            logger=_SILENT,
        )
        try:
            async with connecting as connection:
                async with asyncio.timeout(self._timing.answer):
                    await self._handshake(connection)
                pinging = asyncio.create_task(self._keepalive(connection))
                try:
                    yield connection
                finally:
                    pinging.cancel()
                    await asyncio.gather(pinging, return_exceptions=True)
        except (OSError, WebSocketException, HubError, *_UNREADABLE) as error:
            raise HubLost(_reason(error)) from error

    async def invoke(self, connection: Connection, method: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever JSON the method returns
        """Call a method of the hub and return its result; pushes that come meanwhile are taken.

        Raises:
            HubMethodFailed: the hub says no.
        """
        asked = next(self._ids)
        self._answers[asked] = None
        message = InvocationMessage(asked, method, list(arguments))
        await connection.send(self._protocol.encode(message))
        async with asyncio.timeout(self._timing.answer):
            while (answer := self._answers[asked]) is None:
                await self._receive(connection)
        del self._answers[asked]
        if answer.error is not None:
            raise HubMethodFailed(str(answer.error))
        return answer.result

    async def listen(self, connection: Connection) -> None:
        """Take what the hub pushes until the connection is lost."""
        while True:
            await self._receive(connection)

    async def _receive(self, connection: Connection) -> None:
        async with asyncio.timeout(self._timing.silence):
            frame = await connection.recv()
        await self._on_raw_message(frame)

    async def _take(self, message: Message) -> None:
        match message:
            case InvocationMessage(target=str(target), arguments=[payload, *_]):
                if target.lower() == PUSH_METHOD:
                    self._on_push(payload)
            case CompletionMessage(invocation_id=str(asked)) if asked in self._answers:
                self._answers[asked] = message
            case CloseMessage(error=error):
                raise HubLost(f"closed by the hub: {error or 'no reason given'}")


class _Protocol(JSONProtocol):
    """Passes over the records that are none, and reads the others of the same frame."""

    def decode(self, raw_message: str | bytes) -> list[Message]:
        """Read the messages of a frame."""
        if isinstance(raw_message, bytes):
            raw_message = raw_message.decode(errors="replace")
        messages: list[Message] = []
        for record in raw_message.split(self.record_separator):
            try:
                messages += super().decode(record)
            except _UNREADABLE:
                continue
        return messages


class _Connect(connect):
    """Follows no redirect: the key goes to the address that the operator gave and no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Let a redirect be the failure that it is."""
        return exc


def _reason(error: Exception) -> str:
    """Name the fault without what was sent."""
    match error:
        case InvalidStatus():
            return f"HTTP {error.response.status_code}"
        case ConnectionClosed():
            return "the connection broke" if error.rcvd is None else f"closed: {error.rcvd}"
        case TimeoutError():
            return "no word in time"
        case ssl.SSLError() | socket.gaierror():  # their numbers are not the system's
            return str(error.strerror)
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return type(error).__name__
