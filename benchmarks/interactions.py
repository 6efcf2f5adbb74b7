"""Measures the waiting times of 1, 50 and 1,000 interactions at once, with this and a bare bot."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import aiohttp
from pydantic import HttpUrl, SecretStr

from benchmarks.bare import BareBot
from benchmarks.clock import BenchmarkClock
from benchmarks.servers.discord_payloads import FIRST_MEMBER_ID, GUILD_ID, ROLE_ID
from benchmarks.servers.pretend_cad import CALL_COUNT, FIRST_CALL_ID, api_id, running_cad
from benchmarks.servers.pretend_discord import Exchange, PretendDiscord
from bot.app import open_bot
from bot.config.settings import Settings
from bot.runtime import gc_tuning
from bot.storage.database import Database
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

CAD_DELAY = 0.05  # seconds
SIZES = (1, 50, 1000)

BotUnderTest = tuple[PretendDiscord, BenchmarkClock]
OpenBot = Callable[[str, int], AbstractAsyncContextManager[BotUnderTest]]


@dataclass(frozen=True, slots=True)
class WaitTimes:
    """Sorted seconds from an interaction's arrival to its acknowledgement and to its answer."""

    acknowledged: Sequence[float]
    answered: Sequence[float]


@asynccontextmanager
async def bare_bot(url: str, people: int) -> AsyncIterator[BotUnderTest]:  # noqa: ARG001
    """Open the bare bot, which has no links."""
    discord = PretendDiscord()
    async with aiohttp.ClientSession() as session, BareBot(session, url, GUILD_ID) as bot:
        await discord.log_in(bot)
        yield discord, BenchmarkClock()


@asynccontextmanager
async def our_bot(url: str, people: int) -> AsyncIterator[BotUnderTest]:
    """Open this bot with this many members linked and on duty."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(url, f"sqlite+aiosqlite:///{folder}/bench.db")
        await link_members(settings.database_url, people)
        clock, discord = BenchmarkClock(), PretendDiscord()
        async with open_bot(settings, clock=clock) as bot:
            await bot.guild_services[GUILD_ID].board.fetch_units(1)
            async with bot:
                await discord.log_in(bot)
                clock.skip(60)
                with _tuned_gc():
                    yield discord, clock
                await bot.drain()


@contextmanager
def _tuned_gc() -> Iterator[None]:
    """Tune the garbage collector as this bot's process does, and restore it afterwards."""
    thresholds = gc.get_threshold()
    gc_tuning.tune()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def measure(opener: OpenBot, url: str, size: int, rounds: int) -> WaitTimes:
    """Send `size` orders at once, in several rounds after one that does not count."""
    acknowledged: list[float] = []
    answered: list[float] = []
    async with opener(url, size) as (discord, clock):
        for number in range(rounds + 1):
            # Another call in each round: a unit that is there already is not attached again.
            orders = [
                (FIRST_MEMBER_ID + n, FIRST_CALL_ID + (n + number) % CALL_COUNT)
                for n in range(size)
            ]
            exchanges = discord.attach(orders)
            await discord.wait_for(exchanges)
            await run_work_after_orders(clock)
            if number:
                acknowledged += [seconds_until(one, one.acknowledged) for one in exchanges]
                answered += [seconds_until(one, one.answered) for one in exchanges]
    return WaitTimes(sorted(acknowledged), sorted(answered))


async def table(
    sizes: Sequence[int] = SIZES, rounds: int = 3
) -> list[tuple[int, WaitTimes, WaitTimes]]:
    """Measure both bots in turn at each size; return the size, the bare bot's waits and ours."""
    rows = []
    async with running_cad(max(sizes), CAD_DELAY) as url:
        for size in sizes:
            # A single interaction is short, so it needs more rounds for the same precision.
            count = rounds * 10 if size == 1 else rounds
            bare = await measure(bare_bot, url, size, count)
            rows.append((size, bare, await measure(our_bot, url, size, count)))
    return rows


async def run_work_after_orders(clock: BenchmarkClock) -> None:
    """Let the work after an answer finish, so that it does not slow the next round."""
    for _ in range(5):
        clock.skip(60)
        await asyncio.sleep(0.1)


def seconds_until(exchange: Exchange, moment: float | None) -> float:
    """Return the seconds from an interaction's arrival to `moment`; raise if it has failed."""
    if moment is None or not exchange.answer.startswith("✅"):
        raise RuntimeError(f"not attached: {exchange.answer}")
    return moment - exchange.arrived


def settings_for(url: str, database_url: str, *, version: Literal[1, 2] = 1) -> Settings:
    """Build settings that give every member of the pretend Discord the dispatch role."""
    return Settings(
        discord_token=SecretStr("no.token.is-needed"),
        discord_guild_id=GUILD_ID,
        sonoran_community_id="sandbox",
        sonoran_api_key=SecretStr("sandbox-key"),
        sonoran_api_url=HttpUrl(url),
        sonoran_api_version=version,
        database_url=database_url,
        dispatch_role_ids=frozenset({ROLE_ID}),
    )


async def link_members(database_url: str, people: int) -> None:
    """Store links for the first `people` members, as an import does."""
    now = datetime.now(UTC)
    database = await Database.open(database_url)
    try:
        await LinkStore(database).put_many(
            Link(GUILD_ID, FIRST_MEMBER_ID + n, api_id(n), 1, now, proven_at=now)
            for n in range(people)
        )
    finally:
        await database.close()
