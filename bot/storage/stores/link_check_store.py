"""The check of all links of a guild, one row per guild; it continues after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from bot.storage.tables import link_checks
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.database import Database


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """The latest check of a guild.

    Attributes:
        asked_by: the Discord id of the admin who started it.
        stopped: whether it was stopped early.
        told: whether its result has been shown.
    """

    guild_id: int
    asked_by: int
    started_at: datetime
    finished_at: datetime | None = None
    stopped: bool = False
    told: bool = False


_CHECKS = select(*(link_checks.c[name] for name in LinkCheck.__slots__))
_OF_GUILD = _CHECKS.where(link_checks.c.guild_id == bindparam("guild"))


class LinkCheckStore:
    """The checks in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database
        self._upsert = upsert(database.dialect, link_checks)

    async def get(self, guild_id: int) -> LinkCheck | None:
        """Return the latest check of a guild; None before the first."""
        async with self._database.connect() as connection:
            row = (await connection.execute(_OF_GUILD, {"guild": guild_id})).first()
        return LinkCheck(*row) if row else None

    async def save(self, check: LinkCheck) -> None:
        """Save a check; it replaces the guild's previous one."""
        values = {name: getattr(check, name) for name in LinkCheck.__slots__}
        async with self._database.begin() as connection:
            await connection.execute(self._upsert, values)
