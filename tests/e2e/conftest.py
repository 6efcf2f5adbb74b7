from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.backend.errors import SetupError
from simcord.env import Env

from bot.storage.database import Database
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from sandbox.bot_settings import make_application_private
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.fake_time import FakeTime, Wait
from tests.bystander import Bystander
from tests.deadlines import HANG_TIMEOUT
from tests.e2e.bot_fixture import SETTLE_SECONDS, BotFixture, database_url

# Linked from the start. Erin is not on duty; Charlie is on duty and not linked.
LINKED = (seed.PAT, seed.ALICE, seed.BOB, seed.ERIN)


class QuickEnv(Env):
    """Checks more often than every 50 ms whether all tasks are idle.

    Simcord gives a start of the bot five seconds, which a busy machine may not have.
    """

    async def _settle_internal(
        self,
        *,
        idle: float = 0.002,
        timeout: float | None = None,  # noqa: ASYNC109 - simcord's
        **others: Any,
    ) -> None:
        limit = HANG_TIMEOUT if timeout else None
        await super()._settle_internal(idle=idle, timeout=limit, **others)


def with_settings(**changes: Any) -> pytest.MarkDecorator:
    """Run a test with other settings of the bot."""
    return pytest.mark.parametrize(
        "bot_fixture", [changes], indirect=True, ids=[", ".join(changes)]
    )


@pytest.fixture
async def bot_fixture(
    request: pytest.FixtureRequest, tmp_path: Path, empty_file: Path
) -> AsyncIterator[BotFixture]:
    """Build the guild and the CAD, then start the bot, which must be told the id of a role."""
    stand_in = discord.Client(intents=discord.Intents(guilds=True))
    env = QuickEnv(stand_in, settle_timeout=SETTLE_SECONDS)
    time = FakeTime(_waits_in(env))
    # The CAD has the same time as the bot, for its limits and in what it shows.
    async with CadServer(seed.build_world(time.now), clock=time.monotonic) as cad:
        await env.start()
        bot_fixture = _built(cad, env, tmp_path / "dispatch.db", time)
        shutil.copy(empty_file, bot_fixture.file)
        await _link(bot_fixture)
        try:
            bot_fixture.fixed_settings = getattr(request, "param", {})
            await bot_fixture.start()
            yield bot_fixture
        finally:
            await bot_fixture.stop()
            await env.shutdown()
        bot_fixture.bystander.check(env, bot_fixture.file)
    env._raise_errors_since(env._errors_acknowledged)


make_application_private()
_dispatch = MemberActor._dispatch_interaction


async def _dispatch_with_guild(
    actor: MemberActor, kind: int, channel: Any, data: dict[str, Any], **others: Any
) -> Any:
    """Name the guild of a context menu's command as Discord does; simcord leaves it out."""
    if "target_id" in data:
        data["guild_id"] = str(actor.guild.id)
    return await _dispatch(actor, kind, channel, data, **others)


MemberActor._dispatch_interaction = _dispatch_with_guild  # type: ignore[assignment,method-assign]


def _built(cad: CadServer, env: Env, file: Path, time: FakeTime) -> BotFixture:
    guild = env.create_guild("San Andreas")
    dispatch = guild.create_role("Dispatch")
    manager = guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
    roles = {"dana": [dispatch], "max": [manager]}
    names = [*(person.name.lower() for person in seed.PEOPLE), "max"]
    people = {
        name: guild.add_member(env.create_user(name), roles=roles.get(name, [])) for name in names
    }
    channel = guild.create_text_channel("dispatch")
    bystander = Bystander.built(env, cad.world)
    return BotFixture(cad, env, guild, channel, dispatch, people, file, time, bystander)


def _waits_in(env: Env) -> Wait:
    """Declare a sleep in a command's task as an external wait."""

    async def wait(sleeper: Awaitable[None]) -> None:
        try:
            await env.external_wait(sleeper, reason="pretend time")
        except SetupError:  # a task of the services' own, of which simcord knows nothing
            await sleeper

    return wait


async def _link(bot_fixture: BotFixture) -> None:
    """Write the links as an import does, and as the CAD has confirmed them."""
    now = bot_fixture.time.now()
    database = await Database.open(database_url(bot_fixture.file))
    guilds = bot_fixture.guild.id, bot_fixture.bystander.guild.id
    await LinkStore(database).put_many(
        Link(
            guild_id,
            bot_fixture.members[person.name.lower()].id,
            person.hex,
            1,
            now,
            account_name=person.name.lower(),
            proven_at=now,
            checked_at=now,
        )
        for guild_id in guilds
        for person in LINKED
    )
    bot_fixture.bystander.links = bot_fixture.links()
    await database.close()


@pytest.fixture
async def officers(bot_fixture: BotFixture) -> BotFixture:
    """Let Pat, Alice and Charlie move their own units; Charlie is not linked."""
    role = bot_fixture.guild.create_role("Officer")
    for name in ("pat", "alice", "charlie"):
        bot_fixture.env.backend.add_member_role(
            bot_fixture.guild.id, bot_fixture.members[name].id, role.id
        )
    roles = frozenset({role.id})
    bot_fixture.fixed_settings = {**bot_fixture.fixed_settings, "self_dispatch_role_ids": roles}
    await bot_fixture.start()
    return bot_fixture
