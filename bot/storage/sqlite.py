"""SQLite through aiosqlite, with one change of threads per statement.

aiosqlite changes to its thread and back for each of: make the cursor, execute, fetch, close.
While the event loop is busy, each change waits for Python's interpreter lock. Here a statement
makes one change. A crowd shares its statements and would hardly notice; a lone attach, which is
written down three times before it is answered, does: on a busy machine these writes took 6.6 ms of
processor time with aiosqlite's own cursor and 4.9 ms with this one (medians of 60).
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import aiosqlite
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import URL, Connection

# How long to wait for another process (an import, a backup) to finish its write.
_BUSY_SECONDS = 5.0


def create_sqlite_engine(url: URL) -> AsyncEngine:
    """Build an engine of one long-lived connection, for which the tasks of a process queue."""
    # The driver's arguments are read here, because a creator replaces the URL's.
    arguments, options = url.get_dialect()().create_connect_args(url)
    return create_async_engine(
        url,
        async_creator=partial(_connect, partial(_open, arguments, options)),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # in errors, which are logged: among them are tokens
    )


def lock_at_begin(engine: AsyncEngine) -> None:
    """Make every transaction of `engine` take the write lock at its start."""
    event.listen(engine.sync_engine, "begin", _begin_immediate)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open(arguments: Sequence[Any], options: Mapping[str, Any]) -> sqlite3.Connection:
    """Open and prepare a connection; runs in aiosqlite's thread."""
    # By default Python's driver begins late, on the first write, and a read before it stands
    # outside the transaction; without an isolation level it leaves transactions to us.
    settings = {"timeout": _BUSY_SECONDS, **options, "isolation_level": None}
    connection: sqlite3.Connection = sqlite3.connect(*arguments, **settings)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # Enough with WAL: survives a killed process; only a power cut may lose the last writes.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


async def _connect(opener: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    connection = _Connection(opener, iter_chunk_size=64)
    # Like SQLAlchemy's own creator: a forgotten connection must not keep the process alive.
    thread = connection._thread  # noqa: SLF001
    thread.daemon = True
    try:
        return await connection
    except sqlite3.Error:
        # Its last words go to the event loop, which may be gone by then: wait those microseconds.
        thread.join()
        raise


class _Connection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override]
        return _Cursor(self)

    async def rollback(self) -> None:
        # SQLAlchemy ends every read with a rollback; after a read there is nothing to undo.
        if self.in_transaction:
            await super().rollback()

    async def commit(self) -> None:
        # A lone statement outside a transaction has committed itself.
        if self.in_transaction:
            await super().commit()


class _Cursor:
    """What SQLAlchemy uses of `aiosqlite.Cursor`, holding all rows of the last statement."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        await self._in_thread(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        await self._in_thread(sqlite3.Cursor.executemany, sql, parameters)

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Do nothing: the driver's cursor was closed in its thread."""

    async def _in_thread(
        self, method: Callable[..., object], sql: str, parameters: Iterable[Any]
    ) -> None:
        run = partial(self._run, method, sql, parameters)
        await self._connection._execute(run)  # type: ignore[no-untyped-call]  # noqa: SLF001

    def _run(self, method: Callable[..., object], sql: str, parameters: Iterable[Any]) -> None:
        """Run one statement from start to end; in aiosqlite's thread."""
        cursor = self._connection._conn.cursor()  # noqa: SLF001
        try:
            method(cursor, sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            # Only now: an INSERT … RETURNING counts its rows as they are fetched.
            self.rowcount = cursor.rowcount
            self.lastrowid = cursor.lastrowid
        finally:
            cursor.close()
