"""The one way to the database: open it, use a connection or share one transaction, close it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import exc, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.advisory_lock import acquire_lock
from bot.storage.errors import (
    DRIVER_ERRORS,
    DatabaseUnavailable,
    StorageError,
    storage_error,
)
from bot.storage.ownership import SoleOwner
from bot.storage.schema import HEAD, check_writable, migrate, stored_revision
from bot.storage.sqlite import CHECKPOINT_EVERY, SqliteWriter, create_reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.storage.ownership import Ownership

_IN_MEMORY = (None, "", ":memory:")


class Database:
    """An open database with the schema of this version.

    Do not ask for a second connection while holding one: SQLite gets one that reads and one that
    writes, so that the tasks of this process queue for it instead of meeting a locked file.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Wrap an `engine`; use `open`, which also migrates."""
        self.dialect = engine.dialect.name
        self.location = _printable(engine.url)
        self.found_revision: str | None = None
        self._engine = engine
        self._writer = SqliteWriter(engine.url) if self.dialect == "sqlite" else None
        # Nothing else can see a database in memory: what writes it also reads it.
        self._is_private = self._writer is not None and engine.url.database in _IN_MEMORY
        self.ownership: Ownership = SoleOwner()
        self._checkpoint: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, is_owner: bool = False) -> Database:
        """Open the database at a SQLAlchemy `url`, creating and migrating it where needed.

        `found_revision` then holds the revision found before (None: it was new). Raises
        DatabaseUnavailable, NotADatabase or DatabaseTooNew, leaving nothing open. There is one
        owner at a time: a second one of a file gets DatabaseInUse, one of a server waits here.
        """
        database = cls(_create_engine(url))
        try:
            if is_owner and database.file is not None:
                database.ownership = SoleOwner.of_file(database.file, database.location)
            async with database.connect() as connection:
                found = await connection.run_sync(stored_revision)
            async with database.begin() as connection:
                if found == HEAD:
                    await connection.run_sync(check_writable)
                else:
                    # Several processes that start together: the first one migrates for all.
                    await acquire_lock(connection, "migration")
                    found = await connection.run_sync(migrate, database.location)
            if is_owner and database.dialect == "postgresql":
                # Imported only here: a file has no lease.
                from bot.storage.shard_leases import ShardLeases  # noqa: PLC0415

                database.ownership = ShardLeases.on(database._engine.url, database.location)
                await database.ownership.acquire()
        except BaseException:
            await database.close()
            raise
        database.found_revision = found
        return database

    @classmethod
    def unmigrated(cls, url: str) -> Database:
        """Connect to the database at a `url` as it is, without migrating it."""
        return cls(_create_engine(url))

    @property
    def file(self) -> Path | None:
        """The SQLite file, None for a server or for memory."""
        return sqlite_file(self._engine.url)

    async def close(self) -> None:
        """Close every connection; the database cannot be used after that.

        What is being written is committed first; a connection that is being read from is closed
        when its reader is done.
        """
        self._closed = True
        if self._checkpoint is not None:
            await asyncio.wait([self._checkpoint])
        if self._writer is not None:
            await self._writer.close()
        await self.ownership.release()
        await self._engine.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection in a transaction that may write: committed, or rolled back on error.

        On SQLite it takes the write lock at once, so what is read inside stays true until the
        commit. On PostgreSQL no other process becomes the owner until then. Raises a StorageError
        for whatever the driver raises, OwnershipLost where another process is the owner.
        """
        if self._closed:
            raise self._closed_error()
        try:
            if self._writer is None:
                async with self._pooled() as connection, connection.begin():
                    await self.ownership.fence(connection)
                    yield connection
                return
            async with self._writer.transaction() as writing:
                # It has what the stores use of an AsyncConnection; SQLAlchemy types the results.
                yield cast("AsyncConnection", writing)
        except DRIVER_ERRORS as error:
            raise storage_error(self.location, error) from error
        if self._writer.transactions % CHECKPOINT_EVERY == 0:
            self._checkpoint = asyncio.create_task(self._move_log())

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection for reading. Raises a StorageError for whatever the driver raises."""
        if self._is_private:
            async with self.begin() as connection:
                yield connection
            return
        if self._closed:
            raise self._closed_error()
        try:
            async with self._pooled() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise storage_error(self.location, error) from error

    @asynccontextmanager
    async def lookup(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection for reading a few rows by their key; otherwise as `connect`.

        On SQLite that is done at once in the event loop's thread: it takes microseconds.
        """
        if self._writer is None:
            async with self.connect() as connection:
                yield connection
            return
        if self._closed:
            raise self._closed_error()
        try:
            async with self._writer.reading() as reading:
                yield cast("AsyncConnection", reading)
        except DRIVER_ERRORS as error:
            raise storage_error(self.location, error) from error

    @asynccontextmanager
    async def _pooled(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection of the pool."""
        async with self._engine.connect() as connection:
            try:
                yield connection
            finally:
                if self._closed:
                    # Its pool is gone: given back to it, the connection would stay open.
                    await connection.invalidate()

    async def _move_log(self) -> None:
        """Move SQLite's write-ahead log into the file, in the reader's thread."""
        with suppress(StorageError):  # it is tried again later
            async with self.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def _closed_error(self) -> StorageError:
        # A disposed engine would connect again, and that connection would never be closed.
        return DatabaseUnavailable(self.location, "it was closed")


async def upgrade(url: str) -> tuple[str | None, str]:
    """Migrate the database at `url`; return its revision before (None: it was new) and now."""
    database = await Database.open(url)
    await database.close()
    return database.found_revision, HEAD


def _create_engine(url: str) -> AsyncEngine:
    """Build the engine, and the folder of a SQLite file."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        # The text is not repeated: it may hold a password.
        raise DatabaseUnavailable("DATABASE_URL", "it is not a database URL") from error
    try:
        if parsed.get_backend_name() != "sqlite":
            return create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        if file := sqlite_file(parsed):
            file.parent.mkdir(parents=True, exist_ok=True)
        return create_reader(parsed)
    except (exc.SQLAlchemyError, ImportError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DatabaseUnavailable(_printable(parsed), reason or str(error)) from error


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for a server, for memory and for SQLite URIs."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return None if url.database.startswith(("file:", ":memory:")) else Path(url.database)


def _printable(url: URL) -> str:
    """Name the database without its password: the path of a SQLite file, else the URL."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    # Drivers take passwords as query parameters too.
    return url.set(query={}).render_as_string(hide_password=True)
