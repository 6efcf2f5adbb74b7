"""Numbers that come back, and cards of channels and servers that the settings no longer name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import discord
import pytest
from simcord.results import InteractionResult

from bot.config.server_list import CadServerSetting
from sandbox.cad.state import seed
from sandbox.cad.state.models import CallForm, EmergencyForm
from sandbox.cad.state.second_server import add_second_server
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.shown_cards import SEEDED, Cards

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
ANN = EmergencyForm("Ann", "Vinewood", "Help")


@pytest.fixture
async def cards(bot_fixture: BotFixture) -> Cards:
    cards = Cards(bot_fixture, bot_fixture.guild.create_text_channel("calls"))
    await start(cards)
    await cards.until(lambda: len(cards.messages) == SEEDED)
    return cards


async def start(cards: Cards, **changes: object) -> None:
    role = cards.bot_fixture.dispatch.id
    await cards.bot_fixture.start(
        **{"calls_channel_id": cards.channel.id, "ping_role_id": role} | changes
    )


def live_buttons(messages: list[discord.Message]) -> int:
    return sum(bool(one.components) for one in messages)


def count_anew(bot_fixture: BotFixture) -> None:
    """Let the CAD count its calls anew, as after a restart."""
    bot_fixture.server.next_call_id = 100
    bot_fixture.server.next_emergency_id = 1


async def test_the_number_of_a_closed_911_call_comes_back(cards: Cards):
    bot_fixture, role = cards.bot_fixture, cards.bot_fixture.dispatch.mention
    await start(cards, card_keep_minutes=3)
    first = bot_fixture.world.call_911(bot_fixture.server, ANN)
    await cards.until(lambda: cards.shows("911 #3 Ann"))
    bot_fixture.world.remove_911(bot_fixture.server, first.call_id)
    await cards.until(lambda: cards.shows("CLOSED · 911 #3 Ann"))
    count_anew(bot_fixture)
    bot_fixture.server.next_emergency_id = 3
    bot_fixture.world.call_911(bot_fixture.server, ANN)
    await cards.until(lambda: cards.shows("911 #3 Ann"))
    assert cards.of("911 #3 Ann").content == role
    assert cards.of("911 #3 Ann").components
    assert cards.of("CLOSED · 911 #3 Ann").components == []
    # The card of the earlier call goes when its time is over, that of the new one stays.
    await cards.until(lambda: not cards.shows("CLOSED · 911 #3 Ann"))
    await cards.until(lambda: cards.shows("911 #3 Ann"))


async def test_a_911_number_of_another_caller_is_another_call_also_after_a_restart(cards: Cards):
    bot_fixture = cards.bot_fixture
    old = cards.of("911 #1 Jane Doe")
    await bot_fixture.stop()
    del bot_fixture.server.emergencies[1]
    bot_fixture.server.next_emergency_id = 1
    bot_fixture.world.call_911(bot_fixture.server, ANN)
    await start(cards)
    await cards.until(lambda: cards.shows("911 #1 Ann") and not cards.shows("911 #1 Jane"))
    assert cards.of("911 #1 Ann").id != old.id
    assert cards.of("911 #1 Ann").content == bot_fixture.dispatch.mention


async def test_the_number_of_a_closed_call_comes_back(cards: Cards):
    bot_fixture = cards.bot_fixture
    bot_fixture.world.close(bot_fixture.server, seed.ARMED_ROBBERY)
    await cards.until(lambda: cards.shows("CLOSED · Call #100 Armed Robbery"))
    count_anew(bot_fixture)
    bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Shooting", priority=1))
    await cards.until(lambda: cards.shows("Call #100 Shooting"))
    assert cards.of("Call #100 Shooting").content == bot_fixture.dispatch.mention
    assert cards.shows("CLOSED · Call #100 Armed Robbery")


async def test_an_edited_call_keeps_its_card(cards: Cards):
    bot_fixture = cards.bot_fixture
    card = cards.of("Call #101")
    form = bot_fixture.server.calls[101].form
    bot_fixture.world.edit_call(
        bot_fixture.server, 101, replace(form, title="Pursuit", address="Vinewood", priority=1)
    )
    await cards.until(lambda: cards.shows("Call #101 Pursuit"))
    assert cards.of("Call #101 Pursuit").id == card.id
    assert cards.of("Call #101 Pursuit").content == ""


async def test_an_open_call_does_not_answer_a_later_911_call_of_its_number(cards: Cards):
    bot_fixture = cards.bot_fixture
    older = bot_fixture.world.new_dispatch(
        bot_fixture.server, CallForm("OFFICER RESPONSE - 3", meta_data={"createdFromId": "3"})
    )
    await cards.until(lambda: cards.shows(f"Call #{older.call_id}"))
    bot_fixture.world.call_911(bot_fixture.server, ANN)
    await cards.until(lambda: cards.shows("911 #3 Ann"))
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.pat.id, bot_fixture.dispatch.id
    )
    given: InteractionResult = await bot_fixture.pat.click(cards.of("911 #3"), label="Respond")
    await bot_fixture.advance(60)
    assert given.response is not None
    assert bot_fixture.units_on(older.call_id) == []
    assert bot_fixture.units_on(older.call_id + 1) == ["A-12"]
    assert bot_fixture.server.calls[older.call_id + 1].form.address == "Vinewood"


async def test_the_cards_move_with_the_setting_of_their_channel(cards: Cards):
    other = Cards(cards.bot_fixture, cards.bot_fixture.guild.create_text_channel("new-calls"))
    await start(cards, calls_channel_id=other.channel.id)
    await other.until(lambda: len(other.messages) == SEEDED and not cards.messages)
    assert {one.content for one in other.messages} == {""}, "no role is pinged again"
    assert live_buttons(other.messages) == SEEDED


async def test_the_cards_go_with_their_server(cards: Cards):
    second = add_second_server(cards.bot_fixture.world)
    await start(
        cards,
        sonoran_server_id=second.id,
        sonoran_servers=(CadServerSetting(seed.SERVER_ID, 1), CadServerSetting(second.id)),
    )
    await cards.until(lambda: len(cards.messages) == 3)
    await start(cards, sonoran_servers=(CadServerSetting(seed.SERVER_ID),))
    await cards.until(lambda: len(cards.messages) == SEEDED)
    assert not cards.shows("Call #100 Bank Alarm")
    assert {one.embeds[0].author.name for one in cards.messages} == {None}


async def test_without_a_channel_no_card_stays_with_live_buttons(cards: Cards):
    await start(cards, calls_channel_id=None)
    await cards.until(lambda: not cards.messages)


async def test_a_card_that_the_bot_may_not_delete_is_named_in_the_log(
    cards: Cards, caplog: pytest.LogCaptureFixture
):
    channel = cards.channel.id
    for _ in range(SEEDED):
        cards.bot_fixture.env.inject_error(
            "DELETE", f"/channels/{channel}/messages/*", status=403, code=50001
        )
    await start(cards, calls_channel_id=None)
    await cards.until(lambda: caplog.text.count("delete it by hand") == SEEDED)
    assert len(cards.messages) == SEEDED
    assert f"in channel {channel}: delete it by hand" in caplog.text


async def test_a_card_in_a_channel_that_is_gone_is_forgotten(cards: Cards):
    bot_fixture = cards.bot_fixture
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        connection.execute("UPDATE cards SET channel_id = 1 WHERE call_id = 102")
        connection.commit()
    await start(cards, calls_channel_id=None)
    await cards.until(lambda: len(cards.messages) == 1)
    await bot_fixture.advance(60)
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        assert connection.execute("SELECT * FROM obsolete_cards").fetchall() == []
