"""Everything that is stored about a guild, in whichever table: to export it, and to forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from bot.storage.stores.guild_store import DELETE_UNUSED
from bot.storage.tables import metadata

if TYPE_CHECKING:
    from typing import Any

    from bot.storage.database import Database

_TABLES = [table for table in metadata.sorted_tables if "guild_id" in table.columns]
_SECRETS = frozenset({"token"})  # with the token of an interaction, others could answer for the bot
_EXPORT = {
    table.name: select(*(one for one in table.columns if one.name not in _SECRETS))
    .where(table.c.guild_id == bindparam("guild"))
    .order_by(*table.primary_key.columns)
    for table in _TABLES
}
_DELETE = {
    table.name: delete(table).where(table.c.guild_id == bindparam("guild")) for table in _TABLES
}


class GuildDataStore:
    """All rows of a guild. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database

    async def export(self, guild_id: int) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of a guild by table, without secrets."""
        found = {}
        async with self._database.connect() as connection:
            for name, statement in _EXPORT.items():
                rows = await connection.execute(statement, {"guild": guild_id})
                found[name] = [dict(row) for row in rows.mappings()]
        return found

    async def forget(self, guild_id: int) -> int:
        """Delete all of them in one transaction; return how many there were.

        Its community goes with its last guild.
        """
        async with self._database.begin() as connection:
            counts = [
                (await connection.execute(one, {"guild": guild_id})).rowcount
                for one in _DELETE.values()
            ]
            await connection.execute(DELETE_UNUSED)
        return sum(counts)
