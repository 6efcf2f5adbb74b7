"""An order that another version of the bot has stored: the bot starts, and says so."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture, CommandReply

NEWER = ('resolution = \'{"left_out": [{"reason": 999}]}\'', "detail = '['", "action = 'teleport'")


@pytest.mark.parametrize("column", NEWER)
async def test_a_row_of_another_version_does_not_keep_the_bot_from_starting(
    bot_fixture: BotFixture, column: str
) -> None:
    bot_fixture.set_fault(BAD_GATEWAY)
    result = await bot_fixture.dana.slash(bot_fixture.channel, "attach", call="100", units="A-12")
    await bot_fixture.stop()
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute(f"UPDATE orders SET {column}")
    bot_fixture.clear_faults()
    await bot_fixture.start()
    told = await CommandReply(bot_fixture, result).after(60)
    assert told.startswith("❌ This order cannot be read: another version of the bot stored it.")
    assert bot_fixture.units_on(100) == []
    assert (await bot_fixture.attach("A-7")).startswith("✅ **#100**")
    audit = await bot_fixture.final_answer(bot_fixture.dana, "audit")
    (line,) = [one for one in audit.splitlines() if "unreadable" in one]
    assert line.startswith(f"❌ `A-12` · by {bot_fixture.dana.mention}")
