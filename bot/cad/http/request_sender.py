"""Sends requests within the CAD's budgets, again where a fault may pass."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from bot.cad.errors import CadError, CadRateLimited, CadUnreachable
from bot.cad.http import retry, wire
from bot.cad.http.rate_limits import Budget, Limit
from bot.cad.http.transport import Transport
from bot.cad.http.wire import Request, Response
from bot.common.clock import SYSTEM_CLOCK, Clock

T = TypeVar("T")


class Sender:
    """Transport and budgets together.

    Args:
        limits: one for each endpoint that the codec names.
        jitter: a number between 0 and 1.
    """

    def __init__(
        self,
        transport: Transport,
        limits: Mapping[str, Limit],
        *,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._budgets = {endpoint: limit.budget(clock) for endpoint, limit in limits.items()}
        self._clock = clock
        self._jitter = jitter
        self.clock_skew: float | None = None  # see wire.clock_skew; None before the first answer

    def budget(self, endpoint: str) -> Budget:
        """Return the budget of one endpoint."""
        return self._budgets[endpoint]

    async def once(
        self, request: Request, read: Callable[[Response], T], within: float | None = None
    ) -> T:
        """Send a request now, whatever the budget says, and read its answer."""
        budget = self._budgets[request.endpoint]
        budget.spend()
        try:
            response = await self._transport.send(request, within=within)
            self.clock_skew = wire.clock_skew(response)
            return read(response)
        except CadRateLimited as error:
            budget.refuse(error.retry_after)
            raise
        except CadUnreachable as error:
            if not error.may_have_arrived:
                budget.take_back()
            raise

    async def ask(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a question when the budget allows, again after faults that may pass.

        If the budget allows nothing for longer than `retry.WINDOW`, nothing is sent.
        """

        async def attempt(elapsed: float) -> T:
            return await self.once(request, read, retry.time_limit(elapsed))

        reserve = self._budgets[request.endpoint].for_orders
        return await self._patiently(request.endpoint, attempt, reserve, lambda _: True)

    async def act(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send an order that must not be carried out twice when the budget allows.

        Again only where the CAD surely has not done it; waiting as for a question.
        """

        async def attempt(_elapsed: float) -> T:
            # With the transport's own time: an order cut short may have been carried out.
            return await self.once(request, read)

        return await self._patiently(request.endpoint, attempt, 0, retry.surely_not_done)

    async def _patiently(
        self,
        endpoint: str,
        send: Callable[[float], Awaitable[T]],
        reserve: int,
        may_repeat: Callable[[CadError], bool],
    ) -> T:
        """Send within the budget and `retry.WINDOW`; `send` is told the seconds gone by."""
        budget = self._budgets[endpoint]
        started = self._clock.monotonic()
        attempt = 0
        fault: CadError | None = None
        while True:
            if wait := budget.wait(reserve=reserve):
                if not retry.fits(self._clock.monotonic() - started + wait):
                    raise fault or CadRateLimited(retry_after=wait)
                await self._clock.sleep(wait)
                continue
            attempt += 1
            try:
                return await send(self._clock.monotonic() - started)
            except CadError as error:
                elapsed = self._clock.monotonic() - started
                pause = retry.delay(error, attempt, elapsed, self._jitter())
                if pause is None or not may_repeat(error):
                    raise
                fault = error
            await self._clock.sleep(pause)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
