"""Connections to PUSH_LISTEN that send nothing, while the bot may open 256 files."""

from __future__ import annotations

import asyncio
import signal
import sys
import time

import pytest

from bot.cad.push.connection_guard import HEADER_SECONDS
from sandbox.cad.events.event_delivery import HTTP, Delivery
from sandbox.cad.events.silent_connections import COUNT, SilentConnections
from sandbox.cad.server import CadServer
from sandbox.cad.state.models import CallForm
from sandbox.cad.state.seed import COMMUNITY_ID, build_world
from sandbox.free_address import free_address
from tests.e2e.bot_fixture import until
from tests.process.conftest import SETTINGS, Start
from tests.process.discord_server import DiscordServer
from tests.process.test_running import ATTACH

if sys.platform == "win32":
    pytest.skip("needs a limit of open files", allow_module_level=True)
import resource

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux limits another process"),
]

FILES = 256
SLOWNESS = 4.0  # seconds, of the machine


async def test_silent_connections_stop_neither_orders_nor_events(
    start: Start, discord_server: DiscordServer
) -> None:
    address = free_address()
    url = f"http://{address}/sonorancad/event"
    async with CadServer(build_world()) as cad:
        bot = await start(
            discord=discord_server.url,
            settings={**SETTINGS, "SONORAN_API_URL": cad.url, "PUSH_LISTEN": address},
        )
        resource.prlimit(bot.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        await bot.reaches(discord_server.connected)
        silent, opened_at = SilentConnections(), time.monotonic()
        closed = await silent.open(url)
        assert silent.open_count < COUNT
        await discord_server.interact(ATTACH)
        await until(lambda: discord_server.edits)
        server = cad.world.server(COMMUNITY_ID)
        server.push_url = url
        cad.world.new_dispatch(server, CallForm(title="Brush Fire"))
        await cad.push.settle()
        assert cad.push.deliveries == [Delivery("EVENT_DISPATCH_NEW", HTTP, 200)]

        # Those that the cap has left are closed because they send no header.
        assert silent.open_count < COUNT / 2
        remaining = opened_at + HEADER_SECONDS + SLOWNESS - time.monotonic()
        await asyncio.wait(closed, timeout=remaining)
        assert silent.open_count == 0
        bot.signal(signal.SIGTERM)
        assert await bot.end() == 0
    assert discord_server.edits[-1].startswith("✅ **#100**")
    assert not [line for line in bot.log if "Traceback" in line or "Too many open files" in line]
