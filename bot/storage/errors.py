"""The errors of the database. They carry data; the docstring is the default message."""

from __future__ import annotations

import sqlite3

from sqlalchemy import exc

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_SQLITE_CORRUPT = 11
_SQLITE_NOTADB = 26


class StorageError(Exception):
    """The database {location} refused a statement: {reason}."""

    def __init__(self, location: str, reason: str = "") -> None:
        """Take the printable `location` (no password) and the driver's short `reason`."""
        super().__init__(location, reason)
        self.location = location
        self.reason = reason

    def __str__(self) -> str:
        """Return the message in one line, with what to do about it."""
        return " ".join((type(self).__doc__ or "").split()).format_map(vars(self))


class DatabaseUnavailable(StorageError):
    """The database {location} cannot be used: {reason}.

    Check the path, its permissions, the free disk space, and that no other program holds it.
    """


class NotADatabase(StorageError):
    """{location} is not a usable database: {reason}.

    Restore a backup, or move the file away to start with an empty one.
    """


class DatabaseTooNew(StorageError):
    """The database {location} is from a newer version of this bot (revision {revision}).

    Update the bot, or restore the backup made before the update.
    """

    def __init__(self, location: str, revision: str) -> None:
        """Take the `revision` of the database, which no migration of this version knows."""
        super().__init__(location)
        self.revision = revision
        self.args = (location, revision)


class LinksChanged(StorageError):
    """The links in {location} have changed meanwhile, so that nothing was written. Try again."""


# What a driver raises, or SQLAlchemy for it; some drivers do not wrap the network's own errors.
DRIVER_ERRORS = (exc.DBAPIError, exc.TimeoutError, sqlite3.Error, OSError)


def storage_error(location: str, error: Exception) -> StorageError:
    """Return the StorageError for one of `DRIVER_ERRORS`; `location` has no password."""
    match error:
        case exc.DBAPIError():
            return _from_driver(location, error, error.orig)
        case exc.TimeoutError():
            return DatabaseUnavailable(location, "it is too busy")
        case OSError():
            return DatabaseUnavailable(location, error.strerror or str(error))
        case _:
            return _from_driver(location, error, error)


def _from_driver(location: str, error: Exception, original: BaseException | None) -> StorageError:
    """Sort one driver error into the family; `original` is the driver's own."""
    reason = str(original).strip().partition("\n")[0]
    # Extended codes keep the primary one in their low byte.
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if code in {_SQLITE_CORRUPT, _SQLITE_NOTADB}:
        return NotADatabase(location, reason)
    if isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
        return StorageError(location, reason)
    return DatabaseUnavailable(location, reason)
