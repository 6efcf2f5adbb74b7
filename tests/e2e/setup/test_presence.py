"""A server that adds the bot, removes it, adds it again, exports its data or has it deleted."""

from __future__ import annotations

import json

import discord
import pytest
from sqlalchemy import update

from bot.storage.stores.guild_data_store import GuildDataStore
from bot.storage.tables import left_guilds
from bot.ui.setup import guild_data
from sandbox.cad.state import seed
from tests.e2e.setup.setup_fixture import KEY, SetupFixture
from tests.e2e.test_hosted_guilds import opened


async def stored(setup: SetupFixture) -> dict[str, int]:
    """Count the rows of the server by table; tables without any are left out."""
    async with opened(setup.bot_fixture) as database:
        rows = await GuildDataStore(database).export(setup.guild.id)
    return {table: len(found) for table, found in rows.items() if found}


def known_keys(setup: SetupFixture) -> bytes:
    return b"".join(one.read_bytes() for one in setup.bot_fixture.file.parent.iterdir())


async def set_up(setup: SetupFixture) -> None:
    """Connect the server, choose a role, and store a link."""
    await setup.connect()
    await setup.fill("people", status="3")
    await setup.is_served()
    linked = await setup.answer("link", steam=seed.PAT.hex, member=setup.max)
    assert linked.startswith("✅")


async def remove(setup: SetupFixture) -> None:
    setup.bot_fixture.env.backend.remove_guild(setup.guild.id)
    await setup.bot_fixture.advance(5)


async def add_again(setup: SetupFixture) -> SetupFixture:
    """Add the bot to the server again; simcord builds it anew, with the same id."""
    env = setup.bot_fixture.env
    env.backend._reserved_ids.discard(setup.guild.id)
    guild = env.create_guild("Liberty City", id=setup.guild.id)
    manager = guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
    await setup.bot_fixture.advance(5)
    return SetupFixture(
        setup.bot_fixture,
        guild,
        guild.create_text_channel("general"),
        guild.create_role("Dispatch"),
        guild.add_member(setup.bot_fixture.max.user, roles=[manager]),
    )


class TestJoining:
    async def test_a_new_server_is_told_where_to_begin(self, setup_fixture: SetupFixture) -> None:
        backend = setup_fixture.bot_fixture.env.backend
        guild = setup_fixture.bot_fixture.bot.get_guild(setup_fixture.guild.id)
        assert guild is not None
        backend.edit_guild(guild.id, {"system_channel_id": setup_fixture.channel.id})
        await setup_fixture.bot_fixture.advance(1)
        setup_fixture.bot_fixture.bot.dispatch("guild_join", guild)
        await setup_fixture.bot_fixture.advance(1)
        (message,) = setup_fixture.channel.history()
        assert message.content == (
            "✅ This bot dispatches with Sonoran CAD. A member with Manage Server connects this"
            " server with `/setup`."
        )

    @pytest.mark.parametrize("code", [50013, 10004])
    async def test_a_welcome_that_discord_refuses_is_logged(
        self, setup_fixture: SetupFixture, caplog: pytest.LogCaptureFixture, code: int
    ) -> None:
        env, guild_id = setup_fixture.bot_fixture.env, setup_fixture.guild.id
        env.backend.edit_guild(guild_id, {"system_channel_id": setup_fixture.channel.id})
        await setup_fixture.bot_fixture.advance(1)
        env.inject_error("POST", "/channels/*/messages", status=403, code=code)
        setup_fixture.bot_fixture.bot.dispatch(
            "guild_join", setup_fixture.bot_fixture.bot.get_guild(guild_id)
        )
        await setup_fixture.bot_fixture.advance(1)
        assert f"cannot greet server {guild_id}" in caplog.text

    async def test_a_server_that_is_served_is_not_greeted(
        self, setup_fixture: SetupFixture
    ) -> None:
        await set_up(setup_fixture)
        env, guild_id = setup_fixture.bot_fixture.env, setup_fixture.guild.id
        env.backend.edit_guild(guild_id, {"system_channel_id": setup_fixture.channel.id})
        await setup_fixture.bot_fixture.advance(1)
        guild = setup_fixture.bot_fixture.bot.get_guild(guild_id)
        setup_fixture.bot_fixture.bot.dispatch("guild_join", guild)
        await setup_fixture.bot_fixture.advance(1)
        assert setup_fixture.channel.history() == []

    async def test_without_such_a_channel_nothing_is_said(
        self, setup_fixture: SetupFixture
    ) -> None:
        guild = setup_fixture.bot_fixture.env.create_guild("Vice City")
        channel = guild.create_text_channel("general")
        await setup_fixture.bot_fixture.advance(1)
        assert channel.history() == []


class TestLeaving:
    async def test_the_key_goes_at_once_and_the_rest_stays(
        self, setup_fixture: SetupFixture
    ) -> None:
        await set_up(setup_fixture)
        before = await stored(setup_fixture)
        await remove(setup_fixture)
        assert setup_fixture.guild.id not in setup_fixture.bot_fixture.bot.guild_services
        after = await stored(setup_fixture)
        assert before.pop("guilds") == after.pop("left_guilds") == 1
        assert after == before
        async with opened(setup_fixture.bot_fixture) as database, database.connect() as found:
            assert list(await found.exec_driver_sql("SELECT key_sealed FROM communities")) == []

    async def test_who_comes_back_needs_the_key_alone(self, setup_fixture: SetupFixture) -> None:
        await set_up(setup_fixture)
        await remove(setup_fixture)
        again = await add_again(setup_fixture)
        await again.open()
        assert again.page[1].startswith("**1. Sonoran CAD**\n❌ Not connected.")
        await again.connect()
        assert "becomes Enroute" in again.page[5]
        assert (await stored(again)).keys() >= {"guilds", "links"}
        assert "left_guilds" not in await stored(again)

    async def test_it_is_forgotten_after_the_days_of_the_settings(
        self, setup_fixture: SetupFixture
    ) -> None:
        await set_up(setup_fixture)
        await remove(setup_fixture)
        await setup_fixture.start(keep_after_leave_days=1)
        await setup_fixture.bot_fixture.advance(1)
        assert "links" in await stored(setup_fixture)
        await setup_fixture.start(keep_after_leave_days=0)
        await setup_fixture.bot_fixture.advance(1)
        assert await stored(setup_fixture) == {}

    async def test_a_bot_that_is_back_keeps_what_is_stored(
        self, setup_fixture: SetupFixture
    ) -> None:
        await set_up(setup_fixture)
        await remove(setup_fixture)
        again = await add_again(setup_fixture)
        await setup_fixture.start(keep_after_leave_days=0)
        await setup_fixture.bot_fixture.advance(1)
        assert "links" in await stored(again)

    async def test_a_removal_while_the_bot_did_not_run(self, setup_fixture: SetupFixture) -> None:
        await set_up(setup_fixture)
        await setup_fixture.bot_fixture.stop()
        setup_fixture.bot_fixture.env.backend.remove_guild(setup_fixture.guild.id)
        await setup_fixture.start()
        await setup_fixture.bot_fixture.advance(5)
        assert "guilds" not in await stored(setup_fixture)
        assert setup_fixture.guild.id not in setup_fixture.bot_fixture.bot.guild_services

    async def test_former_settings_that_cannot_be_used_are_left_out(
        self, setup_fixture: SetupFixture
    ) -> None:
        await set_up(setup_fixture)
        await remove(setup_fixture)
        async with opened(setup_fixture.bot_fixture) as database, database.begin() as connection:
            await connection.execute(update(left_guilds).values(settings="[]"))
        again = await add_again(setup_fixture)
        await again.open()
        assert (await again.connect()).startswith("✅ Connected")
        assert "an attached unit keeps its status" in again.page[5]

    async def test_the_server_of_the_settings_is_the_operators(
        self, setup_fixture: SetupFixture
    ) -> None:
        bot_fixture = setup_fixture.bot_fixture
        guild = bot_fixture.bot.get_guild(bot_fixture.guild.id)
        bot_fixture.bot.dispatch("guild_remove", guild)
        await bot_fixture.advance(1)
        assert (await bot_fixture.attach("A-12")).startswith("✅")


class TestData:
    async def test_the_export_has_no_key(self, setup_fixture: SetupFixture) -> None:
        await set_up(setup_fixture)
        pressed = await setup_fixture.press("export")
        assert pressed.response is not None
        assert pressed.response.content.startswith("✅ All that is stored about this server")
        (file,) = pressed.response.attachments
        rows = json.loads(await file.read())
        assert rows["links"][0]["api_id"] == seed.PAT.hex
        assert KEY not in json.dumps(rows)

    async def test_an_export_that_is_too_large_is_said(
        self, setup_fixture: SetupFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guild_data, "_LIMIT", 10)
        await set_up(setup_fixture)
        pressed = await setup_fixture.press("export")
        assert pressed.response is not None
        assert pressed.response.content.startswith("❌ What is stored is too large for Discord.")

    async def test_it_is_deleted_where_the_name_is_typed(self, setup_fixture: SetupFixture) -> None:
        await set_up(setup_fixture)
        await setup_fixture.fill("forget", name="Liberty")
        assert setup_fixture.notice == (
            "❌ That is not the name of this server. Nothing was deleted."
        )
        assert "links" in await stored(setup_fixture)
        await setup_fixture.fill("forget", name="Liberty City")
        assert setup_fixture.notice.startswith(
            "✅ All that was stored about this server is deleted"
        )
        assert await stored(setup_fixture) == {}
        assert setup_fixture.page[2].startswith("**1. Sonoran CAD**\n❌ Not connected.")
        answer = await setup_fixture.answer("calls")
        assert answer.startswith("❌ This server is not connected to Sonoran CAD yet.")
