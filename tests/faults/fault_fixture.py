"""The bot between a pretend Discord and a pretend CAD that fails, in pretend time."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from aiohttp import web
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.env import Env
from simcord.results import InteractionResult
from sqlalchemy.pool import QueuePool

from bot.cad.errors import CadTimeout
from bot.cad.http.transport import Transport
from bot.cad.http.wire import Request, Response
from bot.wiring.services import Services
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.change_log import ReceivedRequest
from sandbox.cad.state.faults import Fault, Handler
from sandbox.cad.state.models import Account, Badge, CallForm, Community, Server
from sandbox.cad.state.world import CadWorld
from tests.deadlines import HANG_TIMEOUT
from tests.fake_time import FakeTime

CALLS = (100, 101, 102, 103, 104)
MEMBER_COUNT = 50
TIMEOUT = 10.0  # seconds that the bot waits for an answer
NUMBER = "X-Number"
ORDERS = {"ATTACH_UNITS", "ATTACH_UNIT", "v2 attach"}


class SimultaneousTime(FakeTime):
    """Wakes all tasks of one moment together, before any of them goes on."""

    async def advance(self, seconds: float, settle: Callable[[], Awaitable[None]]) -> None:
        end = self._elapsed + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._elapsed = max(self._elapsed, self._sleepers[0][0])
            while self._sleepers and self._sleepers[0][0] <= self._elapsed:
                future = heapq.heappop(self._sleepers)[2]
                if not future.done():
                    future.set_result(None)
            await settle()
        self._elapsed = end


def build_world() -> CadWorld:
    """Make the sandbox's CAD with five calls and fifty more people on duty."""
    world = seed.build_world()
    server = world.server(seed.COMMUNITY_ID, seed.SERVER_ID)
    for call_id in CALLS[len(server.calls) :]:
        world.new_dispatch(server, CallForm(f"Alarm {call_id}"))
    for number in range(MEMBER_COUNT):
        account = Account(f"account-{number}", unit_number(number), api_ids=(api_id(number),))
        world.communities[seed.COMMUNITY_ID].accounts[account.uuid] = account
        world.login(server, account, Badge(unit_number(number), f"Officer {number}", "LSPD"))
    return world


def unit_number(person: int) -> str:
    return f"P-{person}"


def api_id(person: int) -> str:
    return f"{0x110000100000000 + person:x}"


class TrackedTransport(Transport):
    """The real connection, with timeouts in pretend time; it knows which requests are pending.

    A request is pending until it is answered, unless the CAD holds it.
    """

    def __init__(self, base_url: str, time: FakeTime) -> None:
        super().__init__(base_url, clock=time)
        self._time = time
        self._numbers = count()
        self._under_way: set[str] = set()
        self._held: set[str] = set()

    @property
    def moves(self) -> bool:
        """Whether an answer will arrive without any time passing."""
        return not self._under_way <= self._held

    async def send(self, request: Request, *, within: float | None = None) -> Response:
        number = str(next(self._numbers))
        request = replace(request, headers={**request.headers, NUMBER: number})
        self._under_way.add(number)
        # In a context of its own: simcord stops the timers of whatever a command does.
        sending = self._send_within(request, within or TIMEOUT)
        try:
            return await contextvars.Context().run(asyncio.create_task, sending)
        finally:
            self._under_way.discard(number)

    async def hold(self, request: web.Request, seconds: float) -> None:
        """Hold a request for some pretend time."""
        number = request.headers[NUMBER]
        self._held.add(number)
        await self._time.sleep(seconds)
        self._held.discard(number)

    async def _send_within(self, request: Request, seconds: float) -> Response:
        sending = asyncio.create_task(super().send(request))
        limit = asyncio.create_task(self._time.sleep(seconds))
        await asyncio.wait({sending, limit}, return_when=asyncio.FIRST_COMPLETED)
        limit.cancel()
        if sending.done():
            return sending.result()
        sending.cancel()
        raise CadTimeout


@dataclass(frozen=True, slots=True)
class HeldAnswer(Fault):
    """Do nothing for some pretend time; a client that left meanwhile is not served."""

    network: TrackedTransport
    seconds: float

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        await self.network.hold(request, self.seconds)
        if request.transport is None or request.transport.is_closing():
            return web.Response(status=499, text="client closed request")
        return await handler(request)


@dataclass(slots=True)
class FaultFixture:
    """The running bot, the pretend CAD and the pretend Discord; `members` in the order of units."""

    cad: CadServer
    env: Env
    network: TrackedTransport
    time: FakeTime
    channel: ChannelHandle
    members: Sequence[MemberActor]
    version: int
    file: Path
    services: Services
    pool: QueuePool
    began: datetime = field(init=False)

    @property
    def world(self) -> CadWorld:
        return self.cad.world

    @property
    def community(self) -> Community:
        return self.world.communities[seed.COMMUNITY_ID]

    @property
    def server(self) -> Server:
        return self.world.server(seed.COMMUNITY_ID, seed.SERVER_ID)

    async def disconnect_cad(self) -> None:
        """Take the CAD off the network."""
        await self.cad.pause()

    async def repair_cad(self) -> None:
        """Remove all faults and reconnect the CAD."""
        self.cad.faults.clear()
        await self.cad.resume()

    async def advance(self, seconds: float) -> None:
        """Advance the time; each task that wakes does its work."""
        await self.time.advance(seconds, self.settle)

    async def settle(self) -> None:
        """Wait until all tasks wait for time to pass.

        simcord's own `settle` does not know tasks that wait for other tasks.
        """
        loop = cast(Any, asyncio.get_running_loop())
        async with asyncio.timeout(HANG_TIMEOUT):
            while loop._ready or self.network.moves or self.pool.checkedout():  # noqa: ASYNC110 - nothing tells of all three
                await asyncio.sleep(0 if loop._ready else 0.0005)

    async def attach(self, places: Iterable[int]) -> list[GivenOrder]:
        """Let each member attach themselves to a call, all at the same time."""

        async def not_yet(**_: object) -> None:
            """Let the next member type before the bot has handled the command before."""

        with patch.object(self.env, "_settle_internal", not_yet):
            given = [
                GivenOrder(
                    person,
                    call_id,
                    await self.members[person].slash(
                        self.channel, "attach", call=str(call_id), units="me"
                    ),
                )
                for person, call_id in enumerate(places)
            ]
        await self.settle()
        return given

    def calls_of(self, person: int) -> list[int]:
        """List the calls that a member's unit is on."""
        ident = next(
            unit.id
            for unit in self.server.units.values()
            if unit.badge.unit_num == unit_number(person)
        )
        return [call.call_id for call in self.server.calls.values() if ident in call.idents]

    def unfinished(self) -> dict[str, bool]:
        """Return the unanswered orders by token: whether the CAD has still to act."""
        with closing(sqlite3.connect(self.file)) as connection:
            rows = connection.execute("SELECT token, state FROM orders WHERE NOT answered")
            return {token: state in {"queued", "sending"} for token, state in rows}

    def being_sent(self) -> set[str]:
        """List the tokens of the orders that a running request may be about."""
        with closing(sqlite3.connect(self.file)) as connection:
            return {
                token
                for (token,) in connection.execute(
                    "SELECT token FROM orders WHERE state = 'sending'"
                )
            }

    def orders(self) -> list[ReceivedRequest]:
        """List the orders that the CAD received, without the queries."""
        return [one for one in self.world.history if one.type in ORDERS]

    def seconds_at(self, received: ReceivedRequest) -> float:
        """Return when a request arrived, in seconds since the start."""
        return (received.at - self.began).total_seconds()


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """An order of a member for their own unit, and its reply."""

    person: int
    call_id: int
    result: InteractionResult

    @property
    def token(self) -> str:
        return self.result._interaction.token

    @property
    def text(self) -> str:
        """The private reply as it stands; empty while Discord shows "thinking…"."""
        assert self.result.acknowledged
        assert self.result.ephemeral
        assert self.result.followups == []
        return self.result.response.content if self.result.response else ""
