"""What it costs a single attach that its order is in the database before each step."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from unittest.mock import patch

from benchmarks import interactions
from benchmarks.interactions import BotUnderTest
from benchmarks.pretend_cad import FIRST_CALL_ID, running_cad
from benchmarks.pretend_discord import FIRST_MEMBER_ID
from bot.storage.database import Database
from bot.storage.stores.order_store import Order, OrderStore


class InMemoryOrderStore(OrderStore):
    """Keeps the orders in memory, as if a bot never died. Only what one attach needs."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._ids = itertools.count(1)

    async def add(self, order: Order) -> int:  # noqa: ARG002
        """Give an order its id."""
        return next(self._ids)

    async def save(self, changed: Sequence[Order]) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Median milliseconds from the interaction to the answer, with and without the writes."""

    stored: float
    in_memory: float

    @property
    def added(self) -> float:
        """The milliseconds that the writes add."""
        return self.stored - self.in_memory


async def measure(rounds: int = 150) -> Cost:
    """Let one person attach again and again, with either bot in turn; the CAD answers at once."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_cad(1, 0.0))
        stored = await stack.enter_async_context(interactions.our_bot(url, 1))
        with patch("bot.wiring.services.OrderStore", InMemoryOrderStore):
            forgetful = await stack.enter_async_context(interactions.our_bot(url, 1))
        waits: tuple[list[float], list[float]] = [], []
        for number in range(rounds + 5):
            for stage, found in zip((stored, forgetful), waits, strict=True):
                seconds = await _attach(stage)
                if number >= 5:  # the first ones warm up
                    found.append(seconds * 1000)
    return Cost(*map(statistics.median, waits))


async def _attach(stage: BotUnderTest) -> float:
    discord, clock = stage
    (exchange,) = discord.attach([(FIRST_MEMBER_ID, FIRST_CALL_ID)])
    await discord.wait_for([exchange])
    for _ in range(10):  # let what follows happen, so that it does not weigh on the next
        clock.skip(60)
        await asyncio.sleep(0.01)
    return interactions.seconds_until(exchange, exchange.answered)
