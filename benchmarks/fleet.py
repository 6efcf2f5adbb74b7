"""Measures what each guild costs a process that serves many: memory, opening, requests to the CAD.

`python -m benchmarks.fleet GUILDS` measures one number of guilds in a process of its own (Linux),
`python -m benchmarks.fleet` all of it.
The CAD answers in the same process, without a network. discord.py's own cache is not in it: the
bot is not logged in.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import discord
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from bot.cad.http.transport import Transport
from bot.cad.http.wire import Request, Response
from bot.common.clock import Clock
from bot.config.settings import Settings
from bot.wiring.dependencies import open_shared
from bot.wiring.guild_registry import GuildRegistry
from sandbox.fake_time import FakeTime

SIZES = (1_000, 10_000)
CALLS, UNITS = 10, 40  # of a guild with a board
WATCHED_GUILDS = 50  # for the requests to the CAD
WATCHED_MINUTES = 60

_FIRST_GUILD = 700_000_000_000_000_000
_CHANNEL = 900_000_000_000_000_000
_LOOKUPS = 100_000
_SERVER_ID = 1


@dataclass(frozen=True, slots=True)
class FleetCost:
    """What guilds cost.

    Attributes:
        open_kib, board_kib: memory for each guild, once it is open, and with its calls and units.
        open_ms: opening one guild; all times are those of the processor.
        last_open_ms: opening one more, beside all others.
        lookup_us: finding the services of a guild.
        mib: the memory of the whole process with all boards.
    """

    guilds: int
    open_kib: float
    board_kib: float
    open_ms: float
    last_open_ms: float
    lookup_us: float
    mib: float


@dataclass(frozen=True, slots=True)
class IdleRequests:
    """The requests to the CAD that a guild with a channel for cards costs in a minute."""

    idle: float
    idle_with_push: float
    in_use: float
    in_use_with_push: float


class PretendCad(Transport):
    """Answers with calls and units at once, and counts the requests."""

    requests = 0
    calls, units = 0, 0

    async def send(self, request: Request, *, within: float | None = None) -> Response:  # noqa: ARG002
        """Answer a request of API 1."""
        PretendCad.requests += 1
        body: object = [_unit(number) for number in range(1, self.units + 1)]
        if request.path.endswith("get_calls"):
            body = {"activeCalls": [_call(number) for number in range(100, 100 + self.calls)]}
        return Response(200, {}, json.dumps(body).encode(), time.time())


async def measure(guilds: int) -> FleetCost:
    """Open some guilds, then give each of them a board."""
    PretendCad.calls, PretendCad.units = 0, 0
    async with _registry(Clock()) as (registry, settings):
        await registry.open(_FIRST_GUILD - 1, settings(-1))  # what the first alone costs
        start, started = _resident(), time.process_time()
        for number in range(guilds):
            await registry.open(_FIRST_GUILD + number, settings(number))
        open_ms = (time.process_time() - started) * 1000 / guilds
        await _until_polled(registry)
        opened = _resident()
        PretendCad.calls, PretendCad.units = CALLS, UNITS
        for services in registry.services.values():
            await services.board.fetch_calls(_SERVER_ID)
            await services.board.fetch_units(_SERVER_ID)
        with_boards = _resident()
        started = time.process_time()
        await registry.open(_FIRST_GUILD + guilds, settings(guilds))
        last_open_ms = (time.process_time() - started) * 1000
        started = time.process_time()
        for number in range(_LOOKUPS):
            registry.services[_FIRST_GUILD + number % guilds]
        lookup_us = (time.process_time() - started) * 1e6 / _LOOKUPS
        open_kib, board_kib = (opened - start) / guilds, (with_boards - start) / guilds
        mib = with_boards / 1024
        return FleetCost(guilds, open_kib, board_kib, open_ms, last_open_ms, lookup_us, mib)


async def measure_requests(
    guilds: int = WATCHED_GUILDS, minutes: int = WATCHED_MINUTES
) -> IdleRequests:
    """Count the requests of guilds in pretended time, with and without push events and units."""
    counts = [
        await _requests_a_minute(guilds, minutes, units=units, is_push_heard=is_push_heard)
        for units in (0, UNITS)
        for is_push_heard in (False, True)
    ]
    return IdleRequests(*counts)


async def _requests_a_minute(
    guilds: int, minutes: int, *, units: int, is_push_heard: bool
) -> float:
    PretendCad.calls, PretendCad.units = 0, units
    clock = FakeTime()
    async with _registry(clock) as (registry, settings):
        for number in range(guilds):
            await registry.open(_FIRST_GUILD + number, settings(number))
        boards = [services.board for services in registry.services.values()]
        await _until_polled(registry)
        if is_push_heard:
            for board in boards:
                board.hear(_SERVER_ID, [])
        PretendCad.requests = 0
        for _ in range(minutes * 12):
            for board in boards:
                board.poll(_SERVER_ID)
            await clock.advance(5.0, _settle)
        return PretendCad.requests / guilds / minutes


@asynccontextmanager
async def _registry(
    clock: Clock,
) -> AsyncIterator[tuple[GuildRegistry, partial[Settings]]]:
    client = discord.Client(intents=discord.Intents.none())
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = f"sqlite+aiosqlite:///{folder}/bench.db"
        operator = _settings(url, 0)
        shared = await open_shared(
            stack, operator, client, lambda address: PretendCad(address, clock=clock), clock
        )
        registry = GuildRegistry(shared)
        stack.push_async_callback(registry.close_all)
        yield registry, partial(_settings, url)


def _settings(url: str, number: int) -> Settings:
    return Settings(
        discord_token=SecretStr("no.token.is-needed"),
        sonoran_community_id=f"community-{number}",
        sonoran_api_key=SecretStr(f"key-{number}"),
        sonoran_api_version=1,
        calls_channel_id=_CHANNEL + number,
        log_channel_id=_CHANNEL + number,
        dispatch_role_ids=frozenset({_CHANNEL}),
        database_url=url,
    )


async def _until_polled(registry: GuildRegistry) -> None:
    for services in registry.services.values():
        while services.board.confirmed_at(_SERVER_ID) is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def _call(number: int) -> dict[str, object]:
    return {
        "callId": number,
        "title": "Traffic Stop",
        "code": "10-38",
        "status": 1,
        "priority": 2,
        "address": "Route 68",
        "postal": "3021",
        "description": "Blue sedan, XP123BS, two occupants.",
        "idents": [number - 99],
    }


def _unit(number: int) -> dict[str, object]:
    return {
        "id": number,
        "accId": f"00000000-0000-0000-0000-{number:012}",
        "status": 2,
        "data": {
            "apiIds": [f"steam:11000010000{number:04}"],
            "unitNum": f"A-{number}",
            "name": f"Officer {number}",
            "department": "LSPD",
        },
    }


def _resident() -> float:
    """Return the memory of this process, in KiB."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return float(lines["VmRSS"].split()[0])


def table() -> list[FleetCost]:
    """Measure all sizes, each in a process of its own."""
    rows = []
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.fleet", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(FleetCost(**json.loads(done.stdout.splitlines()[-1])))
    return rows


def format_table(rows: list[FleetCost]) -> Table:
    """Return the table of the sizes."""
    titles = ("guilds", "open, KiB", "with a board, KiB", "process, MiB")
    shown = Table(*titles, "opening, ms", "one more, ms", "lookup, µs", title="Many guilds")
    for row in rows:
        shown.add_row(
            f"{row.guilds:,}",
            f"{row.open_kib:.0f}",
            f"{row.board_kib:.0f}",
            f"{row.mib:,.0f}",
            f"{row.open_ms:.1f}",
            f"{row.last_open_ms:.1f}",
            f"{row.lookup_us:.2f}",
        )
    return shown


def format_requests(found: IdleRequests) -> Table:
    """Return the table of the requests to the CAD."""
    shown = Table("", "polling", "push events", title="Requests to the CAD a minute")
    shown.add_row("nothing goes on", f"{found.idle:.2f}", f"{found.idle_with_push:.2f}")
    shown.add_row("units on duty", f"{found.in_use:.2f}", f"{found.in_use_with_push:.2f}")
    return shown


def print_tables(console: Console) -> None:
    """Measure what many guilds cost, and print it."""
    console.print(format_table(table()))
    console.print(format_requests(asyncio.run(measure_requests())))


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(asdict(asyncio.run(measure(int(sys.argv[1]))))))
    else:
        print_tables(Console())
