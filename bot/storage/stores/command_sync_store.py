"""Fingerprints of the slash commands that were last synced to Discord."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from bot.storage.tables import command_sync
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from bot.storage.database import Database

_SCOPES = select(command_sync.c.scope).order_by(command_sync.c.scope)
_DELETE = delete(command_sync).where(command_sync.c.scope == bindparam("scope"))
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

    async def scopes(self, prefix: str) -> list[str]:
        """Return the scopes that begin with a `prefix` and have a fingerprint."""
        async with self._database.connect() as connection:
            found = await connection.scalars(_SCOPES)
        return [scope for scope in found if scope.startswith(prefix)]

    async def delete(self, scope: str) -> None:
        """Forget the fingerprint of a `scope`."""
        async with self._database.begin() as connection:
            await connection.execute(_DELETE, {"scope": scope})
