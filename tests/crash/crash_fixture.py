"""A bot that is killed and started again, beside a Discord and a CAD that keep running."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.change_log import Change, ChangeKind
from sandbox.cad.state.faults import Fault, Handler
from sandbox.cad.state.models import Server
from tests.crash.busy_discord import BusyDiscord, Moment
from tests.process.conftest import LAUNCHER, PROJECT, Bot

# The requests that carry orders out, of both APIs.
_ORDERS = re.compile(
    r"/emergency$|_unit$|/attachments$|/(new_dispatch|remove_911|close_call)$"
    r"|/dispatch-calls(/close)?$|/911/\d+$"
)


@dataclass(frozen=True, slots=True)
class WatchedCad(Fault):
    """A healthy CAD that reports each order before and after it is carried out."""

    discord: BusyDiscord

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        if not _ORDERS.search(request.path) or request.method == "GET":
            return await handler(request)
        if self.discord.watch(Moment.ORDERING):
            return web.Response(status=499, text="never arrived")
        response = await handler(request)
        self.discord.watch(Moment.ORDERED)
        return response


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as the database has it."""

    id: int
    token: str | None
    action: str
    call_id: int | None
    units: str
    state: str
    answered: bool


@dataclass(slots=True)
class CrashFixture:
    """Everything but the bot process, which is started anew.

    Attributes:
        arrivals: for each unit, the calls that it was put on, in order.
    """

    discord: BusyDiscord
    cad: CadServer
    file: Path
    settings: dict[str, str]
    arrivals: dict[str, list[int]] = field(default_factory=dict)
    bots: list[Bot] = field(default_factory=list)

    @property
    def server(self) -> Server:
        return self.cad.world.server(seed.COMMUNITY_ID, seed.SERVER_ID)

    @property
    def log(self) -> str:
        """The logs of all runs."""
        return "\n".join(line for bot in self.bots for line in bot.log)

    async def start(self) -> Bot:
        """Start the bot."""
        self.discord.connected.clear()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(LAUNCHER), self.discord.url),
            cwd=self.file.parent,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(PROJECT), **self.settings},
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )
        bot = Bot(process)
        self.bots.append(bot)
        return bot

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a change at Discord or the CAD that makes a condition true."""
        async with asyncio.timeout(30):
            while not condition():
                self.discord.changed.clear()
                await self.discord.changed.wait()

    def orders(self) -> list[StoredOrder]:
        """Read the orders as another program would, the oldest first."""
        columns = ", ".join(StoredOrder.__slots__)
        with closing(sqlite3.connect(self.file)) as connection:
            rows = connection.execute(f"SELECT {columns} FROM orders ORDER BY id")
            return [StoredOrder(*row) for row in rows]

    def make_older(self, minutes: int) -> None:
        """Make everything in the database older."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for column in ("created_at", "finished_at"):
                older = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{minutes} minutes')"
                connection.execute(f"UPDATE orders SET {column} = {older}")

    def call_of(self, unit: str) -> int | None:
        """Return the call that a unit is on."""
        for call in self.server.calls.values():
            if any(self.server.units[ident].badge.unit_num == unit for ident in call.idents):
                return call.call_id
        return None

    def record_change(self, change: Change) -> None:
        """Record an attachment."""
        if change.kind is ChangeKind.ATTACH and change.call_id is not None:
            for ident in change.idents:
                unit = change.server.units[ident].badge.unit_num
                self.arrivals.setdefault(unit, []).append(change.call_id)
