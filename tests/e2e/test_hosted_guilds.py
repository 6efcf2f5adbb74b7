"""Guilds that are set up in the database, with sealed API keys."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.cad.push.http_push import EVENT_PATH
from bot.config.settings import Settings
from bot.config.stored_settings import to_stored
from bot.storage.database import Database
from bot.storage.sealing import Sealer
from bot.storage.stores.community_store import CommunityStore, KeyCounts
from bot.storage.stores.guild_data_store import GuildDataStore
from bot.storage.stores.guild_store import GuildStore
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture, database_url, until
from tests.e2e.calls.shown_cards import Cards
from tests.e2e.test_guilds import OtherGuild

SEALING_KEY, LOST_KEY = "k" * 43, "l" * 43
KEYS = (SecretStr(SEALING_KEY),)
CANARY = "canary-key-of-liberty-city"

pytestmark = pytest.mark.parametrize(
    "bot_fixture",
    [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}],
    indirect=True,
    ids=["v1", "v2"],
)


@pytest.fixture
def other(bot_fixture: BotFixture) -> OtherGuild:
    """The other guild, whose community has the canary as its key."""
    other = OtherGuild.build(bot_fixture)
    bot_fixture.world.communities[other.settings.sonoran_community_id].key = CANARY
    return other


async def store(other: OtherGuild, sealing_key: str = SEALING_KEY) -> None:
    """Set the other guild up in the database."""
    await put(other.bot_fixture, other.guild.id, other.settings, sealing_key)


async def put(
    bot_fixture: BotFixture, guild_id: int, settings: Settings, sealing_key: str = SEALING_KEY
) -> None:
    """Stop the bot, and set a guild up in the database as some settings say."""
    await bot_fixture.stop()
    community = bot_fixture.world.communities[settings.sonoran_community_id]
    async with opened(bot_fixture) as database:
        await GuildStore(database, Sealer([sealing_key])).save(
            guild_id, community.id, community.key, to_stored(settings), bot_fixture.world.now()
        )


@asynccontextmanager
async def opened(bot_fixture: BotFixture) -> AsyncIterator[Database]:
    """Open the database as a command of the terminal does, beside the bot."""
    database = await Database.open(database_url(bot_fixture.file))
    try:
        yield database
    finally:
        await database.close()


async def started(other: OtherGuild, **changes: Any) -> None:
    await other.bot_fixture.start(secrets_keys=KEYS, **changes)
    board = other.services.board
    await until(lambda: board.calls(seed.SERVER_ID) and board.units(seed.SERVER_ID))


async def test_a_guild_of_the_database_dispatches_beside_that_of_the_settings(
    bot_fixture: BotFixture, other: OtherGuild
) -> None:
    await store(other)
    await started(other)
    answer = await other.final_answer("attach", call="100", units="A-12")
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-12")
    assert other.units_on(seed.ARMED_ROBBERY) == ["A-12"]
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == []
    assert (await bot_fixture.attach("A-12")).startswith("✅")
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == ["A-12"]


async def test_push_events_reach_the_guild_of_their_key(
    bot_fixture: BotFixture, other: OtherGuild, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    for server in (bot_fixture.server, other.server):
        server.push_url = f"http://{address}{EVENT_PATH}"
    await store(other)
    await started(other, push_listen=address)
    board, home = other.services.board, bot_fixture.services.board
    polled = bot_fixture.world.now()
    bot_fixture.world.close(other.server, seed.ARMED_ROBBERY)
    await until(lambda: board.call(seed.SERVER_ID, seed.ARMED_ROBBERY) is None)
    await bot_fixture.cad.push.settle()
    assert bot_fixture.world.now() == polled  # no time for a poll
    assert home.call(seed.SERVER_ID, seed.ARMED_ROBBERY) is not None
    assert "the last push event came" in await other.final_answer("doctor")


async def test_a_key_that_does_not_open_is_said_to_its_guild_alone(
    bot_fixture: BotFixture, other: OtherGuild
) -> None:
    await store(other, LOST_KEY)
    await bot_fixture.start(secrets_keys=KEYS)
    answer = await other.final_answer("attach", call="100", units="A-12")
    assert answer == (
        "❌ The stored API key of this server cannot be opened any more. A member with Manage"
        " Server enters it again with `/setup`."
    )
    assert (await bot_fixture.attach("A-12")).startswith("✅")


async def test_the_database_goes_before_the_settings(
    bot_fixture: BotFixture, other: OtherGuild, caplog: pytest.LogCaptureFixture
) -> None:
    await store(other)
    with caplog.at_level(logging.WARNING):
        opening = {"discord_guild_id": other.guild.id, "secrets_keys": KEYS}
        await bot_fixture.start(**opening)
    assert f"guild {other.guild.id} is set up in the database, not by the settings" in caplog.text
    assert (await other.final_answer("attach", call="100", units="A-12")).startswith("✅")
    assert other.units_on(seed.ARMED_ROBBERY) == ["A-12"]


async def test_without_sealing_keys_the_settings_alone_count(
    bot_fixture: BotFixture, other: OtherGuild
) -> None:
    await store(other)
    await bot_fixture.start()
    assert set(bot_fixture.bot.guild_services) == {bot_fixture.guild.id}
    assert dict(bot_fixture.bot.refusals) == {}


async def test_the_key_is_nowhere(
    bot_fixture: BotFixture, other: OtherGuild, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the log, nor at Discord, nor in the database or what is printed from it."""
    with caplog.at_level(logging.DEBUG, "bot"):
        await store(other)
        await started(other)
        await other.final_answer("attach", call="100", units="A-12")
        await other.final_answer("doctor")
        bot_fixture.world.communities[other.settings.sonoran_community_id].key = "another"
        await other.final_answer("attach", call="101", units="A-12")
        await bot_fixture.cad.pause()
        await other.final_answer("attach", call="100", units="A-12")
        await bot_fixture.stop()
    assert CANARY not in caplog.text
    sent = repr(bot_fixture.env.http_requests)
    assert "Sonoran CAD" in sent
    assert CANARY not in sent
    for file in Path(bot_fixture.file).parent.iterdir():
        assert CANARY.encode() not in file.read_bytes()
    async with opened(bot_fixture) as database:
        exported = json.dumps(await GuildDataStore(database).export(other.guild.id), default=str)
        (stored,) = await GuildStore(database, Sealer([SEALING_KEY])).all()
    assert str(other.guild.id) in exported
    assert CANARY not in exported + repr(stored)


async def test_keys_are_sealed_anew_while_the_bot_runs(
    bot_fixture: BotFixture, other: OtherGuild
) -> None:
    await store(other)
    await started(other)
    async with opened(bot_fixture) as database:
        both = CommunityStore(database, Sealer([LOST_KEY, SEALING_KEY]))
        assert await both.rotate() == KeyCounts(older=1)
    assert (await other.final_answer("attach", call="100", units="A-12")).startswith("✅")
    await bot_fixture.start(secrets_keys=(SecretStr(LOST_KEY),))
    assert (await other.final_answer("detach", units="A-12")).startswith("✅")
    assert other.units_on(seed.ARMED_ROBBERY) == []


async def test_a_community_of_the_settings_moves_into_the_database_and_loses_nothing(
    bot_fixture: BotFixture,
) -> None:
    cards = Cards(bot_fixture, bot_fixture.guild.create_text_channel("calls"))
    await bot_fixture.start(calls_channel_id=cards.channel.id)
    await cards.until(lambda: len(cards.messages) == 5)
    assert (await bot_fixture.attach(bot_fixture.pat.mention)).startswith("✅")
    questions = ("links list", "audit")
    answers = [await bot_fixture.final_answer(bot_fixture.dana, one) for one in questions]
    posted = [one.id for one in cards.messages]
    settings = bot_fixture.settings(calls_channel_id=cards.channel.id)
    await put(bot_fixture, bot_fixture.guild.id, settings)
    # What is left in the environment names no server: none is served as it says.
    await bot_fixture.start(discord_guild_id=None, dispatch_role_ids=frozenset(), secrets_keys=KEYS)
    assert [await bot_fixture.final_answer(bot_fixture.dana, one) for one in questions] == answers
    assert (await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12"))[0] == "✅"
    await cards.until(lambda: cards.shows("Call #100"))
    assert [one.id for one in cards.messages] == posted
