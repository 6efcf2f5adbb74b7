"""Measures the start: the seconds until a process is ready for Discord, and its memory then.

`python -m benchmarks.start bare` and `… ours` are the measured processes; Linux only.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_GUILD_ID = 1100000000000000001
_UNREACHABLE_URL = "http://127.0.0.1:9"  # no server listens there


@dataclass(frozen=True, slots=True)
class Start:
    """Medians of several starts: the seconds, and the resident memory in MiB."""

    seconds: float
    mebibytes: float


def measure(kind: str, runs: int = 5) -> Start:
    """Start a bot, `bare` or `ours`, several times after one start that does not count."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.start", kind]
        environment = os.environ | {
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/bench.db",
            "DISCORD_TOKEN": "no.token.is-needed",
            "DISCORD_GUILD_ID": str(_GUILD_ID),
            "SONORAN_COMMUNITY_ID": "sandbox",
            "SONORAN_API_KEY": "sandbox-key",
            "SONORAN_API_URL": _UNREACHABLE_URL,
        }
        # In production, the first start has already written the compiled files.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        found = []
        for _ in range(runs + 1):
            began = time.monotonic()
            output = subprocess.check_output(command, env=environment, text=True)
            ready, kibibytes = map(float, output.split())
            found.append((ready - began, kibibytes / 1024))
    return Start(
        statistics.median(seconds for seconds, _ in found[1:]),
        statistics.median(mebibytes for _, mebibytes in found[1:]),
    )


async def _start_bare() -> None:
    import aiohttp  # noqa: PLC0415 - the imports are what is measured

    from benchmarks.bare import BareBot  # noqa: PLC0415

    async with (
        aiohttp.ClientSession() as session,
        BareBot(session, _UNREACHABLE_URL, _GUILD_ID),
    ):
        _print_measurement()


async def _start_ours() -> None:
    from bot.config import settings  # noqa: PLC0415 - the imports are what is measured
    from bot.runtime import gc_tuning  # noqa: PLC0415

    gc_tuning.disable_during_startup()
    from bot.app import open_bot  # noqa: PLC0415

    async with open_bot(settings.load()) as bot, bot:
        gc_tuning.tune()
        _print_measurement()


def _print_measurement() -> None:
    # Not getrusage: its figure includes the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    print(time.monotonic(), lines["VmRSS"].split()[0], flush=True)


if __name__ == "__main__":
    asyncio.run(_start_bare() if sys.argv[1] == "bare" else _start_ours())
