"""Killed after something was shown and before all that follows: it is not shown a second time."""

from __future__ import annotations

import signal

import pytest

from tests.crash.busy_discord import CALLS_CHANNEL_ID, LOG_CHANNEL_ID
from tests.crash.crash_fixture import CrashFixture
from tests.faults.fault_fixture import CALLS, unit_number

pytestmark = pytest.mark.process


async def test_a_log_channel_that_takes_no_line_makes_no_answer_come_twice(
    crash_fixture: CrashFixture,
) -> None:
    crash_fixture.settings["LOG_CHANNEL_ID"] = LOG_CHANNEL_ID
    discord = crash_fixture.discord
    discord.hangs = f"/channels/{LOG_CHANNEL_ID}/messages"
    bot = await crash_fixture.start()
    await bot.reaches(discord.connected)
    await discord.press([(unit_number(one), 100) for one in range(5)])
    told = [*discord.pressed]
    await crash_fixture.until(lambda: all("Confirmed" in one.text for one in told))
    await bot.reaches(discord.hanging)
    await crash_fixture.until(lambda: all(one.answered for one in crash_fixture.orders()))
    crash_fixture.kill()
    assert await bot.end() == -signal.SIGKILL
    discord.tokens_are_old = True  # what is told again is a direct message
    bot = await crash_fixture.start()
    await bot.reaches(discord.connected)
    discord.tokens_are_old = False
    await discord.press([(unit_number(9), 101)])
    await crash_fixture.until(lambda: "Confirmed" in discord.pressed[-1].text)
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    assert [one.message for one in told] == [""] * 5
    assert discord.logged == []


async def test_a_card_that_was_posted_and_not_stored_is_not_posted_again(
    crash_fixture: CrashFixture,
) -> None:
    crash_fixture.settings["CALLS_CHANNEL_ID"] = CALLS_CHANNEL_ID
    discord = crash_fixture.discord
    for _ in range(3):  # lives
        cards = len(discord.cards)

        def kill_at_the_next_card(seen: int = cards) -> None:
            if len(discord.cards) > seen:
                crash_fixture.kill()

        discord.on_card = kill_at_the_next_card
        bot = await crash_fixture.start()
        assert await bot.end() == -signal.SIGKILL
        assert len(discord.cards) > cards
    discord.on_card = lambda: None
    bot = await crash_fixture.start()
    await crash_fixture.until(lambda: len(discord.cards) >= len(CALLS) + 2)  # two 911 calls
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    assert len({*discord.cards.values()}) == len(discord.cards)
