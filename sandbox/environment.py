"""The sandbox's parts: a pretend guild with members, the pretend CAD, and the real bot."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import discord
import simcord

from bot.app import DispatchBot, open_bot
from bot.config.settings import Settings
from bot.storage.database import Database
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from sandbox import bot_settings
from sandbox.cad.server import CadServer
from sandbox.cad.state import account_states, second_server, seed
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.models import Community, Server
from sandbox.cad.state.seed import Person
from sandbox.fake_time import FakeTime
from sandbox.new_server import NewServer, build_new_server
from sandbox.preview_time import LiveClock, external_wait, sync_time

LINKED = (seed.PAT, seed.ALICE, seed.BOB, seed.ERIN)
OFFICERS = (*LINKED, seed.CHARLIE)
PATROL_OFFICERS = (seed.PAT, seed.ALICE)

# Longer than one order may take, so that the member sees the answer and not a timeout.
SETTLE_SECONDS = 15.0
TICK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Environment:
    """The parts that a user or a test can act on; `people` by first name.

    Attributes:
        new_server: a second Discord server, which is not set up; None for none.
    """

    cad: CadServer
    simcord_env: simcord.Env
    guild_id: int
    channel: simcord.ChannelHandle
    second_channel: simcord.ChannelHandle
    people: Mapping[str, simcord.MemberActor]
    dispatch_role: simcord.RoleHandle
    officer_role: simcord.RoleHandle
    patrol: simcord.ChannelHandle
    new_server: NewServer | None = None

    @property
    def home_server(self) -> Server:
        """The CAD's server of the commands that name none."""
        return self.cad.world.server(seed.COMMUNITY_ID, seed.SERVER_ID)

    @property
    def second_server(self) -> Server:
        """The other server of the community, with a channel of its own."""
        return self.cad.world.server(seed.COMMUNITY_ID, second_server.SERVER_ID)

    @property
    def community(self) -> Community:
        """The community of both servers."""
        return self.cad.world.communities[seed.COMMUNITY_ID]

    def units_on(self, call_id: int) -> tuple[str, ...]:
        """List the numbers of the units on a call, in the order of their attachment."""
        units, call = self.home_server.units, self.home_server.calls[call_id]
        return tuple(units[ident].badge.unit_num for ident in call.idents)

    def with_names(self, text: str) -> str:
        """Replace the mentions in a text by names, as Discord shows them."""
        for name, mention in self._mentions().items():
            text = text.replace(mention, name)
        return text

    def with_mentions(self, text: str) -> str:
        """Replace the names in a text by mentions, as Discord sends them."""
        for name, mention in self._mentions().items():
            text = text.replace(name, mention)
        return text

    def _mentions(self) -> dict[str, str]:
        roles = {f"@{one.name}": one.mention for one in (self.dispatch_role, self.officer_role)}
        people = {f"@{name}": one.mention for name, one in self.people.items()}
        return {**roles, **people, f"#{self.patrol.name}": self.patrol.mention}


@asynccontextmanager
async def open_environment(
    *,
    cad_port: int = 0,
    time: FakeTime | None = None,
    cards: bool = False,
    pushes: bool = False,
    cad_permissions: bool = False,
    new_server: bool = False,
    api: SpokenApi = SpokenApi.V1,
) -> AsyncIterator[Environment]:
    """Set up the sandbox, and remove it at the end of the block.

    Args:
        cad_port: the port of the CAD; 0 picks a free port.
        time: the clock of the bot, if a test moves it; None for real time.
        cards: whether the channel shows cards of the calls.
        pushes: whether the CAD pushes its events to the bot.
        cad_permissions: whether members need the CAD's permission as well.
        new_server: whether there is a second Discord server, which is not set up.
        api: which of its two APIs the CAD speaks.
    """
    bot_settings.make_application_private()
    # simcord runs one bot at a time, and the real bot needs the id of the dispatch role. This
    # client takes its place until the guild is built.
    placeholder = discord.Client(intents=discord.Intents(guilds=True))
    world = seed.build_world()
    second_server.add_second_server(world)
    async with (
        CadServer(world, port=cad_port) as cad,
        simcord.run(placeholder, check_errors=False, settle_timeout=SETTLE_SECONDS) as env,
    ):
        cad.world.behaviour.spoken_api = api
        await sync_time(env)
        if placeholder.user is not None:
            await placeholder.user.edit(username="Dispatch")
        environment = _build_guild(env, cad)
        if new_server:
            added = build_new_server(env, environment.people)
            environment = replace(environment, new_server=added)
        discord_ids = {name: person.id for name, person in environment.people.items()}
        account_states.add_account_states(world, discord_ids)
        with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as folder:
            settings = bot_settings.build_settings(
                environment, Path(folder), cards=cards, cad_permissions=cad_permissions
            )
            if pushes:
                settings = bot_settings.with_push(environment, settings)
            await _link_officers(environment, settings.database_url)
            async with _running_bot(environment, settings, time):
                yield environment


@asynccontextmanager
async def _running_bot(
    environment: Environment, settings: Settings, time: FakeTime | None
) -> AsyncIterator[None]:
    """Run the real bot in the environment; it ends its work at the end of the block."""
    env = environment.simcord_env
    if time is not None:
        time.wait = external_wait(env)
    async with open_bot(settings, clock=time or LiveClock(env)) as bot:
        await env.restart_bot(bot)
        await _load_members(bot, environment)
        try:
            yield
        finally:
            await _drain(bot, env)
            await bot.close()


async def _load_members(bot: DispatchBot, environment: Environment) -> None:
    """Load all members into the bot, as at a real start; put two officers in the voice channel."""
    for guild in bot.guilds:
        await guild.chunk()
    for person in PATROL_OFFICERS:
        await environment.people[person.name].join_voice(environment.patrol)


async def _drain(bot: DispatchBot, env: simcord.Env) -> None:
    """Wait until the bot has finished its work, and keep simcord's time running meanwhile."""
    draining = asyncio.create_task(bot.drain())
    while not draining.done():
        await asyncio.wait({draining}, timeout=TICK_SECONDS)
        # Running work may need longer than one tick; the next tick follows.
        with contextlib.suppress(TimeoutError, simcord.SetupError):
            await sync_time(env)
    await draining


def _build_guild(env: simcord.Env, cad: CadServer) -> Environment:
    guild = env.create_guild("San Andreas Roleplay")
    channel = guild.create_text_channel("dispatch", topic="Who goes where")
    second_channel = guild.create_text_channel("liberty-city", topic="Calls of Liberty City")
    dispatch = guild.create_role("Dispatch", color=0xE67E22, hoist=True)
    officer = guild.create_role("Officer", color=0x3498DB, hoist=True)
    roles = {seed.DANA: [dispatch], **{person: [officer] for person in OFFICERS}}

    def join(person: Person) -> simcord.MemberActor:
        user = env.create_user(person.name.lower(), global_name=person.name)
        return guild.add_member(user, roles=roles.get(person, []))

    people = {person.name: join(person) for person in seed.PEOPLE}
    patrol = guild.create_voice_channel("Patrol-2")
    return Environment(
        cad, env, guild.id, channel, second_channel, people, dispatch, officer, patrol
    )


async def _link_officers(environment: Environment, database_url: str) -> None:
    """Store the links of the officers, already verified by the CAD."""
    dana = environment.people[seed.DANA.name]
    now = datetime.now(UTC)
    database = await Database.open(database_url)
    try:
        await LinkStore(database).put_many(
            Link(
                dana.guild.id,
                environment.people[person.name].id,
                person.hex,
                dana.id,
                now,
                account_name=person.name.lower(),
                proven_at=now,
                checked_at=now,
            )
            for person in LINKED
        )
    finally:
        await database.close()
