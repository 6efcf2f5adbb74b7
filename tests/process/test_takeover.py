"""Two bots on one PostgreSQL: one serves, the other one takes over."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

import pytest
from aiohttp import web
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.runtime.exit_codes import ExitCode
from sandbox.cad.server import CadServer
from sandbox.cad.state.faults import Fault, Handler
from sandbox.cad.state.seed import COMMUNITY_ID, SERVER_ID, build_world
from tests.deadlines import HANG_TIMEOUT
from tests.order_samples import is_order
from tests.process.conftest import SETTINGS, Bot, Start
from tests.process.discord_server import DiscordServer
from tests.process.relay import Relay
from tests.process.test_running import ATTACH
from tests.storage.conftest import POSTGRES, _empty_postgres

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL"),
]

OWNS, STANDS_BY = "this bot owns the database", "standing by: another bot owns"
LOSES = "another bot may own the database now"


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
class Machine:
    """A bot with a Discord of its own, so that the test sees what this bot sends."""

    bot: Bot
    discord: DiscordServer
    relay: Relay


@dataclass
class Community:
    """A database and a CAD that several bots share."""

    start: Start
    stack: AsyncExitStack
    url: str
    cad: CadServer
    orders: HeldOrders

    async def add(self, clock_ahead: float = 0) -> Machine:
        """Start a bot whose machine's date and time are so many seconds ahead."""
        database = make_url(self.url)
        relay = Relay(database.host or "", database.port or 5432)
        await self.stack.enter_async_context(relay)
        discord = await self.stack.enter_async_context(DiscordServer())
        own = database.set(host="127.0.0.1", port=relay.port)
        changes = {
            "DATABASE_URL": own.render_as_string(hide_password=False),
            "SONORAN_API_URL": self.cad.url,
            "SONORAN_API_VERSION": "1",
            "SHORT_LEASES": "yes",
            "CLOCK_AHEAD": str(clock_ahead),
        }
        bot = await self.start(discord=discord.url, settings=SETTINGS | changes)
        return Machine(bot, discord, relay)

    async def pair(self, clocks_ahead: tuple[float, float] = (0, 0)) -> tuple[Machine, Machine]:
        """Start a bot that serves, and one that stands by."""
        first = await self.add(clocks_ahead[0])
        await first.bot.reaches(first.discord.connected)
        second = await self.add(clocks_ahead[1])
        await second.bot.says(STANDS_BY)
        return first, second

    async def epoch(self) -> int:
        """Return how often the database has had a new owner."""
        engine = create_async_engine(self.url)
        async with engine.connect() as connection:
            epoch: int = await connection.scalar(text("SELECT epoch FROM shards"))
        await engine.dispose()
        return epoch


@pytest.fixture
async def community(start: Start, worker_id: str) -> AsyncIterator[Community]:
    async with AsyncExitStack() as stack:
        url = await _empty_postgres(f"dispatch_takeover_{worker_id}")
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


async def is_told(machine: Machine) -> None:
    """Wait until a bot has told the actor that the units are attached."""
    discord = machine.discord
    await until(
        discord.edited, lambda: any(edit.startswith("✅ **#100**") for edit in discord.edits)
    )


async def order_under_way(community: Community, machine: Machine) -> None:
    """Give an order that the CAD carries out, and whose answer the bot does not get."""
    await machine.discord.interact(ATTACH)
    await machine.bot.reaches(community.orders.arrived)
    assert machine.discord.edits == []


async def test_a_bot_that_is_stopped_is_followed_by_the_one_that_stands_by(community: Community):
    first, second = await community.pair()
    assert second.discord.seen == []
    assert not second.discord.connected.is_set()
    first.bot.signal(signal.SIGTERM)
    assert await first.bot.end() == 0
    await second.bot.says(OWNS)
    await second.bot.reaches(second.discord.connected)
    second.bot.signal(signal.SIGTERM)
    assert await second.bot.end() == 0
    assert await community.epoch() == 2


async def test_a_bot_that_stands_by_ends_with_a_signal(community: Community):
    first, second = await community.pair()
    second.bot.signal(signal.SIGTERM)
    assert await second.bot.end() == 0
    assert "stopped" in second.bot.log[-1]
    first.bot.signal(signal.SIGTERM)
    assert await first.bot.end() == 0


async def test_the_order_of_a_bot_that_was_killed_is_answered_by_the_next_one(
    community: Community,
):
    first, second = await community.pair()
    await order_under_way(community, first)
    first.bot.process.kill()
    community.orders.released.set()
    await second.bot.says(OWNS)
    await second.bot.reaches(second.discord.connected)
    await is_told(second)
    assert first.discord.edits == []


@pytest.mark.parametrize("ahead", [-600.0, 600.0])
async def test_the_clocks_of_the_machines_need_not_agree(community: Community, ahead: float):
    """Otherwise the order would be too old for the next bot, and so it would be for Discord."""
    first, second = await community.pair(clocks_ahead=(-ahead, ahead))
    await order_under_way(community, first)
    first.bot.process.kill()
    community.orders.released.set()
    await is_told(second)


@pytest.mark.parametrize("acknowledged", [1, 4, 8])
async def test_what_was_acknowledged_before_a_kill_is_carried_out_and_answered(
    community: Community, acknowledged: int
):
    first, second = await community.pair()
    server = community.cad.world.server(COMMUNITY_ID, SERVER_ID)
    goes_to: dict[str, tuple[int, int]] = {}  # ident and call, by the token of the interaction
    for number, (ident, unit) in enumerate([*server.units.items()][:8]):
        call_id = 100 + number % 3
        goes_to[f"token-{number}"] = ident, call_id
        command = attach(call_id, unit.account.api_ids[0])
        await first.discord.interact(command, f"token-{number}")
    told = first.discord.acknowledged_tokens
    await until(first.discord.acknowledged, lambda: len(told()) >= acknowledged)
    first.bot.process.kill()
    community.orders.released.set()
    await first.bot.end()
    await second.bot.says(OWNS)
    for token in told():
        answers = partial(second.discord.replies, token)
        await until(
            second.discord.edited,
            lambda answers=answers: any(one.startswith("✅") for one in answers()),  # type: ignore[misc]
        )
        ident, call_id = goes_to[token]
        assert ident in server.calls[call_id].idents


async def test_a_bot_that_was_paused_sends_nothing_once_another_one_has_taken_over(
    community: Community,
):
    first, second = await community.pair()
    await order_under_way(community, first)
    first.bot.signal(signal.SIGSTOP)
    community.orders.released.set()  # the answer waits for the bot that is paused
    await first.discord.interact(ATTACH)  # so does a command
    await second.bot.says(OWNS)
    await is_told(second)
    asked, orders = len(first.discord.seen), len(community.orders.orders)
    first.bot.signal(signal.SIGCONT)
    await first.bot.says(LOSES)
    await first.bot.says(STANDS_BY)
    assert len(first.discord.seen) == asked
    assert first.discord.edits == []
    assert len(community.orders.orders) == orders
    second.bot.signal(signal.SIGTERM)  # and back again
    await first.bot.says(OWNS)
    assert await community.epoch() == 3


@pytest.mark.parametrize("fault", ["stall", "cut"])
async def test_a_bot_that_is_cut_off_from_the_database_leaves_its_orders_to_the_next_one(
    community: Community, fault: str
):
    first, second = await community.pair()
    await order_under_way(community, first)
    (first.relay.stall if fault == "stall" else first.relay.cut)()
    await first.bot.says(LOSES)
    asked = len(first.discord.seen)
    await second.bot.says(OWNS)
    community.orders.released.set()
    await is_told(second)
    first.relay.mend()
    first.relay.pass_on()
    await first.bot.says(STANDS_BY)
    assert len(first.discord.seen) == asked
    assert first.discord.edits == []
    second.bot.signal(signal.SIGTERM)
    await first.bot.says(OWNS)
    await first.bot.reaches(first.discord.connected)


async def test_a_database_that_is_away_for_a_while_is_waited_for(community: Community):
    first, second = await community.pair()
    for machine in (first, second):
        machine.relay.cut()
    await first.bot.says(LOSES)
    await first.bot.says("the database cannot be reached")
    await second.bot.says("the lease cannot be asked for")
    first.relay.mend()
    await first.bot.says(OWNS)
    second.relay.mend()
    await second.bot.says("the lease can be asked for")
    assert first.bot.process.returncode is second.bot.process.returncode is None


async def test_a_database_that_is_not_there_at_the_start_ends_the_process(community: Community):
    changes = {"DATABASE_URL": "postgresql+asyncpg://bot@127.0.0.1:9/dispatch"}
    bot = await community.start(settings=SETTINGS | changes)
    assert await bot.end() == ExitCode.UNREACHABLE
