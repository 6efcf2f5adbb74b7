"""Check whether a database can be used, without changing it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exc, make_url

from bot.storage.database import Database
from bot.storage.engine import sqlite_file
from bot.storage.errors import DatabaseTooNew, DatabaseUnavailable
from bot.storage.schema import HEAD, check_writable, is_known, stored_revision


@dataclass(frozen=True, slots=True)
class Health:
    """A database that can be read and written.

    Attributes:
        location: printable, without a password.
        revision: of its schema; None if it has no tables yet.
        latest_revision: the revision to which this version of the bot migrates it.
        free_bytes: left on the disk of a SQLite file; None for other databases.
    """

    location: str
    revision: str | None
    latest_revision: str
    free_bytes: int | None


async def examine(database: Database) -> Health:
    """Check an open database.

    Raises:
        StorageError: it cannot be read or written, or belongs to a newer version of the bot.
    """
    async with database.begin() as connection:  # takes the write lock
        revision = await connection.run_sync(stored_revision)
        if revision is not None:
            await connection.run_sync(check_writable)
    if revision is not None and not is_known(revision):
        raise DatabaseTooNew(database.location, revision)
    return Health(database.location, revision, HEAD, _free_bytes(database.file))


async def examine_at(url: str) -> Health:
    """Check the database at a `url`; a missing SQLite file is not created.

    Raises:
        StorageError: as for `examine`, or it could not be created.
    """
    with suppress(exc.ArgumentError):  # opening the database will report it
        file = sqlite_file(make_url(url))
        if file is not None and not file.exists():
            return _health_of_new_file(file)
    database = Database.unmigrated(url)
    try:
        return await examine(database)
    finally:
        await database.close()


def _health_of_new_file(file: Path) -> Health:
    folder = _nearest_existing(file.parent)
    if not folder.is_dir():
        raise DatabaseUnavailable(str(file), f"{folder} is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseUnavailable(str(file), f"{folder} may not be written to")
    return Health(str(file), None, HEAD, _free_bytes(file))


def _nearest_existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())


def _free_bytes(file: Path | None) -> int | None:
    return shutil.disk_usage(_nearest_existing(file.parent)).free if file is not None else None
