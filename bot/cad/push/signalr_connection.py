"""One connection to a SignalR hub, with pysignalr's protocol and handshake.

pysignalr's own client negotiates, reconnects by itself with its own delays, and stops at the first
frame that it cannot read. A `SignalRConnection` does not negotiate (reference:
docs/sonoran-cad.md, "Three ways to receive them", 3), does not reconnect, and skips frames that it
cannot read.
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

WebSocket = ClientConnection

PUSH_METHOD = "pushevent"  # method names are not case-sensitive
CLOSE_SECONDS = 1.0  # for the hub's close message

# The errors that pysignalr raises for frames that are not SignalR messages.
_UNREADABLE = (ValueError, TypeError, AttributeError, IndexError, NotImplementedError)

# websockets logs every frame on DEBUG, and one frame of the bot carries the API key.
_SILENT_LOGGER = logging.Logger("silent")  # noqa: LOG001  # has no parent logger and so no handler
_SILENT_LOGGER.disabled = True


class HubDisconnected(Exception):
    """The connection was lost or could not be opened; the message gives the reason."""


class HubMethodFailed(Exception):
    """The hub could not call the method; the message is the hub's text."""


@dataclass(frozen=True, slots=True)
class SignalRTimeouts:
    """The time limits of a connection, in seconds.

    Attributes:
        answer: for the connection, the handshake and each answer of the hub.
        silence: the connection counts as lost after this time without a message. The hub sends
            a ping every 15 s.
        ping: the time between two pings of the bot. A hub disconnects after 30 s without one.
    """

    answer: float = 10.0
    silence: float = 45.0
    ping: int = 15


class SignalRConnection(WebsocketTransport):
    """One connection; a new connection needs a new object.

    Args:
        url: http, https, ws or wss.
        on_push: is called with the payload of each push event; must not raise.
    """

    def __init__(
        self, url: str, on_push: Callable[[object], None], timing: SignalRTimeouts | None = None
    ) -> None:
        self._timeouts = timing or SignalRTimeouts()
        super().__init__(
            replace_scheme(url, ws=True),
            _LenientProtocol(),
            self._on_hub_message,
            skip_negotiation=True,
            signalr_ping_interval=self._timeouts.ping,
        )
        self._on_push = on_push
        self._ids = map(str, count(1))
        self._responses: dict[str, CompletionMessage | None] = {}  # by invocation id

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[WebSocket]:
        """Open the connection and keep it alive until the block ends.

        Raises:
            HubDisconnected: at once, or later inside the block.
        """
        connecting = _ConnectWithoutRedirect(
            self._url,
            open_timeout=self._timeouts.answer,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # SignalR has its own
            max_size=self._max_size,
            proxy=None,
            logger=_SILENT_LOGGER,
        )
        try:
            async with connecting as connection:
                async with asyncio.timeout(self._timeouts.answer):
                    await self._handshake(connection)
                pinging = asyncio.create_task(self._keepalive(connection))
                try:
                    yield connection
                finally:
                    pinging.cancel()
                    await asyncio.gather(pinging, return_exceptions=True)
        except (OSError, WebSocketException, HubError, *_UNREADABLE) as error:
            raise HubDisconnected(_reason(error)) from error

    async def invoke(self, connection: WebSocket, method: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever JSON the method returns
        """Call a method of the hub and return its result; handle push events meanwhile.

        Raises:
            HubMethodFailed: the hub answered with an error.
        """
        invocation_id = next(self._ids)
        self._responses[invocation_id] = None
        message = InvocationMessage(invocation_id, method, list(arguments))
        await connection.send(self._protocol.encode(message))
        async with asyncio.timeout(self._timeouts.answer):
            while (answer := self._responses[invocation_id]) is None:
                await self._receive(connection)
        del self._responses[invocation_id]
        if answer.error is not None:
            raise HubMethodFailed(str(answer.error))
        return answer.result

    async def listen(self, connection: WebSocket) -> None:
        """Handle push events until the connection is lost."""
        while True:
            await self._receive(connection)

    async def _receive(self, connection: WebSocket) -> None:
        async with asyncio.timeout(self._timeouts.silence):
            frame = await connection.recv()
        await self._on_raw_message(frame)

    async def _on_hub_message(self, message: Message) -> None:
        match message:
            case InvocationMessage(target=str(target), arguments=[payload, *_]):
                if target.lower() == PUSH_METHOD:
                    self._on_push(payload)
            case CompletionMessage(invocation_id=str(invocation_id)) if (
                invocation_id in self._responses
            ):
                self._responses[invocation_id] = message
            case CloseMessage(error=error):
                raise HubDisconnected(f"closed by the hub: {error or 'no reason given'}")


class _LenientProtocol(JSONProtocol):
    """Skips invalid records and reads the valid ones of the same frame."""

    def decode(self, raw_message: str | bytes) -> list[Message]:
        """Decode the messages of a frame."""
        if isinstance(raw_message, bytes):
            raw_message = raw_message.decode(errors="replace")
        messages: list[Message] = []
        for record in raw_message.split(self.record_separator):
            try:
                messages += super().decode(record)
            except _UNREADABLE:
                continue
        return messages


class _ConnectWithoutRedirect(connect):
    """Follows no redirect: the API key goes only to the address that the operator set."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Treat a redirect as a failure."""
        return exc


def _reason(error: Exception) -> str:
    """Return the reason of a fault, without the data that was sent."""
    match error:
        case InvalidStatus():
            return f"HTTP {error.response.status_code}"
        case ConnectionClosed():
            return "the connection broke" if error.rcvd is None else f"closed: {error.rcvd}"
        case TimeoutError():
            return "no word in time"
        case ssl.SSLError() | socket.gaierror():  # their numbers are not errno
            return str(error.strerror)
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return type(error).__name__
