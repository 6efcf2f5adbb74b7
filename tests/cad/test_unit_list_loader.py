"""The list of units in pages: nothing that was fetched is lost, and no unit that is on duty."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadRateLimited, CadUnavailable
from bot.cad.models import Unit, UnitsPage
from bot.cad.unit_list_loader import MAX_ROUND, OVERLAP, UnitListLoader
from tests.manual_clock import ManualClock

SIZE = 100


class Source:
    """A CAD with pages of 100 units, and `requests` that it still allows."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.on_duty = list(range(300))
        self.requests = 1
        self.offsets: list[int] = []

    async def page(self, _server_id: int, offset: int) -> UnitsPage:
        if not self.requests:
            raise CadRateLimited(retry_after=20.0)
        self.requests -= 1
        self.offsets.append(offset)
        found = self.on_duty[offset : offset + SIZE]
        units = tuple(Unit(ident, "", "", "", "", 2, ()) for ident in found)
        return UnitsPage(units, len(units), is_last=len(units) < SIZE)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def loader(source: Source) -> UnitListLoader:
    return UnitListLoader(source.page, source.clock)


async def rounds(source: Source, loader: UnitListLoader, minutes: int) -> list[int]:
    """Load once a minute with one request; return every unit that was reported."""
    found: list[int] = []
    for _ in range(minutes):
        source.requests = 1
        found += [unit.ident for unit in (await loader.load(1)).units]
        source.clock.seconds += 60
    return found


async def test_a_list_that_fits_is_whole_at_once(source: Source, loader: UnitListLoader) -> None:
    source.requests = 10
    part = await loader.load(1)
    assert part.is_complete
    assert part.listed == frozenset(range(300))
    assert [unit.ident for unit in part.units] == source.on_duty
    assert source.offsets == [0, 100, 200, 300]
    assert (part.age, part.retry_after) == (0.0, None)


async def test_a_long_list_continues_where_it_stopped(
    source: Source, loader: UnitListLoader
) -> None:
    part = await loader.load(1)
    assert (part.is_complete, part.listed, part.retry_after) == (False, None, 20.0)
    assert [unit.ident for unit in part.units] == list(range(100))
    source.clock.seconds += 60
    assert set(await rounds(source, loader, 2)) == set(range(90, 280))
    source.requests = 1
    last = await loader.load(1)
    assert last.is_complete
    assert last.listed == frozenset(range(300))
    assert last.age == 180.0
    assert source.offsets == [0, 100 - OVERLAP, 180, 270]


async def test_nothing_at_all_is_a_failure(source: Source, loader: UnitListLoader) -> None:
    source.requests = 0
    with pytest.raises(CadRateLimited):
        await loader.load(1)


async def test_a_failure_half_way_loses_no_page(source: Source, loader: UnitListLoader) -> None:
    source.requests = 10
    faults = [CadUnavailable("502", status=502)]

    async def failing(server_id: int, offset: int) -> UnitsPage:
        if offset >= SIZE and faults:
            raise faults.pop()
        return await source.page(server_id, offset)

    loader = UnitListLoader(failing, source.clock)
    with pytest.raises(CadUnavailable):
        await loader.load(1)
    part = await loader.load(1)
    assert {unit.ident for unit in part.units} == set(range(300))
    assert source.offsets == [0, 100, 200, 300]


async def test_units_that_log_out_between_pages_hide_no_other(
    source: Source, loader: UnitListLoader
) -> None:
    found = await rounds(source, loader, 1)
    del source.on_duty[: OVERLAP - 1]
    found += await rounds(source, loader, 2)
    source.requests = 1
    last = await loader.load(1)
    assert last.listed is not None
    assert set(source.on_duty) <= last.listed
    assert set(source.on_duty) <= {*found, *(unit.ident for unit in last.units)}


async def test_units_that_log_in_between_pages_are_no_trouble(
    source: Source, loader: UnitListLoader
) -> None:
    await rounds(source, loader, 1)
    source.on_duty[:0] = range(1000, 1040)
    await rounds(source, loader, 2)
    source.requests = 2
    last = await loader.load(1)
    assert last.is_complete
    assert last.listed is not None
    assert set(range(300)) <= last.listed


async def test_after_a_gap_no_unit_counts_as_off_duty(
    source: Source, loader: UnitListLoader
) -> None:
    await rounds(source, loader, 1)
    del source.on_duty[: OVERLAP + 5]
    source.requests = 5
    part = await loader.load(1)
    assert part.is_complete
    assert part.listed is None


async def test_a_round_that_has_stood_for_long_starts_again(
    source: Source, loader: UnitListLoader
) -> None:
    await rounds(source, loader, 1)
    source.clock.seconds += MAX_ROUND
    source.requests = 5
    part = await loader.load(1)
    assert part.listed == frozenset(range(300))
    assert part.age == 0.0
    assert source.offsets == [0, 0, 100, 200, 300]


async def test_each_server_has_its_own_round(source: Source, loader: UnitListLoader) -> None:
    await loader.load(1)
    source.requests = 1
    await loader.load(2)
    assert source.offsets == [0, 0]


async def test_accounts_with_several_units_are_known_for_each_server() -> None:
    pages = [[(1, "pat"), (2, "pat"), (3, "")], [(4, "pat"), (5, ""), (6, "")], [(1, "pat")]]

    async def page(_server_id: int, _offset: int) -> UnitsPage:
        units = tuple(Unit(ident, account, "", "", "", 2, ()) for ident, account in pages.pop(0))
        return UnitsPage(units, len(units), is_last=True)

    loader = UnitListLoader(page, ManualClock())
    await loader.load(1)
    await loader.load(2)
    assert loader.shared_accounts == {1: frozenset({"pat"}), 2: frozenset()}
    await loader.load(1)  # the second unit is off duty
    assert loader.shared_accounts[1] == frozenset()
