"""Rows that a newer version of the bot has stored, after the operator has gone back."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.shown_cards import SEEDED, Cards
from tests.e2e.log_channel import LogChannel, asked


def execute(bot_fixture: BotFixture, statement: str) -> None:
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        assert connection.execute(statement).rowcount


async def test_a_link_of_another_origin_is_a_link(bot_fixture: BotFixture) -> None:
    execute(bot_fixture, "UPDATE links SET source = 'sheet'")
    await bot_fixture.start()
    assert (await bot_fixture.attach(bot_fixture.pat.mention)).startswith("✅ **#100**")
    listed = await bot_fixture.final_answer(bot_fixture.dana, "links list")
    assert bot_fixture.pat.mention in listed


async def test_a_request_in_another_state_is_closed(bot_fixture: BotFixture) -> None:
    log = await LogChannel.opened(bot_fixture, link_approval=True)
    await asked(bot_fixture, bot_fixture.vic, "license:v")
    execute(bot_fixture, "UPDATE link_requests SET state = 'postponed'")
    said = await log.press(bot_fixture.dana, "Approve")
    assert said.text.startswith("❌ ")
    assert "inside the bot" not in said.text
    assert bot_fixture.vic.id not in bot_fixture.links()


async def test_a_card_of_another_kind_is_left_alone(bot_fixture: BotFixture) -> None:
    cards = Cards(bot_fixture, bot_fixture.guild.create_text_channel("calls"))
    await bot_fixture.start(calls_channel_id=cards.channel.id)
    await cards.until(lambda: len(cards.messages) == SEEDED)
    columns = "server_id, call_id, channel_id, first_seen_at, pinged, guild_id"
    execute(
        bot_fixture,
        f"INSERT INTO cards (kind, message_id, {columns})"
        f" SELECT 'board', 5, {columns} FROM cards WHERE call_id = 100",
    )
    await bot_fixture.start(calls_channel_id=cards.channel.id)
    bot_fixture.world.close(bot_fixture.server, 101)
    await cards.until(lambda: cards.shows("CLOSED · Call #101"))
