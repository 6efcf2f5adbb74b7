"""SQLite: one connection that writes, in the event loop's own thread, and one that reads.

Without an fsync, which WAL spares, a row is in the log within microseconds: handing it to the
driver's thread and back takes ten times as long. What takes longer is left to the other
connection, which aiosqlite runs in a thread: large reads, and moving the log into the file.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosqlite
from sqlalchemy import DateTime, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

    from sqlalchemy import URL, Connection, CursorResult, Dialect, Executable, ScalarResult

    P = ParamSpec("P")
    T = TypeVar("T")
    Parameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

# Wait so long for another process (an import, a backup) to finish its write.
_BUSY_SECONDS = 5.0
_BUSY_RETRY = 0.01  # seconds between two attempts to take the write lock
_LONGEST_TURN = 0.005  # seconds of work after which a transaction lets the event loop go on
CHECKPOINT_EVERY = 500  # transactions after which the log is moved into the file


def create_reader(url: URL) -> AsyncEngine:
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


class SqliteWriter:
    """The connection that writes. Tasks queue for it instead of meeting a locked file."""

    def __init__(self, url: URL) -> None:
        """Prepare to open the file of a `url` with the first transaction."""
        arguments, options = url.get_dialect()().create_connect_args(url)
        self._busy_timeout = float(options.get("timeout", _BUSY_SECONDS))
        self._open = partial(_open, arguments, options)
        self._lock = asyncio.Lock()
        self._raw: sqlite3.Connection | None = None
        self._connection: Connection | None = None
        self.transactions = 0  # so far

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[DirectConnection]:
        """Hold the write lock of the file: committed at the end, or rolled back on an error.

        Raises:
            sqlite3.Error: another program keeps the lock, or the file cannot be opened.
        """
        async with self._lock:
            if self._connection is None or self._raw is None:
                self._raw, self._connection = self._opened()
            try:
                self._raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                await self._wait_for_lock(self._raw, error)
            transaction = self._connection.begin()
            try:
                yield DirectConnection(self._connection)
                transaction.commit()
            except BaseException:
                transaction.rollback()
                if self._raw.in_transaction:  # the commit itself has failed
                    self._raw.rollback()
                raise
        self.transactions += 1

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[DirectConnection]:
        """Hold the connection outside a transaction: each statement reads what is committed."""
        async with self._lock:
            if self._connection is None:
                self._raw, self._connection = self._opened()
            try:
                yield DirectConnection(self._connection)
            finally:
                self._connection.rollback()  # SQLAlchemy's; SQLite knows of no transaction

    async def close(self) -> None:
        """Close the connection, after those who have asked for it before."""
        async with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection.engine.dispose()
                self._connection = None

    def _opened(self) -> tuple[sqlite3.Connection, Connection]:
        raw = self._open()
        raw.execute("PRAGMA busy_timeout = 0")  # the event loop must not wait for another program
        # A checkpoint waits for the disk: it is left to the thread of the reader.
        raw.execute("PRAGMA wal_autocheckpoint = 0")
        engine = create_engine(
            "sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True
        )
        return raw, engine.connect()

    async def _wait_for_lock(
        self, raw: sqlite3.Connection, error: sqlite3.OperationalError
    ) -> None:
        """Begin a transaction that may write, once another program has finished its own."""
        gives_up_at = time.monotonic() + self._busy_timeout
        while True:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= gives_up_at:
                raise error
            await asyncio.sleep(_BUSY_RETRY)
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as again:
                error = again
            else:
                return


@dataclass(slots=True)
class DirectConnection:
    """What stores need of an AsyncConnection, without a thread: each statement is done at once."""

    _connection: Connection
    _turn_began: float = field(default_factory=time.monotonic)

    @property
    def dialect(self) -> Dialect:
        """SQLite's."""
        return self._connection.dialect

    async def execute(
        self, statement: Executable, parameters: Parameters = None
    ) -> CursorResult[Any]:
        """Execute a statement and return its result."""
        result = self._connection.execute(statement, parameters)
        now = time.monotonic()
        if now - self._turn_began > _LONGEST_TURN:
            await asyncio.sleep(0)
            self._turn_began = time.monotonic()
        return result

    async def scalar(self, statement: Executable, parameters: Parameters = None) -> object:
        """Execute a statement and return the first column of the first row, None for no row."""
        return (await self.execute(statement, parameters)).scalar()

    async def scalars(
        self, statement: Executable, parameters: Parameters = None
    ) -> ScalarResult[Any]:
        """Execute a statement and return the first column of each row."""
        return (await self.execute(statement, parameters)).scalars()

    async def run_sync(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function with SQLAlchemy's own connection."""
        return work(self._connection, *args, **kwargs)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: accepts aware datetimes only, and returns UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert `value` to UTC; raise ValueError if it has no time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Add the time zone UTC, which SQLite does not store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _open(arguments: Sequence[Any], options: Mapping[str, Any]) -> sqlite3.Connection:
    """Open and prepare a connection."""
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
