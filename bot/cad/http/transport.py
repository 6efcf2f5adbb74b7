"""Sends HTTP requests to the CAD; no other module does."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl

import aiohttp

from bot.cad.errors import CadBrokenOff, CadError, CadTimeout, CadUnreachable, CadUnreadable
from bot.cad.http.wire import Request, Response
from bot.common.clock import SYSTEM_CLOCK, Clock

MAX_BODY = 2 * 1024 * 1024
MAX_CONNECTIONS = 20

_REASONS = {
    aiohttp.ConnectionTimeoutError: "no connection within the time limit",
    aiohttp.ServerDisconnectedError: "the connection was closed without an answer",
    aiohttp.ClientPayloadError: "the answer broke off half-way",
    aiohttp.ClientResponseError: "the answer is not HTTP",
    UnicodeError: "no such host name",
}


class Transport:
    """Sends requests to one base address over one pool of connections.

    It does not follow redirects: the body carries the API key, and a POST that becomes a GET at
    another address would look like a success. It verifies TLS certificates (aiohttp's default).
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 3.0,
        total_timeout: float = 10.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=total_timeout, sock_connect=connect_timeout),
            headers={"Accept": "application/json, text/plain"},
        )

    async def send(self, request: Request, *, within: float | None = None) -> Response:
        """Send one request and read its response to the end.

        Args:
            request: what to send.
            within: a time limit in seconds, shorter than the total timeout; None for no other.

        Raises:
            CadUnreachable: there is no connection.
            CadBrokenOff: the connection broke before the end of the answer.
            CadTimeout: the whole answer did not arrive in time.
            CadUnreadable: the answer is not HTTP, or larger than `MAX_BODY`.
        """
        try:
            async with (
                asyncio.timeout(within),
                self._session.request(
                    request.method,
                    self._base_url + request.path,
                    json=request.body,
                    headers=request.headers,
                    allow_redirects=False,
                ) as answer,
            ):
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise CadUnreadable("the answer is larger than 2 MiB", status=answer.status)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, headers, bytes(body), self._clock.now().timestamp())
        # UnicodeError: a host name that cannot be encoded; its class differs by Python version.
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise _cad_error(error) from error

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()


def _cad_error(error: Exception) -> CadError:
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return CadUnreachable(_reason(error))
        case TimeoutError():
            return CadTimeout()
        case aiohttp.ClientResponseError():
            return CadUnreadable(_reason(error))
        case (
            aiohttp.ServerDisconnectedError()
            | aiohttp.ClientPayloadError()
            | aiohttp.ClientOSError()
            | ConnectionError()
        ):
            return CadBrokenOff(_reason(error))
        case _:
            return CadUnreachable(_reason(error))


def _reason(error: Exception) -> str:
    """Return the reason of a fault, without the address (it may be long) and without the body."""
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    match getattr(error, "os_error", error):
        case ssl.SSLError() | socket.gaierror() as cause:  # their numbers are not errno
            return str(cause.strerror)
        case OSError(errno=int(number)):
            return os.strerror(number)  # the text of asyncio contains the address
        case _:
            return type(error).__name__
