"""Asks for page after page, whichever version of the API answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.cad.models import Unit, UnitsPage


async def fetch_all_units(
    fetch_page: Callable[[int, int], Awaitable[UnitsPage]], server_id: int
) -> tuple[Unit, ...]:
    """Return the units of all pages, each once.

    Args:
        ask: returns the page of a server that begins after so many units.
    """
    found: dict[int, Unit] = {}
    offset = 0
    while True:
        page = await fetch_page(server_id, offset)
        known = len(found)
        found |= {unit.ident: unit for unit in page.units}
        # A CAD that does not know `offset` would send its first page for ever.
        if page.is_last or len(found) == known:
            return tuple(found.values())
        offset += page.size
