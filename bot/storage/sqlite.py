"""The SQLite engine: aiosqlite with one long-lived connection."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import URL, Connection

# Wait so long for another process (an import, a backup) to finish its write.
_BUSY_SECONDS = 5.0


def create_sqlite_engine(url: URL) -> AsyncEngine:
    """Build an engine with one long-lived connection; the tasks of a process wait for it."""
    # The driver's arguments are read here, because `async_creator` ignores the URL.
    arguments, options = url.get_dialect()().create_connect_args(url)
    return create_async_engine(
        url,
        async_creator=partial(_connect, partial(_open, arguments, options)),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # errors are logged, and the parameters contain tokens
    )


def lock_at_begin(engine: AsyncEngine) -> None:
    """Let each transaction of `engine` take the write lock at its start."""
    event.listen(engine.sync_engine, "begin", _begin_immediate)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open(arguments: Sequence[Any], options: Mapping[str, Any]) -> sqlite3.Connection:
    """Open and configure a connection; runs in aiosqlite's thread."""
    # By default Python's driver begins a transaction at the first write, so that a read before it
    # is outside of the transaction. Without an isolation level it never begins one by itself.
    settings = {"timeout": _BUSY_SECONDS, **options, "isolation_level": None}
    connection: sqlite3.Connection = sqlite3.connect(*arguments, **settings)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # Enough with WAL: a killed process loses nothing; a power cut may lose the last writes.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


async def _connect(opener: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    connection = aiosqlite.Connection(opener, iter_chunk_size=64)
    # Like SQLAlchemy's own creator: an unclosed connection must not keep the process alive.
    thread = connection._thread  # noqa: SLF001
    thread.daemon = True
    try:
        return await connection
    except sqlite3.Error:
        # The thread still calls the event loop, which may be closed by then: wait for its end.
        thread.join()
        raise
