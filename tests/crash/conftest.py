"""A bot that is killed and started again on one database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import upgrade
from sandbox.cad.server import CadServer
from tests.crash.busy_discord import BusyDiscord
from tests.crash.crash_fixture import CrashFixture, WatchedCad
from tests.e2e.bot_fixture import database_url
from tests.faults.fault_fixture import build_world
from tests.process.conftest import SETTINGS


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    """Return how often the bot is killed on each API."""
    return int(pytestconfig.getoption("--kills"))


@pytest.fixture
def kill_seed(pytestconfig: pytest.Config) -> str:
    """Return what the moments and the orders are drawn by."""
    return str(pytestconfig.getoption("--kill-seed"))


@pytest.fixture
def version() -> int:
    """Use API 1 unless a test says otherwise."""
    return 1


@pytest.fixture
async def crash_fixture(tmp_path: Path, version: int) -> AsyncIterator[CrashFixture]:
    file = tmp_path / "dispatch.db"
    await upgrade(database_url(file))
    async with BusyDiscord() as discord, CadServer(build_world()) as cad:
        settings = SETTINGS | {
            "SONORAN_API_URL": cad.url,
            "SONORAN_API_VERSION": str(version),
            "SONORAN_BUDGET_SHARE": "1",
            "DATABASE_URL": database_url(file),
        }
        crash_fixture = CrashFixture(discord, cad, file, settings)
        cad.world.on_change(crash_fixture.record_change)
        cad.faults.set(WatchedCad(discord))
        yield crash_fixture
        for bot in crash_fixture.bots:
            if bot.process.returncode is None:
                bot.process.kill()
                await bot.process.communicate()
