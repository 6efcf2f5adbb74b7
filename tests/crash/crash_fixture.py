"""A bot that is killed and started again, beside a Discord and a CAD that keep running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bot.common.steam_id import identity
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.change_log import Change, ChangeKind
from sandbox.cad.state.faults import Fault, Handler
from sandbox.cad.state.models import Server
from tests.crash.busy_discord import BusyDiscord, Moment, Pressed
from tests.deadlines import HANG_TIMEOUT
from tests.order_samples import OrderSample, Subject, is_order
from tests.process.conftest import LAUNCHER, PROJECT, Bot
from tests.process.discord_server import GUILD_ID


@dataclass(frozen=True, slots=True)
class WatchedCad(Fault):
    """A healthy CAD that reports each order before and after it is carried out."""

    discord: BusyDiscord

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        if not is_order(request):
            return await handler(request)
        if self.discord.watch(Moment.ORDERING):
            return web.Response(status=499, text="never arrived")
        response = await handler(request)
        self.discord.watch(Moment.ORDERED)
        return response


@dataclass(slots=True)
class Countdown:
    """Does something at the last of some moments."""

    moment: Moment
    left: int
    do: Callable[[], None] = lambda: None

    def __call__(self, moment: Moment) -> bool:
        self.left -= moment is self.moment
        is_last = moment is self.moment and self.left == 0
        if is_last:
            self.do()
        return is_last


FORM_IS_DROPPED = 30.0  # seconds without an acknowledgement


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
        time_limit: seconds that something may take on a slow machine.
    """

    discord: BusyDiscord
    cad: CadServer
    file: Path
    settings: dict[str, str]
    arrivals: dict[str, list[int]] = field(default_factory=dict)
    bots: list[Bot] = field(default_factory=list)
    time_limit: float = 120.0
    _killed: Bot | None = None

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
        """Wait until a change at Discord, at the CAD or in the file makes a condition true."""
        async with asyncio.timeout(self.time_limit):
            while not condition():
                self.discord.changed.clear()
                with contextlib.suppress(TimeoutError):  # nothing tells of a change of the file
                    await asyncio.wait_for(self.discord.changed.wait(), 0.2)

    async def give(
        self, sample: OrderSample, subject: Subject, *, on: Pressed | None = None
    ) -> Pressed:
        """Let a member, whose unit it is, give an order; return what the answer belongs to.

        Where a bot dies before it has opened the form, that is the press.

        Args:
            on: whose reply has the button that is pressed; None for a card.
        """
        sample, one = sample.about(subject), self.discord.new_press(subject.unit)
        self.link(one, subject.unit)
        if sample.command:
            await self.discord.type(one, sample.command, sample.options)
        else:
            await self.discord.click(one, sample.custom_id, sample.value, on=on)
        if sample.fields and not self.discord.watch(Moment.PRESSED):
            await self.until(lambda: bool(one.form) or self.is_killed)
            if one.form:
                form, one = one.form, self.discord.new_press(subject.unit)
                await self._submit(one, form, sample.fields)
                return one
        self.discord.watch(Moment.PRESSED)
        return one

    async def _submit(self, one: Pressed, form: str, fields: Mapping[str, str]) -> None:
        """Let a member send a form, and again where the bot has dropped it.

        No member is as quick as this: a bot on a busy machine may not have read yet that Discord
        has opened the form, and does not know it.
        """
        await self.discord.submit(one, form, fields)
        self.discord.watch(Moment.PRESSED)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FORM_IS_DROPPED):
                await self.until(lambda: one.acknowledged or self.is_killed)
        if not (one.acknowledged or self.is_killed):
            await self.discord.submit(one, form, fields)

    @property
    def is_killed(self) -> bool:
        """Tell whether the bot was killed and has not been started again."""
        return self._killed is self.bots[-1]

    def kill(self) -> None:
        """Kill the bot."""
        self._killed = self.bots[-1]
        self._killed.process.kill()
        self.discord.changed.set()

    def link(self, one: Pressed, unit: str) -> None:
        """Link a member to the account of a unit, in the place of the member before."""
        (account,) = [
            each.account for each in self.server.units.values() if each.badge.unit_num == unit
        ]
        with closing(sqlite3.connect(self.file, timeout=HANG_TIMEOUT)) as connection, connection:
            values = (GUILD_ID, one.user_id, account.api_ids[0], identity(account.api_ids[0]))
            connection.execute("DELETE FROM links WHERE identity = ?", values[3:])
            connection.execute(
                "INSERT INTO links (guild_id, discord_id, api_id, set_by, set_at, source, identity)"
                " VALUES (?, ?, ?, 1, '2026-01-01 00:00:00.000000', 'person', ?)",
                values,
            )

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


async def has_connected(crash_fixture: CrashFixture, bot: Bot) -> bool:
    """Wait for a bot that may be killed before it gets that far."""
    connected = asyncio.create_task(crash_fixture.discord.connected.wait())
    ended = asyncio.create_task(bot.process.wait())
    await asyncio.wait(
        {connected, ended}, timeout=HANG_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
    )
    connected.cancel()
    ended.cancel()
    return crash_fixture.discord.connected.is_set()
