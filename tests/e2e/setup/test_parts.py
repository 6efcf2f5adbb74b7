"""/setup: roles, channels, members and push events of a server that is connected."""

from __future__ import annotations

from socket import create_server
from typing import Any

import pytest
from discord import PermissionOverwrite
from simcord.builders import ChannelHandle

from sandbox.cad.state.models import Server
from tests.e2e.calls.shown_cards import Cards
from tests.e2e.setup.setup_fixture import SetupFixture

NOTHING = "Nothing was saved."


@pytest.fixture
async def connected(setup_fixture: SetupFixture) -> SetupFixture:
    assert (await setup_fixture.connect()).startswith("✅")
    await setup_fixture.is_served()
    return setup_fixture


@pytest.mark.parametrize("part", ["roles", "channels", "people", "push"])
async def test_the_cad_comes_first(setup_fixture: SetupFixture, part: str) -> None:
    pressed = await setup_fixture.press(part)
    assert pressed.modal is None
    assert pressed.response is not None
    assert pressed.response.content == "❌ Connect this server to Sonoran CAD first."
    assert len(setup_fixture.page) == 6


class TestRoles:
    async def test_the_roles_count_at_once(self, connected: SetupFixture) -> None:
        assert "⚠️ No role may dispatch yet." in connected.page[3]
        await connected.fill("roles", dispatch=[connected.role])
        rights = f"Dispatch: <@&{connected.role.id}>"
        assert connected.notice.startswith(f"✅ Saved. **Who may do what now**\n{rights}\n")
        assert rights in connected.page[3]
        answer = await connected.answer("attach", call="100", units="A-12")
        assert answer == f"❌ You need the <@&{connected.role.id}> role for that."

    async def test_all_members_cannot_be_given_a_right(self, connected: SetupFixture) -> None:
        shown = await connected.press("roles")
        everyone = connected.guild.default_role
        await connected.send(shown, dispatch=[everyone])
        said = f"❌ @everyone cannot be given a right and is not pinged. {NOTHING}"
        assert connected.notice == said
        assert "⚠️ No role may dispatch yet." in connected.page[3]

    async def test_the_role_of_a_bot_cannot_be_given_a_right(self, connected: SetupFixture) -> None:
        guild = connected.bot_fixture.bot.get_guild(connected.guild.id)
        assert guild is not None
        role = guild.get_role(connected.role.id)
        assert role is not None
        role.managed = True
        await connected.fill("roles", admin=[connected.role])
        assert connected.notice == (
            f"❌ The role <@&{role.id}> belongs to a bot or an integration. Choose another one."
            f" {NOTHING}"
        )


def denied(setup: SetupFixture, **permissions: bool) -> ChannelHandle:
    """Create a channel in which no member has some permissions."""
    overwrite = PermissionOverwrite(**permissions)
    return setup.guild.create_text_channel(
        "calls", overwrites={setup.guild.default_role: overwrite}
    )


class TestChannels:
    async def test_cards_appear_in_the_channel(self, connected: SetupFixture) -> None:
        calls = connected.guild.create_text_channel("calls")
        await connected.fill("channels", calls=[calls], log=[connected.channel], keep="5")
        assert f"Cards: <#{calls.id}>, log: <#{connected.channel.id}>" in connected.page[4]
        assert "closed cards stay 5 minutes" in connected.page[4]
        cards = Cards(connected.bot_fixture, calls)
        await cards.until(lambda: cards.shows("Call #100"))

    async def test_a_channel_that_all_members_can_read_is_warned_of(
        self, connected: SetupFixture
    ) -> None:
        await connected.fill("channels", calls=[connected.channel])
        assert connected.notice.startswith(
            f"⚠️ Saved. All members can read <#{connected.channel.id}>, and 911 calls have names"
        )

    async def test_a_channel_without_permission_names_what_is_missing(
        self, connected: SetupFixture
    ) -> None:
        place = denied(connected, send_messages=False, embed_links=False)
        await connected.fill("channels", calls=[place])
        assert connected.notice == (
            f"❌ In <#{place.id}> the bot lacks Send Messages, Embed Links. Allow it and choose the"
            f" channel again. {NOTHING}"
        )
        assert "Cards: none" in connected.page[4]

    async def test_a_channel_that_the_bot_cannot_see(self, connected: SetupFixture) -> None:
        place = connected.guild.create_text_channel("calls")
        guild = connected.bot_fixture.bot.get_guild(connected.guild.id)
        assert guild is not None
        guild._channels.pop(place.id)
        await connected.fill("channels", calls=[place])
        assert connected.notice.startswith(f"❌ In <#{place.id}> the bot lacks View Channel.")

    async def test_all_members_are_not_pinged(self, connected: SetupFixture) -> None:
        await connected.fill("channels", ping=[connected.guild.default_role])
        assert connected.notice.startswith("❌ @everyone cannot be given a right and is not pinged")

    async def test_a_role_to_ping_is_shown(self, connected: SetupFixture) -> None:
        await connected.fill("channels", ping=[connected.role])
        assert f"pings <@&{connected.role.id}>" in connected.page[4]
        assert connected.page[4].startswith("**3. Channels**\n⚠️ Cards: none, log: none")

    async def test_a_role_that_the_bot_may_not_ping(self, connected: SetupFixture) -> None:
        place = denied(connected, mention_everyone=False)
        await connected.fill("channels", calls=[place], ping=[connected.role])
        assert connected.notice.startswith(
            f"❌ The bot may not ping <@&{connected.role.id}>. Let the role be mentioned"
        )

    @pytest.mark.parametrize("minutes", ["ten", "-1", "10081"])
    async def test_minutes_are_a_number(self, connected: SetupFixture, minutes: str) -> None:
        await connected.fill("channels", keep=minutes)
        assert connected.notice == (
            "❌ This cannot be saved. CARD_KEEP_MINUTES: must be a whole number from 0 to 10080."
            f" {NOTHING}"
        )

    async def test_each_server_of_the_cad_may_have_a_channel(self, connected: SetupFixture) -> None:
        second = connected.community.servers[2] = Server(2, name="Vice City")
        await connected.connect(servers="1, 2", key="")
        place = connected.guild.create_text_channel("vice")
        response = connected.pages[-1].response
        assert response is not None
        shown = await connected.max.select(response, ["2"], custom_id="cad:setup:server")
        await connected.send(shown, calls=[place])
        assert f"server {second.id}: <#{place.id}>" in connected.page[4]
        # The list is of the page as it was shown.
        old = await connected.max.select(response, ["2"], custom_id="cad:setup:server")
        assert old.modal is not None


class TestMembers:
    async def test_options_are_saved_and_shown(self, connected: SetupFixture) -> None:
        await connected.fill("channels", log=[connected.channel])
        await connected.fill(
            "people",
            status="3",
            ids="steam:{hex}",
            options=["link_approval", "require_cad_permission"],
        )
        assert connected.notice == "✅ Saved."
        assert connected.page[5] == (
            "**4. Members and units**\n✅ Ids as `steam:{hex}`, a link needs an approval, an"
            " attached unit becomes Enroute, orders need the CAD's permission too."
        )
        await connected.fill("people", status="unchanged", options=[])
        assert "members link themselves, an attached unit keeps its status" in connected.page[5]

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"options": ["link_approval"]}, "LINK_APPROVAL: needs LOG_CHANNEL_ID, where the"),
            ({"ids": "steam"}, "API_ID_FORMAT: must contain {hex}, {HEX} or {steam64}"),
        ],
    )
    async def test_what_cannot_be_is_not_saved(
        self, connected: SetupFixture, values: dict[str, Any], said: str
    ) -> None:
        await connected.fill("people", **values)
        assert connected.notice.startswith(f"❌ This cannot be saved. {said}")
        assert connected.notice.endswith(NOTHING)

    async def test_forgetting_is_offered_where_the_operator_lets_the_bot_see_members(
        self, connected: SetupFixture
    ) -> None:
        assert "Forget members" not in str((await connected.press("people")).modal)
        await connected.start(members_intent=True)
        assert "Forget members" in str((await connected.press("people")).modal)
        await connected.fill("people", options=["forget_on_leave"])
        assert "members who leave are forgotten" in connected.page[5]


class TestPushEvents:
    async def test_polling_always_works(self, connected: SetupFixture) -> None:
        assert connected.page[6].endswith(
            "✅ None: the bot asks the CAD every 15 seconds, and cards are at most that far behind."
        )
        await connected.press("heard")
        assert connected.notice.startswith("✅ No push events: the bot asks the CAD")

    async def test_the_websocket_is_used_at_once(self, connected: SetupFixture) -> None:
        await connected.fill("push", way="websocket")
        assert connected.notice.startswith("✅ Saved. Press **Any push events yet?**")
        assert connected.page[6].endswith("✅ The bot listens to the CAD's websocket.")
        await connected.press("heard")
        assert connected.notice.startswith("✅ `SONORAN_WEBSOCKET`: no push event")
        await connected.fill("push", way="polling")

    async def test_the_operators_port_is_named(self, connected: SetupFixture) -> None:
        with create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        await connected.start(push_listen=f"127.0.0.1:{port}")
        await connected.press("refresh")
        assert f"`http://ADDRESS_OF_THE_BOT:{port}/sonorancad/event`" in connected.page[-1]


async def test_everything_is_checked_at_the_end(connected: SetupFixture) -> None:
    pressed = await connected.press("check")
    assert pressed.response is not None
    assert "The CAD accepts the key." in pressed.response.content
    assert "**Who may do what**" in pressed.response.content
    assert pressed.ephemeral
