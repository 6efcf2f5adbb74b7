"""One bot acts for a database: two that work on the same orders would do each of them twice."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Protocol

from bot.storage.errors import DatabaseInUse, storage_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection


class Ownership(Protocol):
    """Whether this process may act for a database.

    Attributes:
        trusted_for: returns the seconds for which certainly no other process owns the database,
            0 once the ownership is over; None where it ends with the process.
        now: returns the present moment by the clock of the database, once the ownership has begun;
            None where that is the machine's.
        quiet: how many seconds before the end of the trust no request to the CAD begins, so that
            the next owner does not look at the CAD while it still works on one.
        follows: whether another process was the owner until this one became it.
    """

    @property
    def trusted_for(self) -> Callable[[], float] | None: ...
    @property
    def now(self) -> Callable[[], datetime] | None: ...
    @property
    def quiet(self) -> float: ...
    @property
    def follows(self) -> bool: ...

    async def acquire(self, *, stands_by: bool) -> None:
        """Become the owner of the migrated database; one that stands by waits until it can.

        Raises:
            DatabaseInUse: another process is the owner.
            StorageError: the database cannot be used.
        """

    async def fence(self, connection: AsyncConnection) -> None:
        """Keep other processes from becoming the owner until the end of a transaction.

        Raises:
            OwnershipLost: this process is not the owner any more.
        """

    async def wait_lost(self) -> None:
        """Wait until the ownership is over."""

    async def release(self) -> None:
        """Let another process become the owner."""


class SoleOwner:
    """Owns a database for as long as it likes: a SQLite file by a lock, others unasked.

    The lock is on a file beside the database, for other programs may read and write the database
    itself. The end of the process unlocks it too.
    """

    trusted_for = None
    now = None
    quiet = 0.0
    follows = False

    def __init__(self, lock: sqlite3.Connection | None = None) -> None:
        self._lock = lock

    @classmethod
    def of_file(cls, file: Path, location: str) -> SoleOwner:
        """Own a SQLite file, which the lock keeps from others before it is migrated.

        Raises:
            DatabaseInUse: another process holds the lock.
            StorageError: the lock cannot be tried.
        """
        try:
            # SQLite's own lock is there on every system.
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
        return cls(connection)

    async def acquire(self, *, stands_by: bool) -> None:
        """Do nothing: no other process can be the owner."""

    async def fence(self, connection: AsyncConnection) -> None:
        """Do nothing: no other process becomes the owner."""

    async def wait_lost(self) -> None:
        """Wait for ever."""
        await asyncio.get_running_loop().create_future()

    async def release(self) -> None:
        """Unlock the file."""
        if self._lock is not None:
            self._lock.close()
