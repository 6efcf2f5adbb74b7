"""Measures the board under push events: how many it takes, and how late a card shows them.

`python -m benchmarks.board CALLS UNITS` measures one size in a process of its own (Linux).
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from pydantic import HttpUrl, SecretStr
from rich.table import Table

from benchmarks import figures
from benchmarks.clock import BenchmarkClock
from benchmarks.servers import busy_cad
from benchmarks.servers.busy_cad import PushedEvent
from benchmarks.servers.card_channel import PretendCardChannel
from benchmarks.servers.discord_payloads import CHANNEL_ID, GUILD_ID, ROLE_ID
from bot.app import open_bot
from bot.cad.push.http_push import EVENT_PATH
from bot.config.settings import Settings
from bot.services.board.live_board import Board

SIZES = ((1, 10), (40, 200), (200, 1000))  # open calls, units on duty

CALM_EVENTS, CALM_RATE = 100, 0.2  # a fifth of Discord's limit for one channel
CALM_SPEED = 10.0  # the bot's clock runs faster, so its own work takes more of its seconds
FLOOD_EVENTS, FLOOD_RATE = 5000, 1000.0
RUSH_EVENTS = 5000

_SETTLE_SECONDS = 40.0  # seconds, longer than the time between two polls
_FRESH = timedelta(seconds=30)
_SERVER_ID = 1
_SKIP = 0.1  # seconds
_POLL_SECONDS = 0.002  # real seconds


@dataclass(frozen=True, slots=True)
class Load:
    """The result of one load.

    Attributes:
        per_second: events answered per second.
        work: milliseconds of the bot's process per event, with the pretend Discord's.
        refused: events that the bot did not accept.
        wrong: cards that did not show the last event of their call at the end.
        edits: edits sent, from the first event until every card was right.
        p50, p99: seconds from an event about a call until its card showed it, by the bot's clock.
        most_writes: the largest number of writes in any five seconds.
        least_gap: the shortest time in seconds between two edits of one card.
    """

    events: int
    per_second: float
    work: float
    refused: int
    wrong: int
    edits: int
    p50: float
    p99: float
    most_writes: int
    least_gap: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The results for one size.

    Attributes:
        calm: few events.
        flood: a thousand events a second.
        rush: as many events a second as possible.
        mebibytes: resident memory after all loads.
    """

    calls: int
    units: int
    calm: Load
    flood: Load
    rush: Load
    mebibytes: float


def table(sizes: Sequence[tuple[int, int]] = SIZES) -> list[Figures]:
    """Measure each size in a process of its own."""
    return [_measure_in_process(*size) for size in sizes]


def _measure_in_process(calls: int, units: int) -> Figures:
    command = [sys.executable, "-m", "benchmarks.board", str(calls), str(units)]
    found = json.loads(subprocess.check_output(command, text=True))
    calm, flood, rush = (Load(**found[name]) for name in ("calm", "flood", "rush"))
    return Figures(calls, units, calm, flood, rush, found["mebibytes"])


def format_table(rows: Iterable[Figures]) -> Table:
    """Format the figures as a table."""
    heads = ("events/s taken", "not taken", "ms of work each", "wrong cards", "edits", "p50, s")
    table = Table("calls", "units", "load", *heads, "p99, s", title="The board")
    for one in rows:
        for name, load in (("calm", one.calm), ("1,000/s", one.flood), ("rush", one.rush)):
            table.add_row(
                f"{one.calls:,}",
                f"{one.units:,}",
                name,
                f"{load.per_second:,.0f}",
                f"{load.refused:,}",
                f"{load.work:.2f}",
                f"{load.wrong:,}",
                f"{load.edits:,} for {load.events:,}",
                f"{load.p50:.2f}",
                f"{load.p99:.2f}",
            )
        table.add_row(f"{one.calls:,}", f"{one.units:,}", f"memory: {one.mebibytes:.0f} MiB")
    return table


async def measure(calls: int, units: int, *, share: float = 1.0) -> Figures:
    """Measure one size.

    Args:
        share: the part of the events to send, between 0 and 1.
    """
    calm, flood, rush = (int(n * share) for n in (CALM_EVENTS, FLOOD_EVENTS, RUSH_EVENTS))
    rate = CALM_RATE * CALM_SPEED
    return Figures(
        calls,
        units,
        await _measure_load(calls, units, CALM_SPEED, count=calm, rate=rate, only_calls=True),
        await _measure_load(calls, units, 1.0, count=flood, rate=FLOOD_RATE),
        await _measure_load(calls, units, 1.0, count=rush, rate=0.0),
        _resident(),
    )


async def _measure_load(
    calls: int, units: int, speed: float, *, count: int, rate: float, only_calls: bool = False
) -> Load:
    clock = BenchmarkClock(speed)
    channel = PretendCardChannel(clock.monotonic)
    async with busy_cad.running_cad(calls, units) as cad, _bot(cad, clock, channel) as open_bot:
        board, receiver = open_bot
        hurry = partial(_fast_forward, clock, board)
        await hurry(lambda: len(channel.shown_events) == calls, seconds=2.0 * calls)
        await hurry(lambda: False, seconds=_SETTLE_SECONDS)
        begin, worked = len(channel.writes), time.process_time()
        sent = await busy_cad.push(cad, receiver, count=count, rate=rate, only_calls=only_calls)
        worked = time.process_time() - worked
        moments = {one.number: clock.at(one.at) for one in sent}
        last = {one.call_id: one.number for one in sorted(sent, key=_number) if one.call_id}

        def wrong() -> int:
            return sum(channel.shown_events[call_id] != number for call_id, number in last.items())

        await hurry(lambda: not wrong(), seconds=3.0 * calls + _SETTLE_SECONDS)
        writes = channel.writes[begin:]
        await hurry(lambda: False, seconds=_SETTLE_SECONDS)  # through some polls
        delays = figures.delays(sent, moments, writes)
        return Load(
            events=len(moments),
            per_second=len(sent) / (max(one.at for one in sent) - min(one.at for one in sent)),
            work=worked * 1000 / len(sent),
            refused=sum(one.status != 200 for one in sent),
            wrong=wrong(),
            edits=len(writes),
            p50=figures.quantile(delays, 0.5),
            p99=figures.quantile(delays, 0.99),
            most_writes=figures.max_writes_per_window(writes),
            least_gap=figures.least_gap(writes),
        )


async def _fast_forward(
    clock: BenchmarkClock, board: Board, is_over: Callable[[], bool], seconds: float
) -> None:
    """Run the bot's clock as fast as its polls can follow, until a condition or the time is met."""
    end = clock.monotonic() + seconds
    while not is_over() and clock.monotonic() < end:
        confirmed = board.confirmed_at(_SERVER_ID)
        if confirmed is None or clock.now() - confirmed < _FRESH:
            clock.skip(_SKIP)
        await asyncio.sleep(_POLL_SECONDS)


def _number(one: PushedEvent) -> int:
    return one.number


@asynccontextmanager
async def _bot(
    cad: str, clock: BenchmarkClock, channel: PretendCardChannel
) -> AsyncIterator[tuple[Board, str]]:
    """Run the bot with cards; yield its board and the address for push events."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            discord_token=SecretStr("no.token.is-needed"),
            discord_guild_id=GUILD_ID,
            sonoran_community_id="sandbox",
            sonoran_api_key=SecretStr(busy_cad.KEY),
            sonoran_api_url=HttpUrl(cad),
            database_url=f"sqlite+aiosqlite:///{folder}/bench.db",
            dispatch_role_ids=frozenset({ROLE_ID}),
            push_listen=address,
            calls_channel_id=CHANNEL_ID,
        )
        async with open_bot(settings, clock=clock) as bot:
            await bot.guild_services[GUILD_ID].board.fetch_units(_SERVER_ID)
            async with bot:
                await channel.log_in(bot)
                yield bot.guild_services[GUILD_ID].board, f"http://{address}{EVENT_PATH}"
                await bot.drain()


def _resident() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(measure(int(sys.argv[1]), int(sys.argv[2]))))))
