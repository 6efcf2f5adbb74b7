"""Measures many orders under the CAD's rate limits, with the bot and with a naive client.

The naive client sends one request per order. The CAD is the sandbox's, with its rate limits on.
Its clock, the bot's and the client's run faster than real time; all figures are in seconds of
that clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

import aiohttp

from benchmarks import interactions
from benchmarks.clock import BenchmarkClock
from benchmarks.servers.discord_payloads import FIRST_MEMBER_ID, GUILD_ID
from benchmarks.servers.pretend_cad import api_id
from benchmarks.servers.pretend_discord import Exchange, PretendDiscord
from bot.app import DispatchBot, open_bot
from bot.cad.errors import CadRateLimited
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Badge, CallForm

SPEED = 4.0  # clock seconds per real second
FIRST_CALL_ID = 1000
CONFIRMATION_TIME = 90.0  # seconds that the last orders have until they are confirmed

# The vendor's SDK waits as long as the CAD asks, but at most this long, and then gives up.
MAX_WAIT = 10.0
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class OrderLoad:
    """A number of orders, each for one person, spread over some calls and some seconds."""

    version: Literal[1, 2]
    orders: int
    calls: int
    seconds: float

    def schedule(self) -> Iterator[tuple[float, int, int]]:
        """Yield the time in seconds, the person and the call of each order, evenly spread."""
        for number in range(self.orders):
            moment = number * self.seconds / self.orders
            yield moment, number, FIRST_CALL_ID + number % self.calls


ORDER_LOADS = (
    OrderLoad(2, 50, 5, 10.0),
    OrderLoad(1, 200, 20, 0.0),
    OrderLoad(2, 300, 5, 300.0),  # a steady stream, with 300 units on duty
)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a load.

    Attributes:
        attached: the share of orders whose unit is on its call in the CAD at the end.
        reported_error: the share of orders that were answered with an error.
        requests: the attach requests that reached the CAD, with those that it refused.
        longest_wait: the longest time in seconds from an order to its answer.
        last_answer: seconds from the first order to the last answer.
        waits: sorted seconds from each order to its answer.
        confirmations: sorted seconds from each order until its answer said that the CAD shows its
            unit on the call; orders without such an answer are left out.
    """

    attached: float
    reported_error: float
    requests: int
    longest_wait: float
    last_answer: float
    waits: Sequence[float]
    confirmations: Sequence[float]


@asynccontextmanager
async def _running_cad(load: OrderLoad, clock: BenchmarkClock) -> AsyncIterator[CadServer]:
    """Run a CAD with one unit on duty per order, and with the calls of the load."""
    world = seed.build_world()
    world.now = clock.now
    server = world.server(seed.COMMUNITY_ID, seed.SERVER_ID)
    server.calls.clear()
    for number in range(load.calls):
        call = world.new_dispatch(server, CallForm(f"Alarm {number}"))
        del server.calls[call.call_id]
        call.call_id = FIRST_CALL_ID + number
        server.calls[call.call_id] = call
    for number in range(load.orders):
        account = Account(f"account-{number}", f"officer{number}", api_ids=(api_id(number),))
        world.communities[seed.COMMUNITY_ID].accounts[account.uuid] = account
        world.login(server, account, Badge(f"P-{number}", f"Officer {number}", "LSPD"))
    async with CadServer(world, clock=clock.monotonic) as cad:
        yield cad


async def measure_bot(load: OrderLoad) -> LoadResult:
    """Measure a load with this bot."""
    clock, discord = BenchmarkClock(SPEED), PretendDiscord()
    async with _running_cad(load, clock) as cad:
        with tempfile.TemporaryDirectory() as folder:
            settings = interactions.settings_for(
                cad.url,
                f"sqlite+aiosqlite:///{folder}/bench.db",
                version=load.version,
            )
            await interactions.link_members(settings.database_url, load.orders)
            async with open_bot(settings, clock=clock) as bot:
                await _load_units(bot, clock)
                async with bot:
                    await discord.log_in(bot)
                    clock.skip(60)  # let the rate limits forget the start
                    _start_counting(cad)
                    exchanges = await _send_orders(load, clock, discord)
                    await discord.wait_for(exchanges)
                    with contextlib.suppress(TimeoutError):
                        seconds = CONFIRMATION_TIME / SPEED
                        await discord.wait_for(
                            exchanges, seconds, is_done=attrgetter("is_confirmed")
                        )
                    result = _result(load, cad, exchanges)
                    clock.skip(120)
                    await bot.drain()
    return result


async def _load_units(bot: DispatchBot, clock: BenchmarkClock) -> None:
    """Load the list of units; a long one takes the limits of several minutes."""
    while True:
        try:
            await bot.guild_services[GUILD_ID].board.fetch_units(seed.SERVER_ID)
        except CadRateLimited:
            clock.skip(60)
        else:
            return


async def measure_naive_client(load: OrderLoad) -> LoadResult:
    """Measure a load with a client that sends one request per order, as the SDK would."""
    clock = BenchmarkClock(SPEED)
    async with _running_cad(load, clock) as cad, aiohttp.ClientSession() as session:
        _start_counting(cad)
        units = cad.world.server(seed.COMMUNITY_ID, seed.SERVER_ID).units.values()
        idents = {unit.badge.unit_num: unit.id for unit in units}

        async def give(moment: float, person: int, call_id: int) -> Exchange:
            await clock.sleep(moment)
            exchange = Exchange(clock.monotonic() / SPEED)
            exchange.answer = await _attach(session, cad, clock, call_id, idents[f"P-{person}"])
            exchange.answered = clock.monotonic() / SPEED
            return exchange

        exchanges = await asyncio.gather(*(give(*entry) for entry in load.schedule()))
        return _result(load, cad, exchanges)


async def table(
    loads: Sequence[OrderLoad] = ORDER_LOADS,
) -> list[tuple[OrderLoad, LoadResult | None, LoadResult]]:
    """Measure each load with the naive client (v2 only, otherwise None) and with this bot."""
    return [
        (
            load,
            await measure_naive_client(load) if load.version == 2 else None,
            await measure_bot(load),
        )
        for load in loads
    ]


async def _send_orders(
    load: OrderLoad, clock: BenchmarkClock, discord: PretendDiscord
) -> list[Exchange]:
    exchanges: list[Exchange] = []
    began = clock.monotonic()
    for moment, person, call_id in load.schedule():
        if (wait := began + moment - clock.monotonic()) > 0:
            await clock.sleep(wait)
        exchanges += discord.attach([(FIRST_MEMBER_ID + person, call_id)])
    return exchanges


async def _attach(
    session: aiohttp.ClientSession, cad: CadServer, clock: BenchmarkClock, call_id: int, ident: int
) -> str:
    path = f"/v2/emergency/servers/{seed.SERVER_ID}/dispatch-calls/{call_id}/attachments"
    headers = {"Authorization": f"Bearer {seed.API_KEY}"}
    for _ in range(MAX_ATTEMPTS):
        body = {"identIds": [ident]}
        async with session.post(f"{cad.url}{path}", json=body, headers=headers) as answer:
            if answer.ok:
                return "✅"
            wait = float(answer.headers.get("Retry-After", "1"))
        await clock.sleep(min(wait, MAX_WAIT))
    return "❌"


def _start_counting(cad: CadServer) -> None:
    """Switch the rate limits on and clear the request history."""
    cad.world.behaviour.rate_limits = True
    cad.world.history.clear()


def _result(load: OrderLoad, cad: CadServer, exchanges: Sequence[Exchange]) -> LoadResult:
    server = cad.world.server(seed.COMMUNITY_ID, seed.SERVER_ID)
    idents = {unit.badge.unit_num: unit.id for unit in server.units.values()}
    attached = [
        idents[f"P-{person}"] in server.calls[call_id].idents
        for _, person, call_id in load.schedule()
    ]
    waits = sorted(((one.answered or 0.0) - one.arrived) * SPEED for one in exchanges)
    confirmations = sorted(
        (one.confirmed - one.arrived) * SPEED for one in exchanges if one.confirmed is not None
    )
    answers = [one.answered or 0.0 for one in exchanges]
    return LoadResult(
        attached=sum(attached) / load.orders,
        reported_error=sum(one.answer.startswith("❌") for one in exchanges) / load.orders,
        requests=sum("ATTACH" in one.type.upper() for one in cad.world.history),
        longest_wait=waits[-1],
        last_answer=(max(answers) - exchanges[0].arrived) * SPEED,
        waits=waits,
        confirmations=confirmations,
    )
