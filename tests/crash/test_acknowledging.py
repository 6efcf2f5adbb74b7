"""Acknowledgements that get lost, and databases that are locked: what the member sees."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from bot.ui.interactions.responses import DATABASE_BUSY
from tests.crash.busy_discord import ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION
from tests.crash.crash_fixture import CrashFixture
from tests.process.conftest import Bot

pytestmark = pytest.mark.process


@contextmanager
def locked(crash_fixture: CrashFixture) -> Iterator[None]:
    """Keep the write lock of the database, as a backup does."""
    with closing(sqlite3.connect(crash_fixture.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def stopped(bot: Bot) -> None:
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0


async def test_an_acknowledgement_whose_answer_is_lost(crash_fixture: CrashFixture) -> None:
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    crash_fixture.discord.lost_answers = 1
    await crash_fixture.discord.press([("A-12", 100)])
    (pressed,) = crash_fixture.discord.pressed
    await crash_fixture.until(lambda: pressed.text.startswith("✅"))
    assert crash_fixture.call_of("A-12") == 100
    await stopped(bot)
    assert "was acknowledged at the first of several tries" in crash_fixture.log
    assert "another copy" not in crash_fixture.log


async def test_another_copy_of_the_bot_is_named(crash_fixture: CrashFixture) -> None:
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    crash_fixture.discord.refusal = ALREADY_ACKNOWLEDGED
    await crash_fixture.discord.press([("A-12", 100)])
    await bot.says("was answered by another copy of the bot")
    await stopped(bot)
    assert [one.state for one in crash_fixture.orders()] == ["cancelled"]
    assert crash_fixture.call_of("A-12") is None


async def test_a_locked_database_is_named_in_time(crash_fixture: CrashFixture) -> None:
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    with locked(crash_fixture):
        await crash_fixture.discord.press([("A-12", 100)])
        (pressed,) = crash_fixture.discord.pressed
        await crash_fixture.until(lambda: pressed.text == DATABASE_BUSY)
        assert crash_fixture.call_of("A-12") is None
    await crash_fixture.until(lambda: pressed.text.startswith("✅"))
    assert crash_fixture.call_of("A-12") == 100


async def test_a_locked_database_and_a_command_that_came_too_late(
    crash_fixture: CrashFixture,
) -> None:
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    crash_fixture.discord.refusal = UNKNOWN_INTERACTION
    with locked(crash_fixture):
        await crash_fixture.discord.press([("A-12", 100)])
        await bot.says("came too late")
    await stopped(bot)
    assert [one.state for one in crash_fixture.orders()] == ["cancelled"]
    assert crash_fixture.call_of("A-12") is None
