"""The pages of the unit list become one list."""

from __future__ import annotations

from bot.cad.codec.unit_pages import fetch_all_units
from bot.cad.models import Unit, UnitsPage


class Pages:
    """A CAD that pages its units; remembers what it was asked for.

    Args:
        malformed: the number of entries on each page that are no units; they count for the offset.
    """

    def __init__(self, units: int, size: int, malformed: int = 0) -> None:
        self._units = [Unit(number, "", f"A-{number}", "", "", 2, ()) for number in range(units)]
        self._size = size
        self._malformed = malformed
        self.asked: list[tuple[int, int]] = []

    async def fetch(self, server_id: int, offset: int) -> UnitsPage:
        self.asked.append((server_id, offset))
        start = offset - self._malformed * (len(self.asked) - 1)
        found = tuple(self._units[start : start + self._size - self._malformed])
        return UnitsPage(found, self._size, is_last=start + len(found) >= len(self._units))


def idents(units: tuple[Unit, ...]) -> list[int]:
    return [unit.ident for unit in units]


async def test_all_pages_in_their_order():
    pages = Pages(7, 3)
    assert idents(await fetch_all_units(pages.fetch, 5)) == list(range(7))
    assert pages.asked == [(5, 0), (5, 3), (5, 6)]


async def test_one_page_is_one_request():
    pages = Pages(3, 3)
    assert len(await fetch_all_units(pages.fetch, 1)) == 3
    assert pages.asked == [(1, 0)]


async def test_no_units():
    assert await fetch_all_units(Pages(0, 3).fetch, 1) == ()


async def test_malformed_entries_count_for_the_offset():
    pages = Pages(5, 3, malformed=1)
    assert idents(await fetch_all_units(pages.fetch, 1)) == list(range(5))
    assert pages.asked == [(1, 0), (1, 3), (1, 6)]


async def test_a_unit_that_moves_to_the_next_page_meanwhile_is_listed_once_as_it_is_now():
    async def fetch(server_id: int, offset: int) -> UnitsPage:
        unit = Unit(1, "", "A-1", "", "", 3 if offset else 2, ())
        other = Unit(2 + offset, "", "", "", "", 2, ())
        return UnitsPage((unit, other), 2, is_last=offset > 0)

    found = await fetch_all_units(fetch, 1)
    assert [(unit.ident, unit.status) for unit in found] == [(1, 3), (2, 2), (4, 2)]


async def test_a_cad_that_ignores_the_offset_is_not_asked_for_ever():
    asked: list[int] = []

    async def fetch(server_id: int, offset: int) -> UnitsPage:
        asked.append(offset)
        return UnitsPage((Unit(1, "", "", "", "", 2, ()),), 1, is_last=False)

    assert idents(await fetch_all_units(fetch, 1)) == [1]
    assert asked == [0, 1]
