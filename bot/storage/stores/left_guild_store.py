"""The guilds that the bot was removed from: their settings, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from bot.storage.stores.guild_store import DELETE_UNUSED
from bot.storage.tables import guilds, left_guilds
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.database import Database

_PRESENT = select(guilds.c.settings).where(guilds.c.guild_id == bindparam("guild"))
_REMOVE = delete(guilds).where(guilds.c.guild_id == bindparam("guild"))
_SETTINGS = select(left_guilds.c.settings).where(left_guilds.c.guild_id == bindparam("guild"))
_LEFT_BEFORE = select(left_guilds.c.guild_id).where(left_guilds.c.left_at < bindparam("before"))


class LeftGuildStore:
    """The guilds that were left. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database
        self._upsert = upsert(database.dialect, left_guilds)

    async def leave(self, guild_id: int, now: datetime) -> None:
        """Delete the API key of a guild, unless another guild has it too, and keep its settings."""
        async with self._database.begin() as connection:
            settings = await connection.scalar(_PRESENT, {"guild": guild_id})
            row = {"guild_id": guild_id, "settings": settings or "{}", "left_at": now}
            await connection.execute(self._upsert, row)
            await connection.execute(_REMOVE, {"guild": guild_id})
            await connection.execute(DELETE_UNUSED)

    async def settings(self, guild_id: int) -> str | None:
        """Return the settings that a guild had; None if it was not left."""
        async with self._database.connect() as connection:
            found: str | None = await connection.scalar(_SETTINGS, {"guild": guild_id})
        return found

    async def left_before(self, moment: datetime) -> list[int]:
        """List the guilds that were left before a moment."""
        async with self._database.connect() as connection:
            return list(await connection.scalars(_LEFT_BEFORE, {"before": moment}))
