"""Sends requests within the CAD's rate limits, and again after transient faults."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from bot.cad.errors import CadError, CadRateLimited, CadUnreachable
from bot.cad.http import retry, wire
from bot.cad.http.rate_limits import RateLimit, RateLimiter, in_background
from bot.cad.http.transport import Transport
from bot.cad.http.wire import Request, Response
from bot.common.clock import SYSTEM_CLOCK, Clock

T = TypeVar("T")

BACKGROUND_WAIT = 2.0  # seconds that a background query waits for the rate limit


class RequestSender:
    """Sends requests over a transport, with one rate limiter for each endpoint.

    Args:
        limits: the rate limit of each endpoint that the codec names.
        jitter: a number between 0 and 1.
    """

    def __init__(
        self,
        transport: Transport,
        limits: Mapping[str, RateLimit],
        *,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._limiters = {endpoint: limit.new_limiter(clock) for endpoint, limit in limits.items()}
        self._clock = clock
        self._jitter = jitter
        self._last_answer: Response | None = None

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

    async def query(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a query when the rate limit allows it, and again after transient faults.

        Send nothing if the rate limit allows no request within `retry.TOTAL_TIMEOUT`, for a
        background query within `BACKGROUND_WAIT`.

        Raises:
            CadRateLimited: with the seconds until the rate limit allows a request.
        """

        async def attempt(elapsed: float) -> T:
            return await self.send_now(request, read, retry.time_limit(elapsed))

        limiter = self._limiters[request.endpoint]
        reserve = limiter.reserved_for_orders
        if in_background():
            reserve += limiter.reserved_for_acts
            if (wait := limiter.wait(reserve=reserve)) > BACKGROUND_WAIT:
                raise CadRateLimited(retry_after=wait)
        return await self._send_with_retry(request.endpoint, attempt, reserve, lambda _: True)

    async def command(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a command, which must not be carried out twice, when the rate limit allows it.

        Send it again only if the CAD cannot have carried it out. It waits as `query` does.
        """

        async def attempt(_elapsed: float) -> T:
            # No shorter time limit: a command that times out may have been carried out.
            return await self.send_now(request, read)

        return await self._send_with_retry(request.endpoint, attempt, 0, retry.is_safe_to_resend)

    async def _send_with_retry(
        self,
        endpoint: str,
        send: Callable[[float], Awaitable[T]],
        reserve: int,
        may_resend: Callable[[CadError], bool],
    ) -> T:
        """Send within the rate limit and `retry.TOTAL_TIMEOUT`; `send` gets the elapsed seconds."""
        limiter = self._limiters[endpoint]
        started = self._clock.monotonic()
        attempt = 0
        fault: CadError | None = None
        while True:
            if wait := limiter.wait(reserve=reserve):
                if not retry.has_time(self._clock.monotonic() - started + wait):
                    raise fault or CadRateLimited(retry_after=wait)
                await self._clock.sleep(wait)
                continue
            attempt += 1
            try:
                return await send(self._clock.monotonic() - started)
            except CadError as error:
                elapsed = self._clock.monotonic() - started
                pause = retry.delay(error, attempt, elapsed, self._jitter())
                if pause is None or not may_resend(error):
                    raise
                fault = error
            await self._clock.sleep(pause)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
