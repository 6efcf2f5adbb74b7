"""What Discord, the database and the end of the process can do to a command."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from discord import app_commands

from sandbox.cad.state import seed
from sandbox.cad.state.faults import Hang
from tests.e2e.bot_fixture import DEFERRED, EPHEMERAL, MESSAGE, BotFixture

CALLBACK = "/interactions/*/callback"
REPLY = "/webhooks/*"
COMMANDS: dict[str, dict[str, Any]] = {
    "attach": {"call": "100", "units": "A-12"},
    "detach": {"units": "A-12"},
    "link": {"steam": "license:x"},
}
# Discord's own numbers for "already acknowledged", "too late", and for no reason at all.
STATUS = {40060: 400, 10062: 404, 0: 500}


def tracebacks(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.exc_info]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("code", [40060, 10062])
async def test_a_command_that_discord_no_longer_waits_for(
    bot_fixture, caplog, command, code
) -> None:
    before = bot_fixture.links()
    bot_fixture.env.inject_error("POST", CALLBACK, status=STATUS[code], code=code)
    result = await bot_fixture.dana.slash(bot_fixture.channel, command, **COMMANDS[command])
    await bot_fixture.advance(60)
    assert not result.acknowledged
    assert bot_fixture.world.history == []
    assert bot_fixture.links() == before
    assert tracebacks(caplog) == []
    reason = "was answered by another copy" if code == 40060 else "came too late"
    assert reason in caplog.text
    assert "was not carried out" in caplog.text
    # Nor does it come to life at the next start.
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert bot_fixture.orders() == []


@pytest.mark.parametrize("who", ["vic", "dana"])
@pytest.mark.parametrize("closing_down", [False, True])
@pytest.mark.parametrize("code", STATUS)
async def test_a_refusal_that_discord_does_not_take(
    bot_fixture, caplog, who, closing_down, code
) -> None:
    if closing_down:
        await bot_fixture.bot.drain()
    bot_fixture.env.inject_error("POST", CALLBACK, status=STATUS[code], code=code)
    result = await bot_fixture.members[who].slash(
        bot_fixture.channel, "attach", call="100", units=" "
    )
    assert not result.acknowledged
    assert tracebacks(caplog) == []
    assert "could not be answered" in caplog.text


@pytest.mark.parametrize("command", COMMANDS)
async def test_discord_fails_before_anything_was_done(
    bot_fixture: BotFixture, command: str
) -> None:
    before = bot_fixture.links()
    bot_fixture.env.inject_error("POST", CALLBACK, status=500)
    result = await bot_fixture.dana.slash(bot_fixture.channel, command, **COMMANDS[command])
    assert result.response is not None
    assert result.response.content.startswith("❌ Something went wrong inside the bot.")
    assert result.ephemeral
    await bot_fixture.advance(60)
    assert bot_fixture.orders() == []
    assert bot_fixture.links() == before
    (error,) = bot_fixture.env.errors
    assert isinstance(error, app_commands.CommandInvokeError)
    # An order whose failure the member has seen is not resumed at the next start.
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert bot_fixture.orders() == []


async def test_discord_fails_after_a_link_was_made(bot_fixture: BotFixture, caplog) -> None:
    bot_fixture.env.inject_error("PATCH", REPLY, status=500, times=None)
    result = await bot_fixture.dana.slash(bot_fixture.channel, "link", steam="license:x")
    await bot_fixture.advance(60)
    # It is done: to say that something went wrong would be a lie.
    assert bot_fixture.links()[bot_fixture.dana.id] == "license:x"
    assert [one.method for one in bot_fixture.env.http_requests if "PATCH" in one.method] == [
        "PATCH"
    ]
    assert result.followups == []
    assert "could not be answered" in caplog.text
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("command", [*COMMANDS, "links list", "audit"])
async def test_the_database_fails(bot_fixture: BotFixture, caplog, command: str) -> None:
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        connection.execute("DROP TABLE links")
        connection.execute("DROP TABLE orders")
    answer = await bot_fixture.final_answer(bot_fixture.dana, command, **COMMANDS.get(command, {}))
    assert answer == (
        "❌ The bot's database cannot be used right now."
        " Tell the person who runs this bot; the log says why."
    )
    assert bot_fixture.orders() == []
    assert tracebacks(caplog) == []
    assert "no such table" in caplog.text


async def test_the_acknowledgement_comes_before_the_cad_is_asked(bot_fixture: BotFixture) -> None:
    bot_fixture.cad.faults.set(hang := Hang())
    typing = asyncio.create_task(
        bot_fixture.dana.slash(bot_fixture.channel, "attach", **COMMANDS["attach"])
    )
    await hang.arrived.wait()
    (acknowledgement,) = [
        one for one in bot_fixture.env.http_requests if one.path.endswith("/callback")
    ]
    assert acknowledgement.json == {"type": DEFERRED, "data": {"flags": EPHEMERAL}}
    bot_fixture.cad.faults.clear()
    await typing


async def test_an_outage_of_discord_at_the_outcome(bot_fixture: BotFixture, caplog) -> None:
    bot_fixture.env.inject_error("PATCH", REPLY, status=503, times=None)
    bot_fixture.env.inject_error("POST", "/channels/*", status=503, times=None)
    said = [
        await bot_fixture.dana.slash(bot_fixture.channel, "attach", call="100", units=units)
        for units in ("A-12", "A-7")
    ]
    await bot_fixture.advance(120)
    bot_fixture.env.backend.faults.clear()
    await bot_fixture.advance(120)
    for result in said:
        assert result.response is not None
        assert result.response.content.startswith("✅ **#100** Armed Robbery")
    assert caplog.text.count("Discord fails") == 1
    # The next start has nothing to tell.
    before = len(bot_fixture.env.http_requests)
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert "PATCH" not in [one.method for one in bot_fixture.env.http_requests[before:]]


async def test_an_outage_of_discord_that_outlives_the_reply(bot_fixture: BotFixture) -> None:
    bot_fixture.env.inject_error("PATCH", REPLY, status=503, times=None)
    await bot_fixture.dana.slash(bot_fixture.channel, "attach", **COMMANDS["attach"])
    await bot_fixture.advance(14 * 60)
    assert bot_fixture.dana.user.dm_channel.history() == []
    await bot_fixture.advance(3 * 60)
    (message,) = bot_fixture.dana.user.dm_channel.history()
    assert "your order: ✅ **#100** Armed Robbery" in message.content


async def test_what_another_process_may_do_is_not_answered(bot_fixture: BotFixture) -> None:
    bot_fixture.cad.faults.set(hang := Hang())
    typing = asyncio.create_task(
        bot_fixture.vic.slash(bot_fixture.channel, "link", steam=seed.RILEY.hex)
    )
    await hang.arrived.wait()
    await bot_fixture.bot.abandon()
    bot_fixture.cad.faults.clear()
    result = await typing
    assert result.response is not None
    assert result.response.content == ""  # "thinking…"


async def test_stopping_lets_a_command_finish_and_takes_no_more(bot_fixture: BotFixture) -> None:
    bot_fixture.cad.faults.set(hang := Hang())
    typing = asyncio.create_task(
        bot_fixture.vic.slash(bot_fixture.channel, "link", steam=seed.RILEY.hex)
    )
    await hang.arrived.wait()
    stopping = asyncio.create_task(bot_fixture.bot.drain())
    for _ in range(20):
        await asyncio.sleep(0)
        assert not stopping.done()
    bot_fixture.cad.faults.clear()
    result = await typing
    await stopping
    assert result.response is not None
    assert result.response.content.startswith(f"✅ {bot_fixture.vic.mention} is now linked to")

    for command, options in COMMANDS.items():
        said = await bot_fixture.run_command(bot_fixture.dana, command, **options)
        assert said.text == "❌ The bot is restarting. Try again in a minute."
        (refusal,) = said.requests
        assert isinstance(refusal.json, dict)
        assert refusal.json["type"] == MESSAGE
    assert await bot_fixture.dana.autocomplete(bot_fixture.channel, "attach", "call", "") == []
    assert bot_fixture.orders() == []


async def test_a_bug_is_owned_up_to(bot_fixture: BotFixture, monkeypatch, caplog) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.common.steam_id.parse_account", broken)
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam="license:x")
    assert answer.startswith("❌ Something went wrong inside the bot.")
    assert len(tracebacks(caplog)) == 1
    (error,) = bot_fixture.env.errors
    assert isinstance(error.__cause__, ZeroDivisionError)


def synced(bot_fixture: BotFixture) -> int:
    """Count how often Discord was told about commands since the last time."""
    count = sum(one.method == "PUT" for one in bot_fixture.env.http_requests)
    bot_fixture.env.http_requests.clear()
    return count


async def test_commands_are_synced_when_they_have_changed(
    bot_fixture: BotFixture, monkeypatch
) -> None:
    assert synced(bot_fixture) == 2  # the commands of the guild, and none everywhere else
    await bot_fixture.start()
    assert synced(bot_fixture) == 0
    assert "attach" in bot_fixture.dana.available_commands(bot_fixture.channel)

    with monkeypatch.context() as patch:
        patch.setattr("cogs.links.LinksCog.link.description", "another description")
        await bot_fixture.start()
        assert synced(bot_fixture) == 1
        await bot_fixture.start()
        assert synced(bot_fixture) == 0
    await bot_fixture.start()
    assert synced(bot_fixture) == 1


async def test_commands_that_discord_has_lost_are_synced_again(bot_fixture: BotFixture) -> None:
    synced(bot_fixture)
    bot_fixture.env.backend.commands.clear()
    await bot_fixture.start()
    assert synced(bot_fixture) == 1
