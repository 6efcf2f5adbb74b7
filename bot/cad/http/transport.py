"""Sends requests to the CAD over HTTP, within its rate limits and again after transient faults."""

from __future__ import annotations

import asyncio
import copy
import math
import random
from collections.abc import Callable, Mapping
from typing import TypeVar

import aiohttp

from bot.cad.errors import CadError, CadRateLimited, CadUnreachable, CadUnreadable
from bot.cad.http import retry, wire
from bot.cad.http.connection_errors import connection_error
from bot.cad.http.rate_limits import RateLimit, RateLimiter, in_background, spare_requests
from bot.cad.http.wire import Request, Response
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.common.request_guard import request_guard

MAX_BODY = 2 * 1024 * 1024
MAX_CONNECTIONS = 20
SHORT_WAIT = 2.0  # seconds that a background query waits for the rate limit
# Seconds that a query waits for a pause between commands; then the next request is its own.
LONGEST_RESERVE = 3.0

T = TypeVar("T")


class Transport:
    """Sends requests to one base address over one pool of connections.

    It does not follow redirects: the body carries the API key, and a POST that becomes a GET at
    another address would look like a success. It verifies TLS certificates (aiohttp's default).

    Args:
        trusted_for, quiet: see `request_guard`; None where no other process acts.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 3.0,
        total_timeout: float = 10.0,
        trusted_for: Callable[[], float] | None = None,
        quiet: float = 0.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._trusted_for = trusted_for
        self._clock = clock
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=total_timeout, sock_connect=connect_timeout),
            headers={"Accept": "application/json, text/plain"},
            trace_configs=[request_guard(trusted_for, quiet=quiet)] if trusted_for else None,
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
        if self._trusted_for is not None:
            # Both end together, so that no member is told that the CAD is slow.
            trusted = self._trusted_for()
            within = trusted if within is None else min(within, trusted)
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
            raise connection_error(error) from error

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()


class RequestSender:
    """Sends requests over a transport, with one rate limiter for each endpoint.

    Args:
        limits: the rate limit of each endpoint that the codec names.
        spent: the part of each that another process may have used just before, from 0 up to 1.
        jitter: a number between 0 and 1.
    """

    def __init__(
        self,
        transport: Transport,
        limits: Mapping[str, RateLimit],
        *,
        spent: float = 0.0,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._limiters = {
            endpoint: limit.new_limiter(clock, spent) for endpoint, limit in limits.items()
        }
        self._clock = clock
        self._jitter = jitter
        self._last_answer: Response | None = None

    def new_user(self) -> RequestSender:
        """Return a sender over the same connection and limits; orders of its users take turns."""
        user = copy.copy(self)
        limiters = {endpoint: one.new_user() for endpoint, one in self._limiters.items()}
        user._limiters = limiters  # noqa: SLF001
        return user

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None before the first answer."""
        return wire.clock_skew(self._last_answer) if self._last_answer else None

    @property
    def clock(self) -> Clock:
        """The clock of the rate limits."""
        return self._clock

    def limiter(self, endpoint: str) -> RateLimiter:
        """Return the rate limiter of one endpoint."""
        return self._limiters[endpoint]

    async def send_now(
        self, request: Request, read: Callable[[Response], T], within: float | None = None
    ) -> T:
        """Send a request at once, without waiting for the rate limit, and read its answer.

        Args:
            within: the seconds that the answer may take; None for the transport's own limit.
        """
        limiter = self._limiters[request.endpoint]
        limiter.record()
        try:
            response = await self._transport.send(request, within=within)
            self._last_answer = response
            return read(response)
        except CadRateLimited as error:
            limiter.on_rate_limited(error.retry_after)
            raise
        except CadUnreachable as error:
            if not error.may_have_arrived:
                limiter.refund()
            raise

    async def query(
        self, request: Request, read: Callable[[Response], T], *, waits_long: bool = True
    ) -> T:
        """Send a query when the rate limit allows it, and again after transient faults.

        Send nothing if the rate limit allows no request within `retry.TOTAL_TIMEOUT`, for a
        background query within `SHORT_WAIT`. A background query is not sent again after a 429,
        and none inside `queries_sent_once` is.

        Args:
            waits_long: False for a query that gives up as soon as a background query does, because
                the caller has something better to do than to wait.

        Raises:
            CadRateLimited: with the seconds until the rate limit allows a request.
        """
        limiter, started = self._limiters[request.endpoint], self._clock.monotonic()
        reserve, wait = limiter.reserved_for_orders, limiter.wait(is_first=True)
        if in_background():
            reserve += limiter.reserved_for_members + spare_requests()
            wait, waits_long = limiter.wait(reserve=reserve), False
        if wait > SHORT_WAIT and not waits_long:
            raise CadRateLimited(retry_after=wait)
        attempt = 0
        fault: CadError | None = None
        while True:
            await self._wait_for_limit(limiter, started, reserve, fault)
            attempt += 1
            try:
                within = retry.time_limit(self._clock.monotonic() - started)
                return await self.send_now(request, read, within)
            except CadError as error:
                elapsed = self._clock.monotonic() - started
                pause = retry.delay(error, attempt, elapsed, self._jitter())
                if pause is None or (isinstance(error, CadRateLimited) and not waits_long):
                    raise
                fault = error
            await self._clock.sleep(pause)

    async def command(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a command once, when the rate limit allows it; it waits as `query` does.

        It is not sent again: what it did must not be done twice, so that the caller has to look.
        """
        limiter, started = self._limiters[request.endpoint], self._clock.monotonic()
        await self._wait_for_limit(limiter, started, 0, None)
        return await self.send_now(request, read)

    async def _wait_for_limit(
        self, limiter: RateLimiter, started: float, reserve: int, fault: CadError | None
    ) -> None:
        """Wait until a request may be sent; raise the last fault if that takes too long.

        What a member waits for leaves the reserve to orders for `LONGEST_RESERVE`. Then it gets
        the next request, so that a stream of orders does not keep it waiting.
        """
        reserve_end = started + (math.inf if in_background() else LONGEST_RESERVE)
        while wait := limiter.wait(reserve=reserve):
            self._require_time(started, wait, fault)
            left = reserve_end - self._clock.monotonic()
            if left <= 0:
                break
            await self._clock.sleep(min(wait, left))
        with limiter.precedence():
            while wait := limiter.wait(is_first=True):
                self._require_time(started, wait, fault)
                await self._clock.sleep(wait)

    def _require_time(self, started: float, wait: float, fault: CadError | None) -> None:
        if not retry.has_time(self._clock.monotonic() - started + wait):
            raise fault or CadRateLimited(retry_after=wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
