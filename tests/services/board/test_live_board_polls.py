"""The board polls for its cards as often as the server is used."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import cast

import pytest

from bot.cad.client import CadClient
from bot.cad.errors import CadUnreachable
from bot.cad.models import Call, Calls, EmergencyCall, Unit, UnitListPart
from bot.cad.push.events import CallUpserted, UnitLoggedIn
from bot.services.board.live_board import Board
from tests.manual_clock import ManualClock
from tests.services.samples import call, unit

SERVER = 1
ROBBERY, STOP = call(100, "Robbery"), call(101, "Stop")
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")
PAT = unit(1, "A-12", "steam:1")


class CountingCad:
    """Answers with its calls and units, and counts the requests."""

    def __init__(self) -> None:
        self.open_calls: tuple[Call, ...] = ()
        self.emergencies: tuple[EmergencyCall, ...] = ()
        self.on_duty: tuple[Unit, ...] = ()
        self.is_down = False
        self.requests: Counter[str] = Counter()

    async def calls(self, server_id: int) -> Calls:
        self.requests["calls"] += 1
        if self.is_down:
            raise CadUnreachable("down")
        return Calls(self.open_calls, self.emergencies)

    async def units(self, server_id: int) -> UnitListPart:
        self.requests["units"] += 1
        return UnitListPart.whole(self.on_duty)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class PolledBoard:
    """A board that is polled every five seconds."""

    def __init__(self) -> None:
        self.clock, self.cad = ManualClock(), CountingCad()
        self.board = Board(cast(CadClient, self.cad), clock=self.clock)

    async def poll(self, minutes: float) -> dict[str, int]:
        """Let time pass; return the requests."""
        self.cad.requests.clear()
        for _ in range(round(minutes * 12)):
            self.board.poll(SERVER)
            await settle()
            self.clock.seconds += 5
        return dict(self.cad.requests)


@pytest.fixture
async def polled() -> PolledBoard:
    """The board of an empty server, known for a while."""
    polled = PolledBoard()
    assert await polled.poll(10) == {"calls": 10, "units": 1}
    return polled


async def test_an_empty_server_with_push_events_costs_a_fifth_of_a_request_a_minute(
    polled: PolledBoard,
):
    polled.board.hear(SERVER, [])
    assert await polled.poll(60) == {"calls": 12}


@pytest.mark.parametrize("what", ["units", "call", "emergency"])
async def test_a_server_where_something_goes_on_is_polled_every_15_seconds(
    polled: PolledBoard, what: str
):
    if what == "units":
        polled.board.apply(SERVER, [UnitLoggedIn(PAT)])
        polled.cad.on_duty = (PAT,)
    elif what == "call":
        polled.cad.open_calls = (ROBBERY,)
    else:
        polled.cad.emergencies = (SHOTS,)
    await polled.poll(1)  # the next poll shows it
    assert await polled.poll(10) == {"calls": 40, "units": 40}
    polled.board.hear(SERVER, [])
    assert await polled.poll(10) == {"calls": 10, "units": 10}


async def test_the_first_member_after_a_quiet_time_is_served_at_once(polled: PolledBoard):
    polled.board.hear(SERVER, [])
    await polled.poll(60)
    polled.cad.requests.clear()
    polled.clock.seconds += 20
    polled.board.refresh(SERVER)
    await settle()
    assert polled.cad.requests == {"calls": 1, "units": 1}
    assert await polled.poll(10) == {"calls": 9, "units": 9}  # and once a minute for a while
    assert await polled.poll(10) == {"calls": 2}


async def test_an_order_is_a_use_too(polled: PolledBoard):
    await polled.board.fetch_units(SERVER)
    await polled.board.fetch_calls(SERVER)
    assert await polled.poll(5) == {"calls": 19, "units": 19}  # the first was the order's


@pytest.mark.parametrize("appears", [True, False])
async def test_a_change_that_no_event_told_of_ends_the_trust_in_events(
    polled: PolledBoard, appears: bool
):
    polled.cad.open_calls = (ROBBERY,)
    await polled.poll(2)
    polled.board.hear(SERVER, [CallUpserted(ROBBERY)])
    assert (await polled.poll(10))["calls"] == 10
    polled.cad.open_calls = (ROBBERY, STOP) if appears else ()
    await polled.poll(1)
    requests = await polled.poll(10)
    assert requests["calls"] == (40 if appears else 10)
    polled.board.hear(SERVER, [])
    assert (await polled.poll(10))["calls"] == (10 if appears else 2)


async def test_a_lost_feed_ends_the_trust_in_events(polled: PolledBoard):
    polled.board.hear(SERVER, [])
    polled.board.stop_hearing(SERVER)
    assert await polled.poll(10) == {"calls": 10}


async def test_a_poll_that_failed_is_repeated_soon(polled: PolledBoard):
    polled.board.hear(SERVER, [])
    await polled.poll(4)
    polled.cad.is_down = True
    await polled.poll(1)
    assert (await polled.poll(10))["calls"] >= 20
