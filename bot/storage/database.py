"""The one way to the database: open it, use a connection, close it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import exc, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.direct import DirectWriter
from bot.storage.errors import DatabaseUnavailable, translate_errors
from bot.storage.schema import HEAD, migrate, stored_revision
from bot.storage.sqlite import create_sqlite_engine, lock_at_begin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.storage.direct import LoneRow


class Database:
    """An open database with the schema of this version.

    Do not ask for a second connection while holding one: SQLite gets exactly one, so that the
    tasks of this process queue for it instead of meeting a locked file.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Wrap an `engine`; use `open`, which also migrates."""
        self.dialect = engine.dialect.name
        self.location = _printable(engine.url)
        self.found_revision: str | None = None
        self._engine = engine
        self._writer = engine.execution_options()
        self._direct: DirectWriter | None = None
        self._closed = False
        if self.dialect == "sqlite":
            lock_at_begin(self._writer)

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open the database at a SQLAlchemy `url`, creating and migrating it where needed.

        `found_revision` then holds the revision found before (None: it was new). Raises
        DatabaseUnavailable, NotADatabase or DatabaseTooNew, leaving nothing open.
        """
        database = cls(_create_engine(url))
        try:
            async with database.connect() as connection:
                found = await connection.run_sync(stored_revision)
            if found != HEAD:
                async with database.begin() as connection:
                    found = await connection.run_sync(migrate, database.location)
            if database.file:
                with translate_errors(database.location):
                    database._direct = DirectWriter(database.file)
        except BaseException:
            await database.close()
            raise
        database.found_revision = found
        return database

    @classmethod
    def unmigrated(cls, url: str) -> Database:
        """Reach for the database at a `url` as it is, without migrating it."""
        return cls(_create_engine(url))

    @property
    def file(self) -> Path | None:
        """The SQLite file, None for a server or for memory."""
        return sqlite_file(self._engine.url)

    async def close(self) -> None:
        """Close every connection; the database cannot be used after that."""
        self._closed = True
        if self._direct:
            self._direct.close()
        await self._engine.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection in a transaction that may write: committed, or rolled back on error.

        On SQLite it takes the write lock at once, so what is read inside stays true until the
        commit. Raises a StorageError for whatever the driver raises.
        """
        self._require_open()
        with translate_errors(self.location):
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection for one statement that writes, a transaction in itself.

        On SQLite that spares the changes of threads that BEGIN and COMMIT take. Raises a
        StorageError for whatever the driver raises.
        """
        self._require_open()
        with translate_errors(self.location):
            async with self._engine.begin() as connection:
                yield connection

    def write_directly(self, lone: LoneRow, row: Mapping[str, Any]) -> int | None:
        """Write one row without waiting; return the id that an INSERT gave it, 0 for others.

        None if nothing was written: on a server, while somebody else writes, and on error. Then
        `single` does it, or tells what is wrong.
        """
        self._require_open()
        return self._direct.write(lone, row) if self._direct else None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection for reading. Raises a StorageError for whatever the driver raises."""
        self._require_open()
        with translate_errors(self.location):
            async with self._engine.connect() as connection:
                yield connection

    def _require_open(self) -> None:
        # A disposed engine would quietly connect again, and nobody would close that connection.
        if self._closed:
            raise DatabaseUnavailable(self.location, "it was closed")


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
        return create_sqlite_engine(parsed)
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
