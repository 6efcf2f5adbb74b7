"""The open calls, as a list and as a choice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from bot.cad.client import CadClient
from bot.cad.errors import CadTimeout
from bot.cad.layouts import Layout
from bot.cad.models import CLOSED, Calls, EmergencyCall, UnitListPart
from bot.common.discord_limits import MAX_OPTIONS
from bot.services.access.policy import Access
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cached_list import MAX_AGE
from bot.services.cad_servers import CadServers
from bot.services.calls.call_listing import PAGE_SIZE, CallListing, CallsPage, OpenCalls
from bot.services.errors import RoleRequired
from tests.manual_clock import ManualClock
from tests.services.samples import DISPATCH_ROLE, actor, call, unit

DANA, PAT = actor(DISPATCH_ROLE), actor()
SERVER, OTHER_SERVER = 1, 2
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")


class FakeCad:
    """Each server's calls; counts the polls."""

    def __init__(self) -> None:
        self.found: dict[int, Calls] = {}
        self.error: CadTimeout | None = None
        self.polls = 0

    async def calls(self, server_id: int) -> Calls:
        self.polls += 1
        if self.error:
            raise self.error
        return self.found.get(server_id, Calls((), ()))

    async def units(self, server_id: int) -> UnitListPart:
        return UnitListPart.whole([unit(1, "A-12", name="Pat Moreno")])


@pytest.fixture
def cad() -> FakeCad:
    return FakeCad()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def board(cad: FakeCad, clock: ManualClock) -> AsyncIterator[Board]:
    board = Board(cast(CadClient, cad), clock=clock)
    yield board
    await board.close()


@pytest.fixture
async def layouts(clock: ManualClock) -> AsyncIterator[CallLayouts]:
    async def load() -> tuple[Layout, ...]:
        return (Layout("12", "Medical", statuses={"deployed": "Crew deployed"}),)

    layouts = CallLayouts(load, clock=clock)
    yield layouts
    await layouts.close()


@pytest.fixture
def listing(board: Board, layouts: CallLayouts) -> CallListing:
    return _listing(board, CadServers(SERVER, {SERVER: ""}), layouts)


def _listing(board: Board, servers: CadServers, layouts: CallLayouts) -> CallListing:
    return CallListing(Access(frozenset({DISPATCH_ROLE})), board, servers, layouts, {"1", "high"})


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def numbers(page: CallsPage) -> list[int]:
    return [line.call.call_id for line in page.items]


async def test_the_status_of_a_call_of_a_layout_is_what_the_community_calls_it(
    listing: CallListing, cad: FakeCad
):
    medical = replace(call(102), template="12", status_id="deployed")
    cad.found[SERVER] = Calls((call(101), medical), (SHOTS,))
    await listing.page(DANA, 1)
    await settle()  # the layouts load in the background
    page = await listing.page(DANA, 1)
    assert [line.status for line in page.items] == ["", "", "Crew deployed"]


async def test_911_calls_first_then_the_most_urgent(listing: CallListing, cad: FakeCad):
    urgent = replace(call(103), priority=1)
    high = replace(call(104), priority_text="High")
    over = replace(call(90), status=CLOSED)
    cad.found[SERVER] = Calls(
        (call(102), call(101), over, high, urgent), (SHOTS, replace(SHOTS, call_id=3))
    )
    page = await listing.page(DANA, 1)
    assert numbers(page) == [3, 7, 103, 104, 101, 102]
    assert (page.number, page.count, page.total) == (1, 1, 6)


@pytest.mark.parametrize(
    ("wanted", "number", "shown"),
    [(1, 1, PAGE_SIZE), (2, 2, 1), (99, 2, 1), (0, 1, PAGE_SIZE), (-1, 1, PAGE_SIZE)],
)
async def test_pages(listing: CallListing, cad: FakeCad, wanted: int, number: int, shown: int):
    cad.found[SERVER] = Calls(tuple(map(call, range(1, PAGE_SIZE + 2))), ())
    page = await listing.page(DANA, wanted)
    assert (page.number, page.count, page.total) == (number, 2, PAGE_SIZE + 1)
    start = (number - 1) * PAGE_SIZE + 1
    assert numbers(page) == list(range(start, start + shown))


async def test_a_page_says_who_is_on_each_call_and_when_that_was_so(
    listing: CallListing, board: Board, cad: FakeCad
):
    cad.found[SERVER] = Calls((call(100, "", 1),), ())
    await board.fetch_units(SERVER)
    page = await listing.page(DANA, 1)
    (line,) = page.items
    assert [one.name for one in line.units] == ["Pat Moreno"]
    assert page.confirmed_at == board.confirmed_at(SERVER)


async def test_the_cad_is_waited_for_once_and_then_memory_is_enough(
    listing: CallListing, cad: FakeCad
):
    cad.error = CadTimeout()
    with pytest.raises(CadTimeout):
        await listing.page(DANA, 1)
    cad.error = None
    assert numbers(await listing.page(DANA, 1)) == []
    cad.found[SERVER] = Calls((call(100),), ())
    assert numbers(await listing.page(DANA, 1)) == []  # polled in the background
    assert cad.polls == 2


async def test_a_page_has_the_calls_refreshed(
    listing: CallListing, board: Board, cad: FakeCad, clock: ManualClock
):
    await board.fetch_calls(SERVER)
    clock.seconds += MAX_AGE
    cad.found[SERVER] = Calls((call(100),), ())
    await listing.page(DANA, 1)
    await settle()
    assert numbers(await listing.page(DANA, 1)) == [100]


async def test_the_calls_to_choose_from_are_refreshed(
    listing: CallListing, board: Board, cad: FakeCad
):
    assert listing.open_calls(DANA) == []
    cad.found[SERVER] = Calls((call(100),), ())
    await settle()
    assert listing.open_calls(DANA) == [OpenCalls(SERVER, "", (call(100),))]


async def test_another_server(listing: CallListing, cad: FakeCad):
    cad.found = {SERVER: Calls((call(100),), ()), OTHER_SERVER: Calls((call(200),), ())}
    assert numbers(await listing.page(DANA, 1, OTHER_SERVER)) == [200]
    assert numbers(await listing.page(DANA, 1)) == [100]


async def test_the_calls_to_choose_from_are_in_memory_and_not_too_many(
    listing: CallListing, board: Board, cad: FakeCad
):
    assert listing.open_calls(DANA) == []
    urgent = replace(call(999), priority=1)
    cad.found[SERVER] = Calls((*map(call, range(1, 60)), urgent), (SHOTS,))
    await board.fetch_calls(SERVER)
    (found,) = listing.open_calls(DANA)
    assert (found.server_id, found.server) == (SERVER, "")
    assert [one.call_id for one in found.calls] == [999, *range(1, MAX_OPTIONS)]


async def test_every_server_with_open_calls_is_offered(
    board: Board, cad: FakeCad, layouts: CallLayouts
):
    servers = CadServers(SERVER, {SERVER: "", OTHER_SERVER: "Liberty City", 3: ""})
    listing = _listing(board, servers, layouts)
    cad.found = {SERVER: Calls((call(100),), ()), OTHER_SERVER: Calls((call(200),), ())}
    for server_id in (SERVER, OTHER_SERVER):
        await board.fetch_calls(server_id)
    offered = listing.open_calls(DANA)
    assert [(one.server_id, one.server) for one in offered] == [
        (SERVER, f"Server {SERVER}"),
        (OTHER_SERVER, "Liberty City"),
    ]
    assert [one.call_id for one in offered[1].calls] == [200]
    assert (await listing.page(DANA, 1, OTHER_SERVER)).server == "Liberty City"


async def test_only_dispatchers_read_calls(listing: CallListing, cad: FakeCad):
    with pytest.raises(RoleRequired):
        await listing.page(PAT, 1)
    with pytest.raises(RoleRequired):
        listing.open_calls(PAT)
    assert cad.polls == 0
