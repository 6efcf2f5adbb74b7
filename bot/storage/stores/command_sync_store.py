"""Fingerprints of the slash commands that were last synced to Discord."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from bot.storage.tables import command_sync
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from bot.storage.database import Database

_FINGERPRINT = select(command_sync.c.fingerprint).where(command_sync.c.scope == bindparam("scope"))


class CommandSyncStore:
    """The fingerprint of the slash commands that were last synced, per scope.

    A scope is `<application id>:<guild id, or global>`.
    """

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database
        self._upsert = upsert(database.dialect, command_sync)

    async def get(self, scope: str) -> str | None:
        """Return the fingerprint of the commands last synced to `scope`; None before the first."""
        async with self._database.connect() as connection:
            fingerprint: str | None = await connection.scalar(_FINGERPRINT, {"scope": scope})
        return fingerprint

    async def put(self, scope: str, fingerprint: str) -> None:
        """Save the `fingerprint` of the commands that were synced to `scope`."""
        async with self._database.begin() as connection:
            await connection.execute(self._upsert, {"scope": scope, "fingerprint": fingerprint})
