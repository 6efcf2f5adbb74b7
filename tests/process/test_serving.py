"""The bot beside a pretend Discord, in the test's own process."""

from __future__ import annotations

import asyncio
import errno
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot import process
from bot.app import DispatchBot
from bot.config.settings import Settings
from bot.runtime.exit_codes import ExitCode, FatalError, StopSignals
from bot.storage.database import Database
from bot.storage.errors import DatabaseUnavailable
from tests.losable_owner import LosableOwner
from tests.process.conftest import SETTINGS
from tests.process.discord_server import APPLICATION_ID, GUILD_ID, TOKEN, DiscordServer
from tests.process.test_running import ATTACH

COMMANDS = f"/applications/{APPLICATION_ID}/guilds/{GUILD_ID}/commands"

pytestmark = pytest.mark.usefixtures("own_signals")


@pytest.fixture(autouse=True)
def redirected(discord_server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", f"{discord_server.url}/api")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(discord_server.url) / "gateway")


def settings(folder: Path, **changes: str) -> Settings:
    values = {name.lower(): value for name, value in SETTINGS.items()}
    database = f"sqlite+aiosqlite:///{folder}/dispatch.db"
    return Settings.model_validate({**values, "database_url": database, **changes})


def serve(loaded: Settings, signals: StopSignals) -> asyncio.Task[None]:
    return asyncio.create_task(process._serve(loaded, signals))


async def test_a_running_bot_ends_with_a_signal(tmp_path: Path, discord_server: DiscordServer):
    serving = serve(settings(tmp_path), StopSignals())
    await discord_server.connected.wait()
    signal.raise_signal(signal.SIGTERM)
    await serving


async def test_a_signal_while_the_services_open_ends_the_start(tmp_path: Path):
    opening = asyncio.Event()

    async def open_slowly(*_: object, **__: object) -> None:
        opening.set()
        await asyncio.Event().wait()

    with patch("bot.wiring.dependencies.Database.open", open_slowly):
        serving = serve(settings(tmp_path), StopSignals())
        await opening.wait()
        signal.raise_signal(signal.SIGTERM)
        await serving


async def test_a_bot_that_is_not_the_owner_any_more_begins_anew(
    tmp_path: Path,
    discord_server: DiscordServer,
    owners: list[LosableOwner],
    caplog: pytest.LogCaptureFixture,
):
    serving = serve(settings(tmp_path), StopSignals())
    await discord_server.connected.wait()
    discord_server.connected.clear()
    owners[0].lose()
    await discord_server.connected.wait()
    assert len(owners) == 2
    assert "another bot may own the database now" in caplog.text
    signal.raise_signal(signal.SIGTERM)
    await serving


async def test_nothing_is_sent_to_discord_once_the_ownership_is_not_trusted(
    tmp_path: Path,
    discord_server: DiscordServer,
    owners: list[LosableOwner],
    monkeypatch: pytest.MonkeyPatch,
):
    serving, unanswered = serve(settings(tmp_path), StopSignals()), asyncio.Event()

    class Log:
        def warning(self, line: str, *_: object) -> None:
            assert "another bot may act now" in line
            unanswered.set()

    monkeypatch.setattr("bot.ui.interactions.answers._log", Log())
    await discord_server.connected.wait()
    owners[0].seconds = 0.0
    asked = len(discord_server.seen)
    await discord_server.interact(ATTACH)
    await unanswered.wait()
    assert len(discord_server.seen) == asked
    signal.raise_signal(signal.SIGTERM)
    await serving


async def test_a_database_that_was_there_is_waited_for(
    tmp_path: Path,
    discord_server: DiscordServer,
    owners: list[LosableOwner],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    serving = serve(settings(tmp_path), StopSignals())
    await discord_server.connected.wait()
    discord_server.connected.clear()
    opened, faults = Database.open, [DatabaseUnavailable("host/x", "it is down", may_pass=True)]

    async def open_later(url: str, **ownership: bool) -> Database:
        if faults:
            raise faults.pop()
        return await opened(url, **ownership)

    monkeypatch.setattr("bot.wiring.dependencies.Database.open", open_later)
    monkeypatch.setattr(process, "REOPEN_EVERY", 0.0)
    owners[0].lose()
    await discord_server.connected.wait()
    assert "the database cannot be reached: " in caplog.text
    signal.raise_signal(signal.SIGTERM)
    await serving


async def test_taking_leave_of_discord_has_a_limit(
    tmp_path: Path, discord_server: DiscordServer, monkeypatch: pytest.MonkeyPatch
):
    close = DispatchBot.close

    async def close_and_hang(bot: DispatchBot) -> None:
        await close(bot)
        await asyncio.Event().wait()

    monkeypatch.setattr(DispatchBot, "close", close_and_hang)
    monkeypatch.setattr(process, "CLOSE_TIMEOUT", 0.5)
    serving = serve(settings(tmp_path), StopSignals())
    await discord_server.connected.wait()
    signal.raise_signal(signal.SIGTERM)
    await serving


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Discord refuses, how, and what that means."""

    asked: str
    status: int
    code: int
    ends_with: ExitCode
    words: str


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("GET /users/@me", 401, 0, ExitCode.TOKEN, "Copy it again into DISCORD_TOKEN."),
        Refusal("GET /users/@me", 503, 0, ExitCode.UNREACHABLE, "it answers 503."),
        Refusal("GET /users/@me", 403, 0, ExitCode.UNREACHABLE, "it answers 403."),
        Refusal("GET /users/@me", 429, 0, ExitCode.UNREACHABLE, "it answers 429."),
        Refusal(f"GET {COMMANDS}", 403, 50001, ExitCode.SETTINGS, "without its commands"),
        Refusal(f"PUT {COMMANDS}", 503, 0, ExitCode.UNREACHABLE, "it answers 503."),
    ],
    ids=str,
)
async def test_what_discord_refuses_is_explained(
    tmp_path: Path, discord_server: DiscordServer, refusal: Refusal
):
    answer = {"code": refusal.code, "message": "No", "retry_after": 600.0}
    discord_server.answers[refusal.asked] = (refusal.status, answer)
    with pytest.raises(FatalError, match=re.escape(refusal.words)) as caught:
        await serve(settings(tmp_path, discord_guild_id=str(GUILD_ID)), StopSignals())
    assert caught.value.code is refusal.ends_with


async def test_a_server_without_the_bot_is_called_that(
    tmp_path: Path, discord_server: DiscordServer
):
    refusal = (403, {"code": 50001, "message": "Missing Access"})
    discord_server.answers |= {f"GET {COMMANDS}": refusal, f"GET /guilds/{GUILD_ID}": refusal}
    with pytest.raises(FatalError, match="the bot is not on this server") as caught:
        await serve(settings(tmp_path), StopSignals())
    assert caught.value.code is ExitCode.SETTINGS


async def test_an_intent_that_is_off_is_found_before_the_gateway_is_asked(
    tmp_path: Path, discord_server: DiscordServer
):
    discord_server.close_code = 4014
    with pytest.raises(FatalError, match="needs an intent that is off") as caught:
        await serve(settings(tmp_path, members_intent="true"), StopSignals())
    assert caught.value.code is ExitCode.INTENTS
    assert discord_server.identified == 0


async def test_what_runs_in_the_background_ends_before_the_database_closes(
    tmp_path: Path, discord_server: DiscordServer
):
    discord_server.close_code = 4004
    with pytest.raises(FatalError, match="refuses the token"):
        await serve(settings(tmp_path, calls_channel_id=str(GUILD_ID)), StopSignals())
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert [name for name in names if not name.startswith("Task-")] == []


async def test_the_entry_point_command_of_an_application_with_activities_is_kept(
    tmp_path: Path, discord_server: DiscordServer
):
    """Discord refuses an overwrite without it: 400, 50240."""
    listed = f"/applications/{APPLICATION_ID}/commands"
    entry_point = {"id": "1", "name": "launch", "type": 4, "handler": 2}
    old = {"id": "2", "name": "of-an-old-version", "type": 1}
    discord_server.answers[f"GET {listed}"] = (200, [entry_point, old])
    serving = serve(settings(tmp_path), StopSignals())
    await discord_server.connected.wait()
    (put,) = [one.body for one in discord_server.seen if (one.method, one.path) == ("PUT", listed)]
    assert put == [entry_point]
    signal.raise_signal(signal.SIGTERM)
    await serving


async def test_no_command_is_offered_outside_of_servers_that_have_the_bot(
    tmp_path: Path, discord_server: DiscordServer
):
    """A member who installs the application for themselves would bring it to any server."""
    serving = serve(settings(tmp_path), StopSignals())
    await discord_server.connected.wait()
    signal.raise_signal(signal.SIGTERM)
    await serving
    offered = [
        (command["contexts"], command["integration_types"])
        for one in discord_server.seen
        if one.method == "PUT"
        for command in one.body
    ]
    assert len(offered) > 5
    assert set(map(str, offered)) == {"([0], [0])"}


async def test_a_server_that_was_served_before_loses_its_commands(
    tmp_path: Path, discord_server: DiscordServer
):
    async def run_once(guild_id: int) -> list[tuple[str, int]]:
        discord_server.seen.clear()
        discord_server.connected.clear()
        serving = serve(settings(tmp_path, discord_guild_id=str(guild_id)), StopSignals())
        await discord_server.connected.wait()
        signal.raise_signal(signal.SIGTERM)
        await serving
        puts = [one for one in discord_server.seen if one.method == "PUT"]
        return [(one.path.rpartition("/guilds/")[2], len(one.body)) for one in puts]

    await run_once(GUILD_ID)
    puts = dict(await run_once(GUILD_ID + 1))
    assert puts[f"{GUILD_ID}/commands"] == 0
    assert puts[f"{GUILD_ID + 1}/commands"] > 0
    # A server that the bot has left refuses; that is no reason not to start.
    refusal = (403, {"code": 50001, "message": "Missing Access"})
    gone = COMMANDS.replace(str(GUILD_ID), str(GUILD_ID + 1))
    discord_server.answers[f"PUT {gone}"] = refusal
    assert f"{GUILD_ID + 1}/commands" in dict(await run_once(GUILD_ID))
    assert f"{GUILD_ID + 1}/commands" not in dict(await run_once(GUILD_ID))


async def test_a_connection_without_an_answer_is_no_way_to_discord(
    tmp_path: Path, discord_server: DiscordServer
):
    discord_server.vanishes = True
    with pytest.raises(
        FatalError, match="Discord cannot be reached: Server disconnected"
    ) as caught:
        await serve(settings(tmp_path), StopSignals())
    assert caught.value.code is ExitCode.UNREACHABLE


async def test_commands_that_discord_does_not_like_are_a_fault_of_the_bot(
    tmp_path: Path, discord_server: DiscordServer
):
    fault = {"code": 50035, "message": "Invalid Form Body", "errors": {}}
    discord_server.answers[f"PUT {COMMANDS}"] = (400, fault)
    with pytest.raises(discord.app_commands.CommandSyncFailure):
        await serve(settings(tmp_path, discord_guild_id=str(GUILD_ID)), StopSignals())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EADDRINUSE, ExitCode.SETTINGS),
        (errno.EACCES, ExitCode.SETTINGS),
        (errno.EADDRNOTAVAIL, ExitCode.UNREACHABLE),
        (None, ExitCode.UNREACHABLE),
    ],
)
async def test_an_address_that_may_come_is_worth_another_start(
    tmp_path: Path, number: int | None, code: ExitCode
):
    cause = OSError(number, "no") if number else OSError("no")
    with (
        patch("bot.cad.push.http_push.HttpPushServer.start", side_effect=cause),
        pytest.raises(FatalError, match="PUSH_LISTEN: cannot listen there: no") as caught,
    ):
        await serve(settings(tmp_path, push_listen="127.0.0.1:1"), StopSignals())
    assert caught.value.code is code


async def test_the_names_of_the_servers_are_asked_of_discord(discord_server: DiscordServer):
    here = {"id": str(GUILD_ID), "name": "San Andreas"}
    discord_server.answers["GET /users/@me/guilds"] = (200, [here])
    assert await process.guild_names(TOKEN) == {GUILD_ID: "San Andreas"}


async def test_a_start_that_fails_is_not_taken_for_discords_fault(tmp_path: Path):
    with (
        patch("bot.app.AttachCog", side_effect=TypeError("odd")),
        pytest.raises(TypeError, match="odd"),
    ):
        await serve(settings(tmp_path), StopSignals())


async def test_the_invitation_asks_for_the_scopes_of_a_bot_with_commands():
    address = URL(await process.invite_url(TOKEN))
    assert address.query["client_id"] == str(APPLICATION_ID)
    assert address.query["scope"].split() == ["bot", "applications.commands"]
    assert int(address.query["permissions"]) == (1 << 10) + (1 << 11) + (1 << 14) + (1 << 16)


async def test_no_invitation_without_the_right_token():
    with pytest.raises(FatalError, match="Discord refuses the token"):
        await process.invite_url("another.bot.token")


async def test_a_question_that_discord_holds_up_for_long_is_given_up(
    discord_server: DiscordServer,
):
    held = (429, {"message": "You are being rate limited.", "retry_after": 90.0, "global": False})
    discord_server.answers["GET /users/@me"] = held
    for question in (process.invite_url, process.guild_names):
        with pytest.raises(FatalError, match="it answers 429") as caught:
            await question(TOKEN)
        assert caught.value.code is ExitCode.UNREACHABLE
