"""/setup: who may use it, where, and what happens when two members do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from simcord.results import InteractionResult

from bot.storage.sealing import Sealer
from bot.storage.stores.guild_store import GuildStore
from sandbox.cad.state.models import Server
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.setup.setup_fixture import COMMUNITY, KEY, KEYS, SetupFixture
from tests.e2e.test_hosted_guilds import LOST_KEY, opened

CALLBACK, REPLY = "/interactions/*/callback", "/webhooks/*/messages/@original"
SETTINGS_RULE = (
    "❌ This server is set up by the settings of the person who runs this bot. With"
    " `SECRETS_KEYS` and `python -m bot guilds adopt`, that person hands it over to `/setup`."
)
OVERTAKEN = (
    "❌ Another member has changed the set-up meanwhile. Nothing was saved. Look again, then repeat"
    " your change."
)


@pytest.mark.parametrize("keys", [(), KEYS], ids=["one community", "hosted"])
async def test_the_community_of_the_settings_is_not_set_up_here(
    bot_fixture: BotFixture, keys: tuple[object, ...]
) -> None:
    await bot_fixture.start(secrets_keys=keys)
    shown = await bot_fixture.max.slash(bot_fixture.channel, "setup")
    assert shown.response is not None
    assert shown.response.content == SETTINGS_RULE
    assert shown.ephemeral


async def test_discord_offers_it_to_managers_alone(setup_fixture: SetupFixture) -> None:
    member = setup_fixture.guild.add_member(setup_fixture.bot_fixture.pat.user)
    assert "setup" in setup_fixture.max.available_commands(setup_fixture.channel)
    assert "setup" not in member.available_commands(setup_fixture.channel)


@pytest.mark.parametrize("action", ["connect", "refresh"])
async def test_the_right_is_checked_at_each_press(setup_fixture: SetupFixture, action: str) -> None:
    guild = setup_fixture.bot_fixture.bot.get_guild(setup_fixture.guild.id)
    assert guild is not None
    (manager,) = (one for one in setup_fixture.guild.roles.values() if one.name == "Staff")
    setup_fixture.bot_fixture.env.backend.edit_role(guild.id, manager.id, {"permissions": 0})
    pressed = await setup_fixture.press(action)
    assert pressed.modal is None
    assert "❌ You need the Manage Server permission to set the bot up." in private(pressed)


async def test_the_member_who_saves_second_changes_nothing(setup_fixture: SetupFixture) -> None:
    await setup_fixture.connect()
    first = await setup_fixture.press("people")
    second = await setup_fixture.press("people")
    await setup_fixture.send(first, status="1")
    await setup_fixture.send(second, status="2")
    assert setup_fixture.notice == OVERTAKEN
    assert "becomes Busy" in setup_fixture.page[5]


async def test_two_members_connect_at_once(setup_fixture: SetupFixture) -> None:
    forms = [await setup_fixture.press("connect") for _ in range(2)]
    await setup_fixture.send(forms[0], community=COMMUNITY, key=KEY)
    await setup_fixture.send(forms[1], community=COMMUNITY, key=KEY)
    assert setup_fixture.notice == OVERTAKEN
    assert setup_fixture.page[2].startswith("**1. Sonoran CAD**\n✅ Community `liberty`")


async def test_a_change_and_an_order_at_once(setup_fixture: SetupFixture) -> None:
    await setup_fixture.connect()
    await setup_fixture.is_served()
    shown = await setup_fixture.press("people")
    order = await setup_fixture.max.slash(setup_fixture.channel, "attach", call="100", units="A-12")
    await setup_fixture.send(shown, status="1")
    await setup_fixture.bot_fixture.advance(60)
    assert setup_fixture.notice == "✅ Saved."
    assert order.response is not None
    assert order.response.content.startswith("✅ **#100** Armed Robbery: A\\-12")


async def test_a_list_of_servers_that_has_changed(setup_fixture: SetupFixture) -> None:
    setup_fixture.community.servers[2] = Server(2, name="Vice City")
    await setup_fixture.connect(servers="1, 2")
    show_old_page = setup_fixture.look()
    form = await setup_fixture.choose_server(2)
    await setup_fixture.connect(servers="1", key="")
    await setup_fixture.send(form, calls=[])
    assert setup_fixture.notice == OVERTAKEN
    show_old_page()
    assert private(await setup_fixture.choose_server(2)) == [OVERTAKEN]
    await setup_fixture.fill("forget", name="Liberty City")
    show_old_page()
    assert private(await setup_fixture.choose_server(2)) == [
        "❌ Connect this server to Sonoran CAD first."
    ]


async def test_a_form_that_discord_no_longer_waits_for_changes_nothing(
    setup_fixture: SetupFixture,
) -> None:
    shown = await setup_fixture.press("connect")
    setup_fixture.bot_fixture.env.inject_error("POST", CALLBACK, status=404, code=10062)
    await setup_fixture.send(shown, community=COMMUNITY, key=KEY)
    assert setup_fixture.guild.id not in setup_fixture.bot_fixture.bot.guild_services


async def test_what_is_saved_stays_where_discord_does_not_show_it(
    setup_fixture: SetupFixture, caplog: pytest.LogCaptureFixture
) -> None:
    shown = await setup_fixture.press("connect")
    setup_fixture.bot_fixture.env.inject_error("PATCH", REPLY, status=403, code=50013)
    await setup_fixture.send(shown, community=COMMUNITY, key=KEY)
    assert "could not be answered" in caplog.text
    await setup_fixture.press("refresh")
    assert "✅ Community `liberty`" in setup_fixture.page[1]


def private(result: InteractionResult) -> list[str]:
    """Return the private messages that a press has brought."""
    said = [result.response, *result.followups]
    assert all(one.ephemeral for one in said if one)
    return [one.content for one in said if one]


class TestStoredKey:
    async def test_a_key_that_does_not_open_is_entered_again(
        self, setup_fixture: SetupFixture
    ) -> None:
        bot_fixture, guild_id = setup_fixture.bot_fixture, setup_fixture.guild.id
        await self.store(setup_fixture, LOST_KEY, '{"status_on_attach": 3}')
        await setup_fixture.start()
        assert (await setup_fixture.answer("calls")).startswith("❌ The stored API key of this")
        await setup_fixture.press("refresh")
        assert setup_fixture.page[1].endswith(
            "❌ The stored key cannot be opened any more. Enter it again."
        )
        shown = await setup_fixture.press("connect")
        await setup_fixture.send(shown, key=KEY)
        assert setup_fixture.notice.startswith("✅ Connected")
        assert guild_id in bot_fixture.bot.guild_services
        assert "becomes Enroute" in setup_fixture.page[5]

    async def test_its_log_channel_is_told_at_the_start(self, setup_fixture: SetupFixture) -> None:
        channel = setup_fixture.channel
        await self.store(setup_fixture, LOST_KEY, f'{{"log_channel_id": {channel.id}}}')
        await setup_fixture.start()
        (told,) = channel.history()
        assert told.content == (
            "❌ The stored API key of this server cannot be opened any more. A member with Manage"
            " Server enters it again with `/setup`."
        )

    async def test_the_other_parts_can_be_changed_without_it(
        self, setup_fixture: SetupFixture
    ) -> None:
        await self.store(setup_fixture, LOST_KEY, "{}")
        await setup_fixture.start()
        await setup_fixture.press("refresh")
        await setup_fixture.fill("people", status="4")
        assert setup_fixture.notice == "✅ Saved."
        assert "becomes On scene" in setup_fixture.page[5]
        await setup_fixture.press("check")
        await setup_fixture.press("heard")
        assert setup_fixture.notice.startswith("❌ The stored API key of this server")

    async def test_settings_that_cannot_be_read_are_replaced(
        self, setup_fixture: SetupFixture
    ) -> None:
        await self.store(setup_fixture, KEYS[0].get_secret_value(), '{"status_on_attach": 9}')
        await setup_fixture.start()
        await setup_fixture.press("refresh")
        assert setup_fixture.page[1].endswith(
            "❌ The stored settings cannot be used. Connect again."
        )
        assert (await setup_fixture.connect()).startswith("✅")

    @staticmethod
    async def store(setup: SetupFixture, sealing_key: str, settings: str) -> None:
        await setup.bot_fixture.stop()
        async with opened(setup.bot_fixture) as database:
            await GuildStore(database, Sealer([sealing_key])).save(
                setup.guild.id, COMMUNITY, KEY, settings, datetime(2026, 1, 1, tzinfo=UTC)
            )
