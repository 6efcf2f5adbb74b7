"""How long people wait: the bot beside a bare one, under 1, 50 and 1,000 interactions at once."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import aiohttp
from pydantic import SecretStr

from benchmarks.bare import BareBot
from benchmarks.clock import Clock
from benchmarks.pretend_cad import CALL_COUNT, FIRST_CALL_ID, api_id, running_cad
from benchmarks.pretend_discord import (
    FIRST_MEMBER_ID,
    GUILD_ID,
    ROLE_ID,
    Exchange,
    PretendDiscord,
)
from bot.app import DispatchBot, open_services
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.links import Link, LinkStore

CAD_DELAY = 0.05


@asynccontextmanager
async def bare_bot(url, people):
    discord = PretendDiscord()
    async with aiohttp.ClientSession() as session, BareBot(session, url) as bot:
        await discord.welcome(bot)
        yield discord, Clock()


@asynccontextmanager
async def our_bot(url, people):
    with tempfile.TemporaryDirectory() as folder:
        database_url = f"sqlite+aiosqlite:///{folder}/bench.db"
        database = await Database.open(database_url)
        now = datetime.now(UTC)
        await LinkStore(database).put_many(
            Link(GUILD_ID, FIRST_MEMBER_ID + n, api_id(n), 1, now) for n in range(people)
        )
        await database.close()
        settings = Settings(
            discord_token=SecretStr("x"), sonoran_community_id="sandbox", sonoran_api_key=SecretStr("sandbox-key"),
            sonoran_api_url=url, database_url=database_url, dispatch_role_ids=frozenset({ROLE_ID}))
        clock = Clock()
        discord = PretendDiscord()
        async with open_services(settings, time=clock.time) as services:
            await services.board.units_now(1)
            async with DispatchBot(services) as bot:
                await discord.welcome(bot)
                clock.skip(60)
                yield discord, clock
                await bot.drain()


async def rounds(opener, url, size, people, count):
    acks, finals = [], []
    async with opener(url, people) as (discord, clock):
        orders = [(FIRST_MEMBER_ID + n, FIRST_CALL_ID + n % CALL_COUNT) for n in range(size)]
        for i in range(count + 1):
            ex = discord.attach(orders)
            await discord.wait_for(ex)
            for _ in range(5):
                clock.skip(60)
                await asyncio.sleep(0.1)
            if i:
                acks += [e.acknowledged - e.arrived for e in ex]
                finals += [e.answered - e.arrived for e in ex]
                assert all(e.answer.startswith("✅") for e in ex), [e.answer for e in ex if not e.answer.startswith("✅")][:3]
    def q(v, f): v = sorted(v); return v[min(len(v)-1, int(len(v)*f))]*1000
    print(opener.__name__, size, "ack p50 %.1f p99 %.1f  final p50 %.1f p99 %.1f" % (q(acks,.5), q(acks,.99), q(finals,.5), q(finals,.99)), flush=True)


async def main():
    import logging; logging.basicConfig(level="ERROR")
    import sys
    people = 1000
    async with running_cad(people, CAD_DELAY) as url:
        for size, count in ((1, 10), (50, 3), (1000, 3)):
            for opener in (bare_bot, our_bot):
                await rounds(opener, url, size, people, count)

if __name__ == "__main__":
    asyncio.run(main())
