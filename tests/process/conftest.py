"""A bot in a process of its own, and a pretend Discord for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import cli
from bot.config.settings import Settings
from tests.deadlines import HANG_TIMEOUT
from tests.process.discord_server import GUILD_ID, TOKEN, DiscordServer

PROJECT = Path(__file__).parents[2]
LAUNCHER = Path(__file__).with_name("launch.py")

SETTINGS = {
    "DISCORD_TOKEN": TOKEN,
    "DISCORD_GUILD_ID": str(GUILD_ID),
    "SONORAN_COMMUNITY_ID": "sandbox",
    "SONORAN_API_KEY": "sandbox-key",
    "SONORAN_API_URL": "http://127.0.0.1:9",
}

Run = Callable[..., Result]


@dataclass
class Bot:
    """A running process; `log` is what it has written to standard error so far."""

    process: Process
    log: list[str] = field(default_factory=list)

    async def says(self, text: str) -> str:
        """Wait for a line of the log that has this text in it."""
        async with asyncio.timeout(HANG_TIMEOUT):
            async for line in self._lines():
                if text in line:
                    return line
        raise AssertionError(f"the bot ended and never said {text!r}: {self.log}")

    async def reaches(self, event: asyncio.Event) -> None:
        """Wait for something that happens at a server."""
        happened = asyncio.create_task(event.wait())
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait(
            {happened, ended}, timeout=HANG_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
        )
        happened.cancel()
        ended.cancel()
        if not event.is_set():
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.end()
            raise AssertionError(f"the bot did not get there: {self.log}")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def end(self) -> int:
        """Wait for the end and return the exit code."""
        async with asyncio.timeout(HANG_TIMEOUT):
            async for _ in self._lines():
                pass
            return await self.process.wait()

    async def _lines(self) -> AsyncIterator[str]:
        assert self.process.stderr is not None
        while line := (await self.process.stderr.readline()).decode():
            self.log.append(line.rstrip("\n"))
            yield line


class Start(Protocol):
    """Starts `python -m bot`, with a pretend Discord where an address is given."""

    async def __call__(
        self, *arguments: str, discord: str = "", settings: dict[str, str] | None = None
    ) -> Bot: ...


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def start(
        *arguments: str, discord: str = "", settings: dict[str, str] | None = None
    ) -> Bot:
        # Nothing of the developer's own settings may leak in.
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        command = [str(LAUNCHER), discord] if discord else ["-m", "bot"]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command, *arguments),
            cwd=tmp_path,
            env={
                **kept,
                "PYTHONPATH": str(PROJECT),
                **(SETTINGS if settings is None else settings),
            },
            stdout=PIPE,
            stderr=PIPE,
        )
        started.append(process)
        return Bot(process)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def discord_server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loggers: None) -> Run:
    """Run a command in an empty folder, with no setting but the database's default."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    # A wide terminal, so that no line of the help is broken.
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return lambda *arguments, typed="": runner.invoke(
        cli, arguments, prog_name="python -m bot", input=typed
    )
