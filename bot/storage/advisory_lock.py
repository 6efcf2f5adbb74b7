"""A lock between transactions that write different rows about the same subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("thing"), 0)))


async def acquire_lock(connection: AsyncConnection, key: str) -> None:
    """Wait for the lock on `key` and hold it until the end of the transaction.

    On SQLite this does nothing: `Database.begin` already holds the write lock.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(_LOCK, {"thing": key})
