"""The bot as a subprocess: how it starts, how it ends, and what it says then."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.runtime.exit_codes import ExitCode
from bot.storage.database import upgrade
from sandbox.cad.server import CadServer
from sandbox.cad.state.faults import Handler, Hang, Slow
from sandbox.cad.state.seed import PAT, build_world
from tests.process.conftest import SETTINGS, Start
from tests.process.discord_server import GUILD_ID, INTERACTION_TOKEN, TOKEN, DiscordServer

pytestmark = pytest.mark.process


class HeldAttach(Hang):
    """Keeps orders to attach waiting; what is asked for the suggestions passes."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        if request.path != "/emergency" and not request.path.endswith("/attachments"):
            return await handler(request)
        return await super().answer(request, handler)


FILE_ID = "1700000000000000000"


def import_of(url: str, size: int) -> dict[str, Any]:
    """Describe the command that imports a file of links."""
    file = {"id": FILE_ID, "filename": "a.csv", "size": size, "url": url, "proxy_url": url}
    option = {"name": "file", "type": 11, "value": FILE_ID}
    return {
        "id": "1600000000000000001",
        "name": "links",
        "guild_id": str(GUILD_ID),
        "type": 1,
        "options": [{"name": "import", "type": 1, "options": [option]}],
        "resolved": {"attachments": {FILE_ID: file}},
    }


ATTACH = {
    "id": "1600000000000000000",
    "name": "attach",
    "guild_id": str(GUILD_ID),
    "type": 1,
    "options": [
        {"name": "call", "type": 4, "value": 100},
        {"name": "units", "type": 3, "value": PAT.hex},
    ],
}


async def test_every_fault_of_the_settings_is_listed_at_once_without_its_value(start: Start):
    bot = await start(
        settings={
            "DISCORD_GUILD_ID": "secret-guild",
            "DISPATCH_ROLE_IDS": "1, secret-role, secret-other",
            "SONORAN_API_KEY": "secret key",
            "SONORAN_SERVER_ID": "0",
            "LOG_FORMAT": "secret-format",
        }
    )
    assert await bot.end() == 2
    assert [line.partition(":")[0] for line in bot.log] == [
        "The settings cannot be used",
        "DISCORD_TOKEN",
        "DISCORD_GUILD_ID",
        "LOG_FORMAT",
        "DISPATCH_ROLE_IDS",
        "SONORAN_COMMUNITY_ID",
        "SONORAN_API_KEY",
        "SONORAN_SERVER_ID",
    ]
    assert "secret" not in "".join(bot.log)


async def test_a_file_that_is_no_database_stops_the_start_before_discord_is_asked(
    start: Start, discord_server: DiscordServer, tmp_path: Path
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dispatch.db").write_text("This is a letter to my aunt. " * 100)
    bot = await start(discord=discord_server.url)
    assert await bot.end() == 2
    assert len(bot.log) == 1
    assert "data/dispatch.db is not a usable database" in bot.log[0]
    assert discord_server.seen == []


async def test_a_database_that_cannot_be_opened_is_one_line(start: Start, tmp_path: Path):
    (tmp_path / "data").write_text("A file where the folder should be.")
    bot = await start()
    assert await bot.end() == 2
    assert len(bot.log) == 1
    assert "data/dispatch.db cannot be used" in bot.log[0]


async def test_a_database_server_that_is_not_up_yet_is_worth_another_start(
    start: Start, unused_tcp_port: int
):
    url = f"postgresql+asyncpg://bot:hunter2@127.0.0.1:{unused_tcp_port}/dispatch"
    bot = await start(settings=SETTINGS | {"DATABASE_URL": url})
    assert await bot.end() == ExitCode.UNREACHABLE
    assert len(bot.log) == 1
    assert f"postgresql+asyncpg://bot:[secret]@127.0.0.1:{unused_tcp_port}/dispatch" in bot.log[0]
    assert "hunter2" not in bot.log[0]


async def test_a_file_that_another_program_locks_is_worth_another_start(
    start: Start, tmp_path: Path
):
    await upgrade(f"sqlite+aiosqlite:///{tmp_path}/data/dispatch.db")
    with closing(sqlite3.connect(tmp_path / "data" / "dispatch.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        bot = await start()
        assert await bot.end() == ExitCode.UNREACHABLE
    assert len(bot.log) == 1
    assert "data/dispatch.db cannot be used: database is locked" in bot.log[0]


async def test_a_database_that_can_only_be_read_is_named_with_its_owner(
    start: Start, tmp_path: Path, discord_server: DiscordServer
):
    file = tmp_path / "data" / "dispatch.db"
    await upgrade(f"sqlite+aiosqlite:///{file}")
    # The tests may run as root, who may write to any file.
    url = f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true"
    bot = await start(discord=discord_server.url, settings=SETTINGS | {"DATABASE_URL": url})
    assert await bot.end() == ExitCode.SETTINGS
    assert len(bot.log) == 1
    assert f"`{file}` belongs to user {file.stat().st_uid} with -rw" in bot.log[0]
    assert discord_server.seen == []


async def test_a_second_bot_on_one_database_ends_before_discord_is_asked(
    start: Start, discord_server: DiscordServer
):
    first = await start(discord=discord_server.url)
    await first.reaches(discord_server.connected)
    asked = len(discord_server.seen)
    second = await start(discord=discord_server.url)
    assert await second.end() == 2
    assert len(second.log) == 1
    assert "Another bot uses the database data/dispatch.db. Stop that one" in second.log[0]
    assert len(discord_server.seen) == asked
    first.signal(signal.SIGTERM)
    assert await first.end() == 0


async def test_a_wrong_token_is_said_in_one_line(start: Start, discord_server: DiscordServer):
    settings = SETTINGS | {"DISCORD_TOKEN": "another.bot.token", "LOG_LEVEL": "debug"}
    bot = await start(discord=discord_server.url, settings=settings)
    assert await bot.end() == 3
    assert bot.log[-1].endswith("Discord refuses the token. Copy it again into DISCORD_TOKEN.")
    assert "Traceback" not in "".join(bot.log)
    assert "another.bot.token" not in "".join(bot.log)


async def test_a_log_in_json_is_json_to_its_last_line(start: Start, discord_server: DiscordServer):
    settings = SETTINGS | {"DISCORD_TOKEN": "another.bot.token", "LOG_FORMAT": "json"}
    bot = await start(discord=discord_server.url, settings=settings)
    assert await bot.end() == 3
    entries = [json.loads(line) for line in bot.log]
    assert entries[-1]["level"] == "CRITICAL"
    assert entries[-1]["message"].startswith("Discord refuses the token.")


@pytest.mark.parametrize(("close_code", "exit_code"), [(4014, 4), (4013, 4), (4004, 3)])
async def test_what_the_gateway_refuses_is_said_in_one_line(
    start: Start, discord_server: DiscordServer, close_code: int, exit_code: int
):
    discord_server.close_code = close_code
    bot = await start(discord=discord_server.url)
    assert await bot.end() == exit_code
    assert "Traceback" not in "".join(bot.log)


async def test_a_discord_that_cannot_be_reached_is_said_in_one_line(start: Start):
    bot = await start(discord="http://127.0.0.1:9")
    assert await bot.end() == 5
    assert "Discord cannot be reached: Cannot connect to host 127.0.0.1:9" in bot.log[-1]
    assert "Traceback" not in "".join(bot.log)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_the_login_ends_cleanly(
    start: Start, discord_server: DiscordServer, number: signal.Signals
):
    discord_server.hangs = "/users/@me"
    bot = await start(discord=discord_server.url)
    await bot.reaches(discord_server.hanging)
    bot.signal(number)
    assert await bot.end() == 0
    assert "stopped" in bot.log[-1]


async def test_a_signal_while_the_gateway_is_out_of_reach_ends_cleanly(
    start: Start, discord_server: DiscordServer
):
    discord_server.gateway_is_down = True
    bot = await start(discord=discord_server.url)
    line = await bot.says("Attempting a reconnect")
    assert "No connection to Discord" in line
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    assert "Traceback" not in "".join(bot.log)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_running_bot(
    start: Start, discord_server: DiscordServer, number: signal.Signals
):
    bot = await start(discord=discord_server.url)
    await bot.reaches(discord_server.connected)
    bot.signal(number)
    assert await bot.end() == 0
    assert "stopped" in bot.log[-1]


async def test_a_command_under_way_is_answered_before_the_end(
    start: Start, discord_server: DiscordServer
):
    hang = HeldAttach()
    async with CadServer(build_world()) as cad:
        cad.faults.set(hang)
        settings = SETTINGS | {"SONORAN_API_URL": cad.url, "SONORAN_API_VERSION": "1"}
        bot = await start(discord=discord_server.url, settings=settings)
        await bot.reaches(discord_server.connected)
        await discord_server.interact(ATTACH)
        await bot.reaches(hang.arrived)
        bot.signal(signal.SIGTERM)
        await bot.says("stopping")
        bot.signal(signal.SIGTERM)  # some supervisors repeat themselves
        assert discord_server.edits == []
        cad.faults.clear()
        assert await bot.end() == 0
    # The second edit, that the CAD has confirmed it, may or may not come before the end.
    assert discord_server.edits
    assert all(edit.startswith("✅ **#100**") for edit in discord_server.edits)
    assert INTERACTION_TOKEN not in "".join(bot.log)
    assert TOKEN not in "".join(bot.log)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_an_order_that_was_just_acknowledged_is_finished(
    start: Start, discord_server: DiscordServer, version: str
):
    async with CadServer(build_world()) as cad:
        cad.faults.set(Slow(1))
        settings = SETTINGS | {"SONORAN_API_URL": cad.url, "SONORAN_API_VERSION": version}
        bot = await start(discord=discord_server.url, settings=settings)
        await bot.reaches(discord_server.connected)
        await discord_server.interact(ATTACH)
        await bot.reaches(discord_server.acknowledged)
        bot.signal(signal.SIGTERM)
        assert await bot.end() == 0
    assert discord_server.edits[-1].startswith("✅ **#100**")


async def test_an_order_that_cannot_be_finished_is_told_so(
    start: Start, discord_server: DiscordServer
):
    hang = HeldAttach()
    async with CadServer(build_world()) as cad:
        cad.faults.set(hang)
        settings = SETTINGS | {"SONORAN_API_URL": cad.url}
        bot = await start(discord=discord_server.url, settings=settings)
        await bot.reaches(discord_server.connected)
        await discord_server.interact(ATTACH)
        await bot.reaches(hang.arrived)
        bot.signal(signal.SIGTERM)
        assert await bot.end() == 0
        cad.faults.clear()
    assert discord_server.edits[-1].startswith(
        "⏳ The bot is restarting; your order goes on when it is back.\nTo be attached to **#100**"
    )


async def test_a_hostile_file_does_not_keep_the_bot_from_a_signal(
    start: Start, discord_server: DiscordServer
):
    """Each line is the worst that there is for the patterns, up to the limit of a file."""
    cell = "steamcommunity.com/id/" + "a" * 130_000 + " b"
    text = "discord_id,steam\n" + "".join(f"{9**17 + one},{cell}\n" for one in range(16))
    discord_server.files["a.csv"] = text.encode()
    bot = await start(discord=discord_server.url)
    await bot.reaches(discord_server.connected)
    await discord_server.interact(import_of(f"{discord_server.url}/files/a.csv", len(text)))
    await bot.reaches(discord_server.sent_file)
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    assert "stopped" in bot.log[-1]
