"""The board: polls and events make one snapshot, and its listeners are notified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from bot.cad.client import CadClient
from bot.cad.errors import CadRateLimited, CadTimeout
from bot.cad.models import Call, Calls, EmergencyCall, Unit, UnitListPart
from bot.cad.push.events import CallsClosed, CallUpserted, UnitsAttached, UnitsUpdated
from bot.services.board.live_board import Board
from bot.services.cached_list import MAX_AGE
from tests.manual_clock import ManualClock
from tests.services.samples import call, unit

SERVER, OTHER_SERVER = 1, 2
ROBBERY, STOP = call(100, "Robbery"), call(101, "Stop")
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")
PAT = unit(1, "A-12", "steam:1")


class FakeCad:
    """Answers with its calls and units; a test may hold an answer back.

    Attributes:
        gate, units_gate: an answer is read at once and returned when this is set.
    """

    def __init__(self) -> None:
        self.found = Calls((ROBBERY,), (SHOTS,))
        self.on_duty: tuple[Unit, ...] = (PAT,)
        self.error: CadTimeout | None = None
        self.gate, self.units_gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.units_gate.set()
        self.polled: list[str] = []

    async def calls(self, server_id: int) -> Calls:
        self.polled.append(f"calls {server_id}")
        answer, error = self.found, self.error
        await self.gate.wait()
        if error:
            raise error
        return answer

    async def units(self, server_id: int) -> UnitListPart:
        self.polled.append(f"units {server_id}")
        answer = UnitListPart.whole(self.on_duty)
        await self.units_gate.wait()
        return answer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cad() -> FakeCad:
    return FakeCad()


@pytest.fixture
async def board(cad: FakeCad, clock: ManualClock) -> AsyncIterator[Board]:
    board = Board(cast(CadClient, cad), clock=clock)
    yield board
    await board.close()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_before_the_first_poll_nothing_is_known_and_nothing_is_asked(
    board: Board, cad: FakeCad
):
    assert (board.calls(SERVER), board.units(SERVER), board.call(SERVER, 100)) == ((), (), None)
    assert (board.confirmed_at(SERVER), board.first_poll(SERVER)) == (None, None)
    assert cad.polled == []


async def test_a_poll_replaces_what_was_known(board: Board, cad: FakeCad, clock: ManualClock):
    assert await board.fetch_calls(SERVER) == (ROBBERY,)
    assert await board.fetch_units(SERVER) == (PAT,)
    assert (board.calls(SERVER), board.units(SERVER)) == ((ROBBERY,), (PAT,))
    assert board.snapshot(SERVER).emergencies == {7: SHOTS}
    cad.found, cad.on_duty = Calls((STOP,), ()), ()
    await board.fetch_calls(SERVER)
    await board.fetch_units(SERVER)
    assert (board.call(SERVER, 100), board.call(SERVER, 101)) == (None, STOP)
    assert board.snapshot(SERVER).emergencies == {}
    assert board.units(SERVER) == ()


async def test_a_poll_of_the_calls_confirms_the_board(
    board: Board, cad: FakeCad, clock: ManualClock
):
    await board.fetch_units(SERVER)
    assert board.confirmed_at(SERVER) is None
    await board.fetch_calls(SERVER)
    first = clock.now()
    clock.seconds += 20
    cad.error = CadTimeout()
    with pytest.raises(CadTimeout):
        await board.fetch_calls(SERVER)
    assert board.confirmed_at(SERVER) == first
    cad.error = None
    await board.fetch_calls(SERVER)
    assert board.confirmed_at(SERVER) == clock.now()


async def test_the_first_poll_is_kept(board: Board, cad: FakeCad):
    first = cad.found
    await board.fetch_calls(SERVER)
    cad.found = Calls((STOP,), ())
    await board.fetch_calls(SERVER)
    assert board.first_poll(SERVER) == first


async def test_dispatchers_are_polled_with_the_units_and_kept_apart(board: Board, cad: FakeCad):
    dana = replace(unit(2, "D-1"), is_dispatch=True)
    cad.on_duty = (PAT, dana)
    assert await board.fetch_units(SERVER) == (PAT,)
    assert board.units(SERVER) == (PAT,)
    assert board.dispatchers(SERVER) == (dana,)
    assert board.dispatchers(OTHER_SERVER) == ()


async def test_servers_are_apart(board: Board):
    await board.fetch_calls(SERVER)
    board.apply(OTHER_SERVER, [CallUpserted(STOP)])
    assert board.calls(SERVER) == (ROBBERY,)
    assert board.calls(OTHER_SERVER) == (STOP,)
    assert board.confirmed_at(OTHER_SERVER) is None


async def test_an_event_that_arrives_during_a_poll_outlives_its_older_answer(
    board: Board, cad: FakeCad
):
    cad.gate.clear()
    polling = asyncio.create_task(board.fetch_calls(SERVER))
    await settle()
    board.apply(SERVER, [UnitsAttached(100, (1,)), CallUpserted(STOP)])
    cad.gate.set()
    await polling
    # The call of the attach was not known when the event came.
    assert board.calls(SERVER) == (replace(ROBBERY, idents=(1,)), STOP)
    cad.found = Calls((), ())
    await board.fetch_calls(SERVER)
    assert board.calls(SERVER) == ()


async def test_an_event_is_older_than_units_that_were_polled_after_it(board: Board, cad: FakeCad):
    cad.gate.clear()
    polling = asyncio.create_task(board.fetch_calls(SERVER))
    await settle()
    board.apply(SERVER, [UnitsUpdated((replace(PAT, status=3),))])
    cad.on_duty = (replace(PAT, status=4),)
    await board.fetch_units(SERVER)
    assert board.units(SERVER) == cad.on_duty  # although the poll of the calls still runs
    cad.gate.set()
    await polling
    assert board.units(SERVER) == cad.on_duty


async def test_an_event_is_older_than_calls_that_were_polled_after_it(board: Board, cad: FakeCad):
    cad.units_gate.clear()
    polling = asyncio.create_task(board.fetch_units(SERVER))
    await settle()
    board.apply(SERVER, [CallsClosed((7, 100)), CallUpserted(STOP)])
    await board.fetch_calls(SERVER)
    assert board.calls(SERVER) == (ROBBERY,)
    cad.units_gate.set()
    await polling
    assert board.calls(SERVER) == (ROBBERY,)
    assert board.units(SERVER) == (PAT,)


async def test_an_event_before_a_poll_is_in_its_answer(board: Board, cad: FakeCad):
    board.apply(SERVER, [CallUpserted(STOP), CallsClosed((100,))])
    await board.fetch_calls(SERVER)
    assert board.calls(SERVER) == (ROBBERY,)


async def test_listeners_hear_of_events_and_of_polls(board: Board, cad: FakeCad):
    notified: list[int] = []
    seen: list[tuple[Call, ...]] = []
    board.subscribe(notified.append)
    board.subscribe(lambda server_id: seen.append(board.calls(server_id)))
    board.apply(SERVER, [CallUpserted(STOP)])
    await board.fetch_units(OTHER_SERVER)
    await board.fetch_calls(SERVER)
    assert notified == [SERVER, OTHER_SERVER, SERVER]
    assert seen == [(STOP,), (), (ROBBERY,)]  # the snapshot is new when they are notified
    cad.error = CadTimeout()
    with pytest.raises(CadTimeout):
        await board.fetch_calls(SERVER)
    assert len(notified) == 3


async def test_a_refresh_polls_in_the_background_but_not_too_often(
    board: Board, cad: FakeCad, clock: ManualClock
):
    board.refresh(SERVER)
    board.refresh(SERVER)
    assert cad.polled == []  # not before the caller goes on
    await settle()
    clock.seconds += MAX_AGE - 1
    board.refresh(SERVER)
    await settle()
    assert sorted(cad.polled) == ["calls 1", "units 1"]
    board.force_refresh(SERVER)
    await settle()
    assert sorted(cad.polled) == ["calls 1", "calls 1", "units 1", "units 1"]
    clock.seconds += MAX_AGE
    board.refresh(SERVER)
    await settle()
    assert len(cad.polled) == 6


async def test_closing_ends_what_is_being_polled(board: Board, cad: FakeCad):
    cad.gate.clear()
    board.refresh(SERVER)
    await settle()
    await board.close()
    cad.gate.set()
    await settle()
    assert board.calls(SERVER) == ()


class LimitedCad(FakeCad):
    """Allows one poll of the calls in a minute, for all servers together."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock
        self.next_at = 0.0

    async def calls(self, server_id: int) -> Calls:
        if (wait := self.next_at - self.clock.seconds) > 0:
            raise CadRateLimited(retry_after=wait)
        self.next_at = self.clock.seconds + 60
        return await super().calls(server_id)


async def test_servers_that_share_a_limit_are_polled_in_turn(clock: ManualClock):
    cad = LimitedCad(clock)
    board = Board(cast(CadClient, cad), clock=clock)
    for _ in range(6 * 12):
        for server_id in (1, 2, 3):
            board.refresh(server_id)
        for _ in range(20):
            await asyncio.sleep(0)
        clock.seconds += 5
    polled = [one for one in cad.polled if one.startswith("calls")]
    assert polled == ["calls 1", "calls 2", "calls 3"] * 2
    await board.close()


async def test_a_poll_that_a_member_waited_for_is_not_repeated_in_the_background(
    board: Board, cad: FakeCad
):
    await board.fetch_calls(SERVER)
    cad.polled.clear()
    board.refresh(SERVER)
    for _ in range(20):
        await asyncio.sleep(0)
    assert cad.polled == [f"units {SERVER}"]


async def test_a_call_that_is_older_than_a_911_call_does_not_answer_it(board: Board, cad: FakeCad):
    older = replace(ROBBERY, meta={"createdFromId": str(SHOTS.call_id)})
    cad.found = Calls((older,), ())
    await board.fetch_calls(SERVER)
    cad.found = Calls((older,), (SHOTS,))
    await board.fetch_calls(SERVER)
    assert board.answering_call(SERVER, SHOTS.call_id) is None
    answer = replace(STOP, meta=older.meta)
    board.apply(SERVER, [CallUpserted(answer)])
    assert board.answering_call(SERVER, SHOTS.call_id) == answer
