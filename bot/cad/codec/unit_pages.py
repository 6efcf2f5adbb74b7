"""Fetches the pages of the unit list, the same for both API versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.cad.models import Unit, UnitsPage


async def fetch_all_units(
    fetch_page: Callable[[int, int], Awaitable[UnitsPage]], server_id: int
) -> tuple[Unit, ...]:
    """Fetch all pages; return each unit once.

    Args:
        fetch_page: takes a server id and an offset in units, and returns the page from there.
    """
    found: dict[int, Unit] = {}
    offset = 0
    while True:
        page = await fetch_page(server_id, offset)
        known = len(found)
        found |= {unit.ident: unit for unit in page.units}
        # A CAD that ignores `offset` would return its first page again and again.
        if page.is_last or len(found) == known:
            return tuple(found.values())
        offset += page.size
