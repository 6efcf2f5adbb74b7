"""Measures the time that a single attach needs to store its order before each step."""

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
from benchmarks.servers.discord_payloads import FIRST_MEMBER_ID
from benchmarks.servers.pretend_cad import CALL_COUNT, FIRST_CALL_ID, running_cad
from bot.storage.database import Database
from bot.storage.stores.order_store import Order, OrderStore


class InMemoryOrderStore(OrderStore):
    """Keeps orders in memory instead of the database; it has only what one attach needs."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._ids = itertools.count(1)

    async def add(self, order: Order) -> int:  # noqa: ARG002
        """Return a new order id."""
        return next(self._ids)

    async def save(self, changed: Sequence[Order]) -> None:
        """Do nothing."""


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
    """Attach one person repeatedly, with and without the database in turn; the CAD has no delay."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_cad(1, 0.0))
        stored = await stack.enter_async_context(interactions.our_bot(url, 1))
        with patch("bot.wiring.order_services.OrderStore", InMemoryOrderStore):
            forgetful = await stack.enter_async_context(interactions.our_bot(url, 1))
        waits: tuple[list[float], list[float]] = [], []
        # Another call each time: a unit that is there already is not attached again.
        calls = itertools.cycle(range(FIRST_CALL_ID, FIRST_CALL_ID + CALL_COUNT))
        for number in range(rounds + 5):
            for bot, found in zip((stored, forgetful), waits, strict=True):
                seconds = await _attach(bot, next(calls))
                if number >= 5:  # the first rounds are a warm-up
                    found.append(seconds * 1000)
    return Cost(*map(statistics.median, waits))


async def _attach(bot: BotUnderTest, call_id: int) -> float:
    discord, clock = bot
    (exchange,) = discord.attach([(FIRST_MEMBER_ID, call_id)])
    await discord.wait_for([exchange])
    for _ in range(10):  # let the work after an order finish before the next round
        clock.skip(60)
        await asyncio.sleep(0.01)
    return interactions.seconds_until(exchange, exchange.answered)
