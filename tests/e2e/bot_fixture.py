"""The whole bot between a pretend Discord and a pretend CAD, over real HTTP and a real file."""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle, RoleHandle
from simcord.env import Env
from simcord.results import InteractionResult
from simcord.types import HttpLogEntry

from bot.app import DispatchBot, open_bot
from bot.cad.http.transport import Transport
from bot.cad.http.wire import Request, Response
from bot.config.settings import Settings
from bot.wiring.services import Services
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.change_log import ReceivedRequest
from sandbox.cad.state.faults import Fault, Hang
from sandbox.cad.state.models import Server
from sandbox.cad.state.world import CadWorld
from sandbox.fake_time import FakeTime
from tests.bystander import Bystander
from tests.deadlines import HANG_TIMEOUT

SETTLE_SECONDS = 10.0
CALM = 10.0  # seconds after which the rate limits count no old request
ROUNDS = 12  # five cards may be stored, posted, and stored again
ORDERS = ("ATTACH", "DETACH", "v2 attach", "v2 detach")
MESSAGE, DEFERRED, EPHEMERAL = 4, 5, 64


class IsolatedTransport(Transport):
    """Sends in a context of its own, because simcord stops the timers of a command's tasks."""

    timeout: float | None = None  # real seconds
    requests_under_way = 0  # requests

    async def send(self, request: Request, *, within: float | None = None) -> Response:
        sending = super().send(request, within=self.timeout or within)
        self.requests_under_way += 1
        try:
            return await contextvars.Context().run(asyncio.create_task, sending)
        finally:
            self.requests_under_way -= 1


@dataclass(slots=True)
class BotFixture:
    """The running bot, the pretend CAD and the pretend Discord.

    Attributes:
        bystander: a second guild, which sees nothing of what happens in a test.
        members: by first name; `bot_fixture.dana` is short for `bot_fixture.members["dana"]`.
        fixed_settings: settings of every start.
        is_cad_up: whether a start waits until the bot knows the calls and the units.
    """

    cad: CadServer
    env: Env
    guild: GuildHandle
    channel: ChannelHandle
    dispatch: RoleHandle
    members: dict[str, MemberActor]
    file: Path
    time: FakeTime
    bystander: Bystander
    bot: DispatchBot = field(init=False)
    transport: IsolatedTransport = field(init=False)
    fixed_settings: dict[str, Any] = field(default_factory=dict)
    is_cad_up: bool = True
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __getattr__(self, name: str) -> MemberActor:
        """Return a member by first name."""
        try:
            return self.members[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def services(self) -> Services:
        return self.bot.guild_services[self.guild.id]

    @property
    def world(self) -> CadWorld:
        return self.cad.world

    @property
    def server(self) -> Server:
        return self.world.server(seed.COMMUNITY_ID, seed.SERVER_ID)

    def units_on(self, call_id: int) -> list[str]:
        """List the numbers of the units on a call of the CAD, in the order of their attachment."""
        units = self.server.units
        return [units[ident].badge.unit_num for ident in self.server.calls[call_id].idents]

    def orders(self) -> list[ReceivedRequest]:
        """List the orders that the CAD received, without the queries."""
        return [one for one in self.world.history if one.type.startswith(ORDERS)]

    def links(self) -> dict[int, str]:
        """Read the database as another program would."""
        with closing(sqlite3.connect(self.file)) as connection:
            reading = "SELECT discord_id, api_id FROM links WHERE guild_id = ?"
            return dict(connection.execute(reading, (self.guild.id,)))

    async def start(self, **changes: Any) -> None:
        """Start the bot, again if it runs, and wait until it knows the calls and the units."""
        await self.stop()
        settings = self.settings(**changes)
        opening = open_bot(
            settings,
            transport=self._connected,
            clock=self.time,
        )
        self.bot = await self._running.enter_async_context(opening)
        guild_id = settings.discord_guild_id or self.guild.id
        if guild_id not in self.bot.guild_services:
            await self.bot.registry.open(guild_id, settings)
        board = self.bot.guild_services[guild_id].board
        if self.is_cad_up:
            await until(lambda: board.calls(seed.SERVER_ID) and board.units(seed.SERVER_ID))
        self._running.push_async_callback(self.bot.close)
        await self.env.restart_bot(self.bot)
        await self._open_bystander(settings)
        guild = self.bot.get_guild(self.guild.id)
        if guild and settings.members_intent:
            await guild.chunk()  # Discord lists them at a start, simcord when asked
        # What was just asked must not count against the next requests.
        await self.advance(CALM)
        self.world.history[:] = self.orders()

    async def _open_bystander(self, settings: Settings) -> None:
        """Serve the second guild beside that of the test, over a connection of its own."""
        transport = self.transport
        opening = self.bot.registry.open(self.bystander.guild.id, self.bystander.settings(settings))
        await (await opening).start()
        self.transport = transport

    def settings(self, **changes: Any) -> Settings:
        """Return the settings of the guild, with changes."""
        values: dict[str, Any] = {
            "discord_token": SecretStr("a.bot.token"),
            "discord_guild_id": self.guild.id,
            "log_channel_id": None,
            "calls_channel_id": None,
            "calls_overview": False,
            "dispatch_role_ids": frozenset({self.dispatch.id}),
            "sonoran_community_id": seed.COMMUNITY_ID,
            "sonoran_api_key": SecretStr(seed.API_KEY),
            "sonoran_api_url": self.cad.url,
            "sonoran_api_version": 1,
            "sonoran_server_id": seed.SERVER_ID,
            "api_id_format": "{hex}",
            "database_url": database_url(self.file),
        }
        return Settings(**{**values, **self.fixed_settings, **changes})

    def set_fault(self, fault: Fault, path: str = "") -> None:
        """Let the CAD fail; if it hangs, the bot's requests time out soon."""
        self.cad.faults.set(fault, path=path)
        self.transport.timeout = 0.05 if isinstance(fault, Hang) else None

    def clear_faults(self) -> None:
        """Let the CAD work again."""
        self.cad.faults.clear()
        self.transport.timeout = None

    def _connected(self, address: str) -> Transport:
        self.transport = IsolatedTransport(address)
        return self.transport

    async def stop(self) -> None:
        """Stop the bot as the process does."""
        if hasattr(self, "bot"):
            await asyncio.gather(self.bot.drain(), self.advance(CALM))
        await self._running.aclose()

    async def advance(self, seconds: float) -> None:
        """Advance the time; each task that wakes does its work."""
        await self.time.advance(seconds, partial(self.env.settle, idle=0.005))

    async def settle_network(self) -> None:
        """Wait for the CAD and the database, which take real time and no pretend time."""
        for _ in range(ROUNDS):
            await until(lambda: not self.transport.requests_under_way)
            # Behind whatever the cards have asked of the database.
            await self.bot.command_syncs.get("nothing")
            await self.env.settle(idle=0.001)

    async def run_command(self, who: MemberActor, command: str, /, **options: Any) -> CommandReply:
        """Type a command and return its reply; a call may be given by its number."""
        if isinstance(options.get("call"), int):
            options["call"] = str(options["call"])
        said = CommandReply(self, await who.slash(self.channel, command, **options))
        said.check()
        return said

    async def final_answer(self, who: MemberActor, command: str, /, **options: Any) -> str:
        """Type a command and return the text of its reply a minute later."""
        return await (await self.run_command(who, command, **options)).after(60)

    async def attach(self, units: str, call: str | int = seed.ARMED_ROBBERY, **options: Any) -> str:
        """Let Dana attach units; return the text of the reply a minute later."""
        return await self.final_answer(self.dana, "attach", call=call, units=units, **options)


@dataclass(slots=True)
class CommandReply:
    """The private reply to one command; it changes as the bot edits it."""

    bot_fixture: BotFixture
    result: InteractionResult

    @property
    def text(self) -> str:
        response = self.result.response
        assert response is not None
        return response.content

    @property
    def buttons(self) -> list[str]:
        response = self.result.response
        assert response is not None
        return [one["label"] for row in response.components for one in row["components"]]

    @property
    def requests(self) -> list[HttpLogEntry]:
        """The requests to Discord about it."""
        token = self.result._interaction.token
        return [one for one in self.bot_fixture.env.http_requests if token in one.path]

    async def after(self, seconds: float) -> str:
        """Return its text after some time."""
        await self.bot_fixture.advance(seconds)
        self.check()
        return self.text

    def check(self) -> None:
        """Check that it is private, mentions no one and fits into a message."""
        first, *edits = self.requests
        assert first.path.endswith("/callback")
        assert isinstance(first.json, dict)
        assert first.json["data"]["flags"] == EPHEMERAL
        assert first.json["type"] == (DEFERRED if edits or not self.text else MESSAGE)
        bodies = [first.json["data"]] if first.json["type"] == MESSAGE else []
        for edit in edits:
            assert edit.method == "PATCH"
            assert isinstance(edit.json, dict)
            bodies.append(edit.json)
        for body in bodies:
            assert body["allowed_mentions"] == {"parse": []}
            assert 0 < len(body["content"]) <= 2000
        assert self.result.ephemeral
        assert self.result.followups == []


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until a condition is true."""
    async with asyncio.timeout(HANG_TIMEOUT):
        while not condition():  # noqa: ASYNC110  # there is no event for most of what is awaited
            await asyncio.sleep(0)


def database_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file.as_posix()}"
