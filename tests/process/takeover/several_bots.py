"""Several bots on one PostgreSQL, each with a connection of its own to one Discord and one CAD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from sandbox.cad.server import CadServer
from sandbox.cad.state.faults import Fault, Handler
from sandbox.cad.state.seed import build_world
from tests.deadlines import HANG_TIMEOUT
from tests.order_samples import is_order
from tests.process.conftest import SETTINGS, Bot, Start
from tests.process.discord_server import _MESSAGE, DiscordServer
from tests.process.takeover.relay import Relay
from tests.process.test_running import ATTACH
from tests.storage.conftest import _empty_postgres

OWNS, STANDS_BY = "this bot owns the database", "standing by: another bot owns"
LOSES = "another bot may own the database now"
CHANNEL_ID = 1300000000000000002


@dataclass(frozen=True, slots=True)
class HeldOrders(Fault):
    """Carries out each order, and keeps the answers to the first ones until they are let go."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    orders: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        if not is_order(request):
            return await handler(request)
        self.orders.append(request.path)
        answer = await handler(request)
        self.arrived.set()
        await self.released.wait()
        return answer


@dataclass
class CallsChannel:
    """The channel of the cards, which all bots see.

    Attributes:
        titles: those of the cards as they were posted, by the nonce: it takes each nonce once.
    """

    titles: dict[str, str] = field(default_factory=dict)

    def post(self, body: Any) -> dict[str, Any]:
        """Post a message, unless its nonce was posted before; return that message."""
        assert body["enforce_nonce"]
        self.titles.setdefault(body["nonce"], body["embeds"][0]["title"])
        number = [*self.titles].index(body["nonce"])
        return _MESSAGE | {"id": str(1_700_000_000_000_000_000 + number), "nonce": body["nonce"]}


@dataclass
class SharedDiscord(DiscordServer):
    """A bot's own connection to the Discord that all of them share.

    Attributes:
        watch: called after each request that others can see the effect of: an acknowledgement, a
            card, an edit.
    """

    channel: CallsChannel = field(default_factory=CallsChannel)
    watch: Callable[[], None] = field(default=lambda: None)

    def _reply(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        match request.method, path.split("/")[1:]:
            case "POST", ["channels", _, "messages"]:
                answer: tuple[int, Any] = 200, self.channel.post(body)
            case "PATCH", ["channels", _, "messages", message_id]:
                answer = 200, _MESSAGE | {"id": message_id}
            case _:
                answer = super()._reply(request, path, body)
        if request.method != "GET":
            self.watch()
        return answer


@dataclass
class Machine:
    """A bot with a connection of its own, so that the test sees what this bot sends."""

    bot: Bot
    discord: SharedDiscord
    relay: Relay


@dataclass
class Community:
    """A database, a CAD and a channel that several bots share.

    Attributes:
        settings: what all bots have beside the usual ones.
    """

    start: Start
    stack: AsyncExitStack
    url: str
    cad: CadServer
    orders: HeldOrders
    channel: CallsChannel = field(default_factory=CallsChannel)
    settings: dict[str, str] = field(default_factory=dict)

    async def add(self, clock_ahead: float = 0) -> Machine:
        """Start a bot whose machine's date and time are so many seconds ahead."""
        database = make_url(self.url)
        relay = Relay(database.host or "", database.port or 5432)
        await self.stack.enter_async_context(relay)
        discord = SharedDiscord(channel=self.channel)
        await self.stack.enter_async_context(discord)
        own = database.set(host="127.0.0.1", port=relay.port)
        changes = {
            "DATABASE_URL": own.render_as_string(hide_password=False),
            "SONORAN_API_URL": self.cad.url,
            "SONORAN_API_VERSION": "1",
            "SHORT_LEASES": "yes",
            "CLOCK_AHEAD": str(clock_ahead),
        }
        bot = await self.start(discord=discord.url, settings=SETTINGS | changes | self.settings)
        return Machine(bot, discord, relay)

    async def pair(self, clocks_ahead: tuple[float, float] = (0, 0)) -> tuple[Machine, Machine]:
        """Start a bot that serves, and one that stands by."""
        first = await self.add(clocks_ahead[0])
        await first.bot.reaches(first.discord.connected)
        second = await self.add(clocks_ahead[1])
        await second.bot.says(STANDS_BY)
        return first, second

    async def ask(self, question: str) -> Any:
        """Ask the database for one value."""
        engine = create_async_engine(self.url)
        async with engine.connect() as connection:
            answer = await connection.scalar(text(question))
        await engine.dispose()
        return answer

    async def epoch(self) -> int:
        """Return how often the database has had a new owner."""
        epoch: int = await self.ask("SELECT epoch FROM shards")
        return epoch


@asynccontextmanager
async def open_community(start: Start, name: str) -> AsyncIterator[Community]:
    """Open a community without bots; close what its bots have used.

    Args:
        name: that of the database.
    """
    async with AsyncExitStack() as stack:
        url = await _empty_postgres(name)
        cad = await stack.enter_async_context(CadServer(build_world()))
        orders = HeldOrders()
        cad.faults.set(orders)
        yield Community(start, stack, url, cad, orders)


def attach(call_id: int, units: str) -> dict[str, object]:
    """Describe the command that attaches units to a call."""
    options = [
        {"name": "call", "type": 4, "value": call_id},
        {"name": "units", "type": 3, "value": units},
    ]
    return {**ATTACH, "options": options}


async def until(event: asyncio.Event, condition: Callable[[], bool]) -> None:
    """Wait for an event, perhaps again, until a condition is true."""
    async with asyncio.timeout(HANG_TIMEOUT):
        while not condition():
            event.clear()
            await event.wait()
