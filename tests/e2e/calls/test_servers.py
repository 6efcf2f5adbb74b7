"""A community with several CAD servers: each has its calls, its cards and its events."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import aiohttp
import discord
import pytest

from bot.cad.push.http_push import EVENT_PATH
from bot.config.server_list import CadServerSetting
from sandbox.cad.state import second_server, seed
from sandbox.cad.state.models import CallForm, EmergencyForm, Server
from sandbox.cad.state.second_server import BANK_ALARM, add_second_server
from sandbox.free_address import free_address
from tests.e2e.bot_fixture import BotFixture, CommandReply, until
from tests.e2e.calls.shown_cards import Cards
from tests.e2e.log_channel import LogChannel

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
FIRST, SECOND = seed.SERVER_ID, second_server.SERVER_ID


class Servers:
    """The two servers, a channel for each, and the bot that listens for their events."""

    def __init__(self, bot_fixture: BotFixture) -> None:
        self.bot_fixture = bot_fixture
        self.second = add_second_server(bot_fixture.world)
        guild = bot_fixture.guild
        self.cards = {
            FIRST: Cards(bot_fixture, guild.create_text_channel("los-santos")),
            SECOND: Cards(bot_fixture, guild.create_text_channel("liberty-city")),
        }
        self.address = free_address()

    async def start(self, **changes: Any) -> None:
        channels = {number: cards.channel.id for number, cards in self.cards.items()}
        servers = (
            CadServerSetting(FIRST, channels[FIRST], "Los Santos"),
            CadServerSetting(SECOND, channels[SECOND], "Liberty City"),
        )
        await self.bot_fixture.start(
            **{"sonoran_servers": servers, "push_listen": self.address} | changes
        )

    async def post(self, path: str, body: bytes | dict[str, Any]) -> int:
        """Send a request to the listener, as a game server does."""

        async def send() -> int:
            content = {"json": body} if isinstance(body, dict) else {"data": body}
            url = f"http://{self.address}{path}"
            async with aiohttp.ClientSession() as session, session.post(url, **content) as reply:
                return reply.status

        return await contextvars.Context().run(asyncio.create_task, send())

    async def push(self, path: str, kind: str, data: dict[str, Any]) -> None:
        event = {"key": seed.API_KEY, "type": kind, "data": data}
        assert await self.post(path, event) == 200


@pytest.fixture
async def servers(bot_fixture: BotFixture) -> Servers:
    servers = Servers(bot_fixture)
    await servers.start()
    await servers.cards[FIRST].until(lambda: len(servers.cards[FIRST].messages) == 5)
    await servers.cards[SECOND].until(lambda: len(servers.cards[SECOND].messages) == 3)
    return servers


def numbers_on(server: Server, call_id: int) -> list[str]:
    return [server.units[ident].badge.unit_num for ident in server.calls[call_id].idents]


async def test_each_channel_shows_the_calls_of_its_server(servers: Servers):
    assert sorted(servers.cards[FIRST].titles) == [
        "911 #1 Jane Doe",
        "911 #2 non-emergency · Walter P.",
        "Call #100 Armed Robbery",
        "Call #101 Traffic Stop",
        "Call #102 Structure Fire",
    ]
    assert sorted(servers.cards[SECOND].titles) == [
        "911 #1 Grace A.",
        "Call #100 Bank Alarm",
        "Call #101 Vehicle Collision",
    ]
    assert servers.cards[FIRST].server_of("Call #100") == "Los Santos"
    assert servers.cards[SECOND].server_of("Call #100") == "Liberty City"
    await servers.cards[SECOND].until(lambda: "M\\-7" in servers.cards[SECOND].units("Call #101"))


async def test_a_channel_can_show_several_servers(servers: Servers):
    shared = Cards(servers.bot_fixture, servers.bot_fixture.guild.create_text_channel("all"))
    listed = (CadServerSetting(FIRST), CadServerSetting(SECOND, name="Liberty City"))
    await servers.start(sonoran_servers=listed, calls_channel_id=shared.channel.id)
    await shared.until(lambda: len(shared.messages) == 8)
    names = [one.embeds[0].author.name for one in shared.messages]
    assert sorted(map(str, names)) == ["Liberty City"] * 3 + ["Server 1"] * 5


async def test_a_button_acts_on_the_server_of_its_card(servers: Servers):
    bot_fixture = servers.bot_fixture
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.erin.id, bot_fixture.dispatch.id
    )
    await bot_fixture.erin.click(servers.cards[SECOND].of("Call #100"), label="Attach me")
    await bot_fixture.advance(60)
    await bot_fixture.settle_network()
    await bot_fixture.advance(60)
    assert numbers_on(servers.second, BANK_ALARM) == ["L-5"]
    assert bot_fixture.units_on(BANK_ALARM) == []
    await bot_fixture.erin.click(servers.cards[SECOND].of("911 #1"), label="Respond")
    await bot_fixture.advance(60)
    assert numbers_on(servers.second, 102) == ["L-5"]
    assert list(servers.second.emergencies) == []
    assert list(bot_fixture.server.emergencies) == [1, 2]


async def test_commands_and_suggestions_are_about_the_server_that_is_named(servers: Servers):
    bot_fixture = servers.bot_fixture
    dana, channel = bot_fixture.dana, bot_fixture.channel
    answer = await bot_fixture.attach("L-8", call=BANK_ALARM, server=SECOND)
    assert answer.startswith("✅ **#100** Bank Alarm on Liberty City: L\\-8")
    assert "A-12" not in str(await dana.autocomplete(channel, "attach", "units", "", server=SECOND))
    calls = await dana.autocomplete(channel, "attach", "call", "", server=SECOND)
    assert [one["name"].split(" · ")[0] for one in calls] == [
        "#100 Bank Alarm",
        "#101 Vehicle Collision",
    ]
    answer = await bot_fixture.attach("L-8", call="pursuit", server=SECOND)
    assert answer.startswith("❌ No open call on Liberty City matches `pursuit`.")
    answer = await bot_fixture.attach("A-12", call="pursuit")
    assert answer.startswith("❌ No open call on Los Santos matches `pursuit`.")
    for command in ("attach", "detach", "calls"):
        offered = await dana.autocomplete(channel, command, "server", "city")
        assert [(one["name"], one["value"]) for one in offered] == [("2 · Liberty City", 2)]
    listed = await bot_fixture.final_answer(dana, "calls", server=SECOND)
    assert listed.startswith("✅ 3 open calls on Liberty City · page 1 of 1")
    assert "on Los Santos" in await bot_fixture.final_answer(dana, "calls")


async def test_answers_and_records_name_the_server(servers: Servers):
    bot_fixture = servers.bot_fixture
    dana = bot_fixture.dana
    channel = bot_fixture.guild.create_text_channel("log")
    log = LogChannel(bot_fixture, channel)
    await servers.start(log_channel_id=channel.id)
    await servers.cards[SECOND].until(lambda: servers.cards[SECOND].shows("Call #101"))
    answer = await bot_fixture.attach("L-8", call=BANK_ALARM, server=SECOND)
    assert answer.startswith("✅ **#100** Bank Alarm on Liberty City: L\\-8")
    await bot_fixture.advance(60)
    answer = await bot_fixture.attach("A-12", call=100)
    assert answer.startswith("✅ **#100** Armed Robbery on Los Santos: ")
    await bot_fixture.advance(60)
    first, second = (one.partition(" · ")[0] for one in log.texts)
    assert first == "✅ L\\-8 → **#100** on Liberty City"
    assert second.endswith(" → **#100** on Los Santos")
    for command in ("audit", "links mine"):
        listed = await bot_fixture.final_answer(dana, command)
        assert "→ **#100** on Liberty City · by" in listed
        assert "→ **#100** on Los Santos · by" in listed


async def test_the_answer_to_an_act_on_a_call_names_the_server(servers: Servers):
    bot_fixture = servers.bot_fixture
    asked = await bot_fixture.dana.click(servers.cards[SECOND].of("911 #1"), label="Dismiss")
    assert asked.response is not None
    done = await bot_fixture.dana.click(asked.response.message, label="Dismiss it")
    await bot_fixture.advance(15)
    assert CommandReply(bot_fixture, done).text == "✅ Dismissed **911 #1** on Liberty City."


async def test_the_menu_of_a_member_offers_the_calls_of_every_server(servers: Servers):
    bot_fixture = servers.bot_fixture
    offered = await bot_fixture.dana.context_menu(
        bot_fixture.channel, "Attach to call", bot_fixture.erin
    )
    assert offered.response is not None
    menus = [row["components"][0] for row in offered.response.components]
    assert [one["placeholder"] for one in menus] == [
        "Pick a call on Los Santos",
        "Pick a call on Liberty City",
    ]
    await bot_fixture.dana.select(
        offered.response.message, ["100"], custom_id=menus[1]["custom_id"]
    )
    await bot_fixture.advance(60)
    assert numbers_on(servers.second, BANK_ALARM) == ["L-5"]


@pytest.mark.parametrize(
    ("path", "server_id"),
    [
        ("/", FIRST),
        (EVENT_PATH, FIRST),
        (f"{EVENT_PATH}/2", SECOND),
        (f"{EVENT_PATH}?server=2", SECOND),
    ],
)
async def test_an_event_is_shown_for_the_server_of_its_path_alone(
    servers: Servers, path: str, server_id: int
):
    shots = {"callId": 77, "isEmergency": True, "caller": "Ann", "location": "Vinewood"}
    await servers.push(path, "EVENT_911", {"call": shots})
    shown, other = servers.cards[server_id], servers.cards[FIRST + SECOND - server_id]
    await servers.bot_fixture.advance(3)
    assert shown.shows("911 #77")
    assert not other.shows("911 #77")


async def test_what_the_cad_pushes_for_each_server(servers: Servers):
    bot_fixture = servers.bot_fixture
    for server, path in ((bot_fixture.server, ""), (servers.second, "/2")):
        server.push_url = f"http://{servers.address}{EVENT_PATH}{path}"
    bot_fixture.world.call_911(servers.second, EmergencyForm("Ann", "Broker", "Help"))
    bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Shooting", priority=1))
    await bot_fixture.cad.push.settle()
    await bot_fixture.advance(3)
    assert servers.cards[SECOND].shows("911 #2 Ann")
    assert servers.cards[FIRST].of("911 #2").embeds[0].title == "911 #2 non-emergency · Walter P."
    assert servers.cards[FIRST].shows("Call #103 Shooting")
    assert not servers.cards[SECOND].shows("Call #103")


@pytest.mark.parametrize(
    ("path", "refreshed"), [(EVENT_PATH, {FIRST, SECOND}), (f"{EVENT_PATH}/2", {SECOND})]
)
async def test_events_that_were_missed_refresh_the_servers_that_they_may_concern(
    servers: Servers, caplog: pytest.LogCaptureFixture, path: str, refreshed: set[int]
):
    # Of several guilds, it may be the event of any.
    await servers.bot_fixture.bot.registry.close(servers.bot_fixture.bystander.guild.id)
    caplog.set_level("INFO", "bot.services.board.push_listener")
    assert await servers.post(path, b"not JSON") == 400
    await until(lambda: "refreshing" in caplog.text)
    lines = {one.getMessage() for one in caplog.records if one.levelname == "INFO"}
    assert lines == {
        f"events of server {one} may have been missed: refreshing" for one in refreshed
    }


async def test_polling_leaves_the_orders_their_requests(servers: Servers):
    """Three servers are polled with one key: every card stays confirmed, and orders are quick."""
    bot_fixture = servers.bot_fixture
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    third = community.servers[3] = Server(3, name="Cayo Perico")
    bot_fixture.world.new_dispatch(third, CallForm("Trespassing"))
    channel = servers.cards[SECOND].channel.id
    listed = tuple(CadServerSetting(one, channel, str(one)) for one in (FIRST, SECOND, 3))
    await bot_fixture.advance(120)  # the requests of the bot that ran before are forgotten
    await servers.start(sonoran_servers=listed, push_listen=None)
    shown = servers.cards[SECOND]
    await shown.until(lambda: len(shown.messages) == 9)
    for minute in range(8):
        await bot_fixture.time.advance(60 - 15, bot_fixture.settle_network)
        assert not [one for one in shown.titles if one.startswith("STALE")], f"minute {minute}"
        said = await bot_fixture.run_command(
            bot_fixture.dana, "attach", call=100 + minute % 2, units="L-8", server=SECOND
        )
        assert "Confirmed by the CAD" in await said.after(15)
    confirmed = [bot_fixture.services.board.confirmed_at(one) for one in (FIRST, SECOND, 3)]
    assert all(isinstance(one, type(bot_fixture.time.now())) for one in confirmed)


async def test_a_card_of_one_server_is_not_closed_by_the_poll_of_another(servers: Servers):
    bot_fixture = servers.bot_fixture
    bot_fixture.world.close(bot_fixture.server, 100)
    await servers.cards[FIRST].until(lambda: servers.cards[FIRST].shows("CLOSED · Call #100"))
    card = servers.cards[SECOND].of("Call #100")
    assert isinstance(card, discord.Message)
    assert card.components


async def test_calls_of_a_server_that_is_not_listed(servers: Servers):
    bot_fixture = servers.bot_fixture
    assert await bot_fixture.final_answer(bot_fixture.dana, "calls", server=99) == (
        "❌ There is no server 99. There are: 1 Los Santos, 2 Liberty City."
    )
