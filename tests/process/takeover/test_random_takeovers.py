"""Killed in a burst of orders and followed by the bot that stands by, `--takeovers` times."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from aiohttp import web

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.faults import Fault, Handler
from sandbox.cad.state.models import CallForm, Server
from sandbox.cad.state.seed import COMMUNITY_ID, SERVER_ID
from tests.deadlines import HANG_TIMEOUT
from tests.order_samples import is_order
from tests.process.conftest import Start
from tests.process.takeover.several_bots import (
    CHANNEL_ID,
    OWNS,
    STANDS_BY,
    Community,
    Machine,
    attach,
    open_community,
)
from tests.storage.conftest import POSTGRES

CROWD = 8  # orders of one burst, each about a unit of its own
SETTINGS = {"CALLS_CHANNEL_ID": str(CHANNEL_ID), "SONORAN_BUDGET_SHARE": "1"}

# Every wait has a limit of its own; the whole may take hours.
pytestmark = [
    pytest.mark.process,
    pytest.mark.timeout(0),
    pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL"),
]


@dataclass(frozen=True, slots=True)
class WatchedOrders(Fault):
    """A healthy CAD that reports each order that it has carried out."""

    stream: Stream

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        answer = await handler(request)
        if is_order(request):
            self.stream.count()
        return answer


@dataclass(slots=True)
class Stream:
    """Bursts of orders, each burst about a call of its own.

    Attributes:
        left: how many things that others can see happen before the bot that serves is killed.
        changed: set whenever there is something new to read.
    """

    community: Community
    dice: random.Random
    serving: Machine
    standing: Machine
    left: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def server(self) -> Server:
        return self.community.cad.world.server(COMMUNITY_ID, SERVER_ID)

    def count(self) -> None:
        """Kill the bot that serves when its time has come."""
        self.left -= 1
        if self.left == 0:
            self.serving.bot.process.kill()
        self.changed.set()

    def sent(self, call_id: int) -> Counter[str]:
        """Return how often the CAD was asked to attach each API id to a call."""
        requests = self.community.cad.world.requests("ATTACH_UNITS", "ATTACH_UNIT")
        attached = (one for request in requests for one in request.objects)
        return Counter(
            api_id for one in attached if one["callId"] == call_id for api_id in one["units"]
        )

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until a change at Discord, at the CAD or in the database makes a condition true."""
        async with asyncio.timeout(HANG_TIMEOUT):
            while not await condition():
                self.changed.clear()
                with contextlib.suppress(TimeoutError):  # nothing tells of a change in the database
                    await asyncio.wait_for(self.changed.wait(), 0.2)

    async def burst(self) -> None:
        """Give orders, kill the bot meanwhile, and compare what its members see with the CAD."""
        world, server = self.community.cad.world, self.server
        world.history.clear()
        idents = [*server.units][:CROWD]
        world.detach(server, Target(ident_ids=tuple(idents)))
        call_id = world.new_dispatch(server, CallForm("Multi-vehicle crash")).call_id
        first, self.left = self.serving, self.dice.randint(1, 2 * CROWD)
        first.discord.watch = self.count
        tokens = {server.units[one].account.api_ids[0]: f"token-{call_id}-{one}" for one in idents}
        for api_id, token in tokens.items():
            with contextlib.suppress(ConnectionError):  # a bot that is dead hears nothing
                await first.discord.interact(attach(call_id, api_id), token)

        async def is_over() -> bool:
            return self.left <= 0 or (
                first.discord.acknowledged_tokens().issuperset(tokens.values())
                and await self.is_idle()
            )

        await self.until(is_over)
        await self.take_over()
        await self.until(self.is_idle)
        acknowledged, sent = first.discord.acknowledged_tokens(), self.sent(call_id)
        for api_id, token in tokens.items():
            answers = first.discord.replies(token) + self.serving.discord.replies(token)
            # Where it was not acknowledged the member has seen a failure; it may be stored.
            assert token not in acknowledged or answers[-1].startswith("✅"), (token, answers)
            assert sent[api_id] == 1 or (token not in acknowledged and sent[api_id] == 0), sent
        await self.until(partial(self.has_card, call_id))

    async def is_idle(self) -> bool:
        """Tell whether each stored order was answered."""
        open_orders: int = await self.community.ask(
            "SELECT count(*) FROM orders WHERE NOT answered"
        )
        return open_orders == 0

    async def has_card(self, call_id: int) -> bool:
        """Tell whether a call has a card."""
        return f"Call #{call_id}" in " ".join(self.community.channel.titles.values())

    async def take_over(self) -> None:
        """Kill the bot that serves, if it lives, and start another one to stand by."""
        with contextlib.suppress(ProcessLookupError):
            self.serving.bot.process.kill()
        await self.serving.bot.end()
        self.left, self.serving = 0, self.standing
        self.serving.discord.watch = self.changed.set
        await self.serving.bot.says(OWNS)
        await self.serving.bot.reaches(self.serving.discord.connected)
        self.standing = await self.community.add()
        await self.standing.bot.says(STANDS_BY)


@pytest.fixture
async def stream(
    start: Start, worker_id: str, pytestconfig: pytest.Config
) -> AsyncIterator[Stream]:
    dice = random.Random(str(pytestconfig.getoption("--kill-seed")))
    async with open_community(start, f"dispatch_takeovers_{worker_id}") as community:
        community.settings |= SETTINGS
        stream = Stream(community, dice, *await community.pair())
        community.orders.released.set()
        community.cad.faults.set(WatchedOrders(stream))
        yield stream


async def test_however_often_the_bot_is_killed_each_order_is_done_and_answered_once(
    stream: Stream, pytestconfig: pytest.Config
):
    takeovers = int(pytestconfig.getoption("--takeovers"))
    for _ in range(takeovers):
        await stream.burst()
    # On a busy machine a lease may end besides.
    assert await stream.community.epoch() > takeovers
    cards = Counter(
        title.partition("#")[2].split()[0]
        for title in stream.community.channel.titles.values()
        if "911" not in title
    )
    assert set(cards.values()) == {1}
