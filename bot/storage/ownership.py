"""One bot per database: two that work on the same orders would carry each of them out twice."""

from __future__ import annotations

import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.storage.errors import DRIVER_ERRORS, DatabaseInUse, storage_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

_TRY_LOCK = select(func.pg_try_advisory_lock(func.hashtextextended("dispatch bot", 0)))


@asynccontextmanager
async def owned(engine: AsyncEngine, file: Path | None, location: str) -> AsyncIterator[None]:
    """Hold a database for this process; the end of the process lets go of it too.

    On SQLite the lock is on a file beside the database: other programs may still read and write
    the database itself. On PostgreSQL it is an advisory lock of a connection.

    Args:
        file: the SQLite file; None for a server, or for memory, which needs no lock.

    Raises:
        DatabaseInUse: another process holds it.
        StorageError: the lock cannot be tried.
    """
    if file is not None:
        # SQLite's own lock is there on every system, and it ends with the process.
        with closing(_connect(file, location)):
            yield
    elif engine.dialect.name == "postgresql":
        async with AsyncExitStack() as stack:
            connecting = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
            try:
                connection = await stack.enter_async_context(connecting)
                is_free = await connection.scalar(_TRY_LOCK)
            except DRIVER_ERRORS as error:
                raise storage_error(location, error) from error
            if not is_free:
                raise DatabaseInUse(location)
            yield
    else:
        yield


def _connect(file: Path, location: str) -> sqlite3.Connection:
    """Lock the file beside a SQLite database; closing the connection unlocks it."""
    try:
        connection = sqlite3.connect(f"{file}.lock", timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise DatabaseInUse(location) from error
        raise storage_error(location, error) from error
    return connection
