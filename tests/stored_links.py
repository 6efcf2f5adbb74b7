"""Write links into the database as they are, past what the services ask first."""

from __future__ import annotations

from bot.storage.stores.link_row import Link, row_values
from bot.storage.stores.link_store import LinkStore


async def put_link(links: LinkStore, link: Link) -> None:
    """Save a link in the place of the member's link so far."""
    async with links._database.begin() as connection:
        await connection.execute(links._upsert, row_values(link))
