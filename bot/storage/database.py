"""The one way to the database: open it, use a connection or share one transaction, close it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from bot.storage.advisory_lock import acquire_lock
from bot.storage.engine import create_engine, printable, sqlite_file
from bot.storage.errors import (
    DRIVER_ERRORS,
    DatabaseUnavailable,
    StorageError,
    ValueNotStorable,
    storage_error,
)
from bot.storage.ownership import SoleOwner
from bot.storage.schema import HEAD, check_writable, migrate, stored_revision
from bot.storage.sqlite import CHECKPOINT_EVERY, SqliteWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.storage.ownership import Ownership

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_IN_MEMORY = (None, "", ":memory:")


class Database:
    """An open database with the schema of this version.

    Do not ask for a second connection while holding one: SQLite gets one that reads and one that
    writes, so that the tasks of this process queue for it instead of meeting a locked file.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Wrap an `engine`; use `open`, which also migrates."""
        self.dialect = engine.dialect.name
        self.location = printable(engine.url)
        self.found_revision: str | None = None
        self._engine = engine
        self._writer = SqliteWriter(engine.url) if self.dialect == "sqlite" else None
        # Nothing else can see a database in memory: what writes it also reads it.
        self._is_private = self._writer is not None and engine.url.database in _IN_MEMORY
        self.ownership: Ownership = SoleOwner()
        self._checkpoint: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, is_owner: bool = False, stands_by: bool = False) -> Database:
        """Open the database at a SQLAlchemy `url`, creating and migrating it where needed.

        `found_revision` then holds the revision found before (None: it was new). Raises
        DatabaseUnavailable, NotADatabase or DatabaseTooNew, leaving nothing open. There is one
        owner at a time: a second one gets DatabaseInUse; one that stands by waits here for its
        turn, where the database is a server's.
        """
        database = cls(create_engine(url))
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
                from bot.storage.leases.shard_leases import ShardLeases  # noqa: PLC0415

                database.ownership = ShardLeases.on(database._engine.url, database.location)
                await database.ownership.acquire(stands_by=stands_by)
        except BaseException:
            await database.close()
            raise
        database.found_revision = found
        return database

    @classmethod
    def unmigrated(cls, url: str) -> Database:
        """Connect to the database at a `url` as it is, without migrating it."""
        return cls(create_engine(url))

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


class Coalescer(Generic[ItemT, ResultT]):
    """Does one piece of work for many items at once; a lone item does not wait.

    Args:
        work: does it for all items in one go, all or none, and returns a result for each, in
            their order.
    """

    def __init__(self, work: Callable[[list[ItemT]], Awaitable[Sequence[ResultT]]]) -> None:
        self._work = work
        self._waiting: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        self._working: asyncio.Task[None] | None = None

    async def submit(self, item: ItemT) -> ResultT:
        """Have the work done for an item; return its result, or raise its error."""
        mine: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, mine))
        if self._working is None:
            # Its own task: a caller that is cancelled does not stop the work of the others.
            self._working = asyncio.create_task(self._drain())
        return await mine

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    results = await self._work([item for item, _ in batch])
                except Exception as error:  # noqa: BLE001 - it is raised again, for each
                    await self._fail(batch, error)
                    continue
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():  # the caller does not wait any more
                        future.set_result(result)
        finally:
            self._working = None

    async def _fail(
        self, batch: list[tuple[ItemT, asyncio.Future[ResultT]]], error: Exception
    ) -> None:
        """Raise an error for each item; where it is one item's fault, for that item alone."""
        is_of_one = isinstance(error, ValueNotStorable) or not isinstance(error, StorageError)
        for item, future in batch:
            if len(batch) > 1 and is_of_one:
                try:
                    (result,) = await self._work([item])
                except Exception as own_error:  # noqa: BLE001 - it is raised again
                    if not future.done():
                        future.set_exception(own_error)
                    continue
                if not future.done():
                    future.set_result(result)
            elif not future.done():
                future.set_exception(error)


async def upgrade(url: str) -> tuple[str | None, str]:
    """Migrate the database at `url`; return its revision before (None: it was new) and now."""
    database = await Database.open(url)
    await database.close()
    return database.found_revision, HEAD
