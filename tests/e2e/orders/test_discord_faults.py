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
from tests.e2e.scene import DEFERRED, EPHEMERAL, MESSAGE, Scene, until

CALLBACK = "/interactions/*/callback"
REPLY = "/webhooks/*"
COMMANDS: dict[str, dict[str, Any]] = {
    "attach": {"call": 100, "units": "A-12"},
    "detach": {"units": "A-12"},
    "link": {"steam": "license:x"},
}
# Discord's own numbers for "already acknowledged", "too late", and for no reason at all.
STATUS = {40060: 400, 10062: 404, 0: 500}


def tracebacks(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.exc_info]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("code", [40060, 10062])
async def test_a_command_that_discord_no_longer_waits_for(scene, caplog, command, code) -> None:
    before = scene.links()
    scene.env.inject_error("POST", CALLBACK, status=STATUS[code], code=code)
    result = await scene.dana.slash(scene.channel, command, **COMMANDS[command])
    await scene.passes(60)
    assert not result.acknowledged
    assert scene.world.history == []
    assert scene.links() == before
    assert tracebacks(caplog) == []
    assert "came too late and was not carried out" in caplog.text
    # Nor does it come to life at the next start.
    await scene.start()
    await scene.passes(60)
    assert scene.orders() == []


@pytest.mark.parametrize("who", ["vic", "dana"])
@pytest.mark.parametrize("closing_down", [False, True])
@pytest.mark.parametrize("code", STATUS)
async def test_a_refusal_that_discord_does_not_take(scene, caplog, who, closing_down, code) -> None:
    if closing_down:
        await scene.bot.drain()
    scene.env.inject_error("POST", CALLBACK, status=STATUS[code], code=code)
    result = await scene.people[who].slash(scene.channel, "attach", call=100, units=" ")
    assert not result.acknowledged
    assert tracebacks(caplog) == []
    assert "could not be answered" in caplog.text


@pytest.mark.parametrize("command", COMMANDS)
async def test_discord_fails_before_anything_was_done(scene: Scene, command: str) -> None:
    before = scene.links()
    scene.env.inject_error("POST", CALLBACK, status=500)
    result = await scene.dana.slash(scene.channel, command, **COMMANDS[command])
    assert result.response is not None
    assert result.response.content.startswith("❌ Something went wrong inside the bot.")
    assert result.ephemeral
    await scene.passes(60)
    assert scene.orders() == []
    assert scene.links() == before
    (error,) = scene.env.errors
    assert isinstance(error, app_commands.CommandInvokeError)
    # What failed before the eyes of whoever typed it does not come to life at the next start.
    await scene.start()
    await scene.passes(60)
    assert scene.orders() == []


async def test_discord_fails_after_a_link_was_made(scene: Scene, caplog) -> None:
    scene.env.inject_error("PATCH", REPLY, status=500, times=None)
    result = await scene.dana.slash(scene.channel, "link", steam="license:x")
    await scene.passes(60)
    # It is done: to say that something went wrong would be a lie.
    assert scene.links()[scene.dana.id] == "license:x"
    assert [one.method for one in scene.env.http_requests if "PATCH" in one.method] == ["PATCH"]
    assert result.followups == []
    assert "could not be answered" in caplog.text
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("command", [*COMMANDS, "links list", "audit"])
async def test_the_database_fails(scene: Scene, caplog, command: str) -> None:
    with closing(sqlite3.connect(scene.file)) as connection:
        connection.execute("DROP TABLE links")
        connection.execute("DROP TABLE orders")
    answer = await scene.say(scene.dana, command, **COMMANDS.get(command, {}))
    assert answer == (
        "❌ The bot's database cannot be used right now."
        " Tell the person who runs this bot; the log says why."
    )
    assert scene.orders() == []
    assert tracebacks(caplog) == []
    assert "no such table" in caplog.text


async def test_the_acknowledgement_comes_before_the_cad_is_asked(scene: Scene) -> None:
    scene.cad.faults.set(hang := Hang())
    typing = asyncio.create_task(scene.dana.slash(scene.channel, "attach", **COMMANDS["attach"]))
    await hang.arrived.wait()
    (acknowledgement,) = [one for one in scene.env.http_requests if one.path.endswith("/callback")]
    assert acknowledgement.json == {"type": DEFERRED, "data": {"flags": EPHEMERAL}}
    scene.cad.faults.clear()
    await typing


async def test_stopping_lets_a_command_finish_and_takes_no_more(scene: Scene) -> None:
    scene.cad.faults.set(hang := Hang())
    typing = asyncio.create_task(scene.vic.slash(scene.channel, "link", steam=seed.RILEY.hex))
    await hang.arrived.wait()
    stopping = asyncio.create_task(scene.bot.drain())
    for _ in range(20):
        await asyncio.sleep(0)
        assert not stopping.done()
    scene.cad.faults.clear()
    result = await typing
    await stopping
    assert result.response is not None
    assert result.response.content.startswith(f"✅ {scene.vic.mention} is now linked to")

    for command, options in COMMANDS.items():
        said = await scene.says(scene.dana, command, **options)
        assert said.text == "❌ The bot is restarting. Try again in a minute."
        (refusal,) = said.requests
        assert isinstance(refusal.json, dict)
        assert refusal.json["type"] == MESSAGE
    assert await scene.dana.autocomplete(scene.channel, "attach", "call", "") == []
    assert scene.orders() == []


async def test_a_bug_is_owned_up_to(scene: Scene, monkeypatch, caplog) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.common.steam_id.parse_account", broken)
    answer = await scene.say(scene.vic, "link", steam="license:x")
    assert answer.startswith("❌ Something went wrong inside the bot.")
    assert len(tracebacks(caplog)) == 1
    (error,) = scene.env.errors
    assert isinstance(error.__cause__, ZeroDivisionError)


def synced(scene: Scene) -> int:
    """Count how often Discord was told about commands since the last time."""
    count = sum(one.method == "PUT" for one in scene.env.http_requests)
    scene.env.http_requests.clear()
    return count


async def test_commands_are_synced_when_they_have_changed(scene: Scene, monkeypatch) -> None:
    assert synced(scene) == 1
    await scene.start()
    assert synced(scene) == 0
    assert "attach" in scene.dana.available_commands(scene.channel)

    with monkeypatch.context() as patch:
        patch.setattr("cogs.links.LinksCog.link.description", "another description")
        await scene.start()
        assert synced(scene) == 1
        await scene.start()
        assert synced(scene) == 0
    await scene.start()
    assert synced(scene) == 1


async def test_commands_that_discord_has_lost_are_synced_again(scene: Scene) -> None:
    synced(scene)
    scene.env.backend.commands.clear()
    await scene.start()
    assert synced(scene) == 1


async def test_a_guild_of_its_own_is_synced_once(scene: Scene) -> None:
    synced(scene)
    await scene.start(discord_guild_id=scene.guild.id)
    assert synced(scene) == 2  # the commands there, and none everywhere else
    assert "attach" in scene.dana.available_commands(scene.channel)
    await scene.start(discord_guild_id=scene.guild.id)
    assert synced(scene) == 0
    await until(scene.bot.is_ready)
