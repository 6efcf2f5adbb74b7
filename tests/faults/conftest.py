"""Fifty units on duty, a pretend Discord and a pretend CAD that fails, in pretend time."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import discord
import pytest
from simcord.env import Env
from sqlalchemy.pool import QueuePool

from bot.app import open_bot
from bot.config.settings import Settings
from bot.storage.database import Database
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import SETTLE_SECONDS, database_url, until
from tests.faults.fault_fixture import (
    MEMBER_COUNT,
    FaultFixture,
    SimultaneousTime,
    TrackedTransport,
    api_id,
    build_world,
)

CALM = 60.0  # seconds after which the rate limits count no old request


@pytest.fixture
async def fault_fixture(
    version: int, tmp_path: Path, empty_file: Path
) -> AsyncIterator[FaultFixture]:
    """Start the bot for fifty members who may dispatch themselves, and wait for its first polls."""
    random.seed(version)  # of the pauses between two attempts
    env = Env(discord.Client(intents=discord.Intents(guilds=True)), settle_timeout=SETTLE_SECONDS)
    time = SimultaneousTime()
    async with AsyncExitStack() as stack:
        world = build_world()
        world.now = time.now
        cad = await stack.enter_async_context(CadServer(world, clock=time.monotonic))
        await env.start()
        stack.push_async_callback(env.shutdown)
        guild = env.create_guild("San Andreas")
        role = guild.create_role("Dispatch")
        people = [
            guild.add_member(env.create_user(f"officer{number}"), roles=[role])
            for number in range(MEMBER_COUNT)
        ]
        file = tmp_path / "dispatch.db"
        shutil.copyfile(empty_file, file)
        await _link(file, guild.id, [person.id for person in people])

        network = TrackedTransport(cad.url, time)
        settings = Settings.model_validate(
            {
                "discord_token": "a.bot.token",
                "discord_guild_id": guild.id,
                "dispatch_role_ids": [role.id],
                "sonoran_community_id": seed.COMMUNITY_ID,
                "sonoran_api_key": seed.API_KEY,
                "sonoran_api_url": cad.url,
                "sonoran_api_version": version,
                "database_url": database_url(file),
            }
        )
        opening = open_bot(settings, transport=lambda _: network, clock=time)
        bot = await stack.enter_async_context(opening)
        services = bot.guild_services[guild.id]
        await until(lambda: services.board.units(seed.SERVER_ID))
        stack.push_async_callback(bot.close)
        await env.restart_bot(bot)
        channel = guild.create_text_channel("dispatch")
        pool = cast(QueuePool, services.intake._orders._database._engine.pool)
        fault_fixture = FaultFixture(
            cad, env, network, time, channel, people, version, file, services, pool
        )
        # What was just asked must not count against the next requests.
        await fault_fixture.advance(CALM)
        cad.world.history.clear()
        fault_fixture.began = time.now()
        yield fault_fixture
        cad.faults.clear()
        await asyncio.gather(bot.drain(), fault_fixture.advance(CALM))
    env._raise_errors_since(env._errors_acknowledged)


async def _link(file: Path, guild_id: int, people: list[int]) -> None:
    """Write the links as an import does, and as the CAD has confirmed them."""
    now = datetime.now(UTC)
    database = await Database.open(database_url(file))
    await LinkStore(database).put_many(
        Link(guild_id, discord_id, api_id(number), 1, now, proven_at=now, checked_at=now)
        for number, discord_id in enumerate(people)
    )
    await database.close()
