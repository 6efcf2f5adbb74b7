"""The only place that awaits HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import aiohttp

from bot.cad.errors import CadTimeout, CadUnreachable, CadUnreadable
from bot.cad.wire import Request, Response

MAX_BODY = 2 * 1024 * 1024
MAX_CONNECTIONS = 20


class Transport:
    """Sends requests to one base address over one pool of connections.

    Redirects are not followed: the body carries the API key, and a POST that turns into a GET
    elsewhere would look like a success. TLS certificates are verified (aiohttp's default).
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 3.0,
        total_timeout: float = 10.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._now = now
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=total_timeout, sock_connect=connect_timeout),
            headers={"Accept": "application/json, text/plain"},
        )

    async def send(self, request: Request) -> Response:
        """Send one request and read its response to the end.

        Raises:
            CadUnreachable: no connection, or it broke half-way.
            CadTimeout: connected, but no whole answer in time.
            CadUnreadable: the body is larger than `MAX_BODY`.
        """
        try:
            async with self._session.request(
                request.method,
                self._base_url + request.path,
                data=json.dumps(request.body).encode(),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
            ) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise CadUnreadable("the answer is larger than 2 MiB", status=answer.status)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, headers, bytes(body), self._now())
        except aiohttp.ConnectionTimeoutError as error:
            raise CadUnreachable("no connection within the time limit") from error
        except TimeoutError as error:
            raise CadTimeout from error
        except (aiohttp.ClientError, OSError) as error:
            raise CadUnreachable(_reason(error)) from error

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _reason(error: Exception) -> str:
    """Name the fault without the address, which may be long, and never with the body."""
    os_error = getattr(error, "os_error", error)
    return getattr(os_error, "strerror", None) or type(error).__name__
