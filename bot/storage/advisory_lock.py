"""Keep two transactions apart that would write different rows about the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("thing"), 0)))


async def acquire_lock(connection: AsyncConnection, key: str) -> None:
    """Wait until no other transaction has locked this; the end of the transaction unlocks it.

    On SQLite there is nothing to do: `Database.begin` already holds the write lock.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(_LOCK, {"thing": key})
