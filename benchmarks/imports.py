"""Measures the import of links: its duration, and how long it blocks the event loop."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

from benchmarks.servers.discord_payloads import GUILD_ID, ROLE_ID
from bot.common.clock import SYSTEM_CLOCK
from bot.services.access.policy import Access, Actor
from bot.services.link_files.import_export import LinkImportExport, Upload
from bot.services.links.link_changes import LinkNotifier
from bot.services.reply import ReplyAddress
from bot.storage.database import Database
from bot.storage.stores.link_store import LinkStore

SIZE = 50_000  # people; Discord's two mebibytes hold that many Steam ids
_ADMIN = Actor(1, GUILD_ID, frozenset({ROLE_ID}), manages_server=False)
_REPLY = ReplyAddress(1, "token")
_TICK = 0.001  # seconds


@dataclass(frozen=True, slots=True)
class StepTiming:
    """The duration of a step and the longest time that it blocked the event loop, in seconds."""

    step: str
    seconds: float
    blocked: float | None


def build_file(size: int) -> bytes:
    """Build a file as a spreadsheet writes it: semicolons, further columns, Steam ids."""
    first, steam64 = 10**17, 76561198000000000
    lines = (f"{first + n};{steam64 + n};\n" for n in range(size))
    return "".join(["Discord ID;Steam ID;Rank\n", *lines]).encode()


def measure_command(size: int = SIZE) -> StepTiming:
    """Measure `python -m bot links import`, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "people.csv")
        file.write_bytes(build_file(size))
        environment = os.environ | {"DATABASE_URL": f"sqlite+aiosqlite:///{folder}/bench.db"}
        words = ["links", "import", str(file), "--guild", str(GUILD_ID), "--yes"]
        began = time.perf_counter()
        said = subprocess.check_output([sys.executable, "-m", "bot", *words], env=environment)
        seconds = time.perf_counter() - began
    _check(said.startswith(f"{size} added".encode()))
    return StepTiming("the command", seconds, None)


async def measure_in_discord(size: int = SIZE) -> list[StepTiming]:
    """Measure `/links import`, its button, the import of the same file, and `/links export`."""
    data = build_file(size)

    async def load() -> bytes:
        return data

    upload = Upload("people.csv", len(data), load)
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{folder}/bench.db")
        try:
            access = Access(frozenset({ROLE_ID}))
            files = LinkImportExport(
                access,
                LinkStore(database),
                AsyncMock(LinkNotifier),
                id_format="{hex}",
                clock=SYSTEM_CLOCK,
            )
            shown, preview = await _time_step("shown", files.preview(_ADMIN, upload, _REPLY))
            _check(preview.token is not None and len(preview.diff.added) == size)
            token = preview.token or ""
            written, done = await _time_step("written", files.apply(_ADMIN, token, _REPLY))
            _check(done.counts.added == size)
            again, preview = await _time_step("shown again", files.preview(_ADMIN, upload, _REPLY))
            _check(preview.diff.unchanged == size)
            exported, export = await _time_step("exported", files.export(_ADMIN))
            _check(export.count == size)
        finally:
            await database.close()
    return [shown, written, again, exported]


async def table(size: int = SIZE) -> list[StepTiming]:
    """Run all measurements."""
    return [await asyncio.to_thread(measure_command, size), *await measure_in_discord(size)]


async def _time_step(step: str, work: Coroutine[Any, Any, Any]) -> tuple[StepTiming, Any]:
    held_up = 0.0

    async def watch() -> None:
        nonlocal held_up
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            held_up = max(held_up, time.perf_counter() - before - _TICK)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    began = time.perf_counter()
    result = await work
    seconds = time.perf_counter() - began
    await asyncio.sleep(_TICK)  # so that `watch` measures the last part as well
    watching.cancel()
    return StepTiming(step, seconds, held_up), result


def _check(is_true: bool) -> None:
    if not is_true:
        raise RuntimeError("the import did not do what it should")
