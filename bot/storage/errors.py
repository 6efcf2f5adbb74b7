"""The errors of the database. They carry data; the docstring is the default message."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from sqlalchemy import exc

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_SQLITE_CORRUPT = 11
_SQLITE_NOTADB = 26
_SQLITE_PASSING = frozenset({5, 6})  # BUSY, LOCKED: another program holds it
_SQLITE_FORBIDDEN = frozenset({3, 8, 14})  # PERM, READONLY, CANTOPEN
# PostgreSQL's classes of codes: connection trouble, too many connections, starting or stopping.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_PASSING = ("08", "53", "57P")


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

    def __init__(self, location: str, reason: str = "", *, may_pass: bool = False) -> None:
        """Take the text, and whether a later attempt `may_pass` although nothing was changed."""
        super().__init__(location, reason)
        self.may_pass = may_pass


class DatabaseInUse(StorageError):
    """Another bot uses the database {location}.

    Stop that one, or give this one a database of its own in DATABASE_URL.
    """


class OwnershipLost(StorageError):
    """Another bot has taken over the database {location}. This one changes nothing any more."""


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


class SecretLocked(StorageError):
    """The secret in {location} cannot be opened: {reason}."""


class ValueNotStorable(StorageError):
    """The database {location} cannot hold a value: {reason}."""


# A text with half a surrogate pair, a number of more than 64 bits: drivers raise Python's own.
_VALUE_ERRORS = (UnicodeEncodeError, OverflowError)
# What a driver raises, or SQLAlchemy for it; some drivers do not wrap the network's own errors.
DRIVER_ERRORS = (exc.DBAPIError, exc.TimeoutError, sqlite3.Error, OSError, *_VALUE_ERRORS)


def storage_error(location: str, error: Exception) -> StorageError:
    """Return the StorageError for one of `DRIVER_ERRORS`; `location` has no password."""
    match error:
        case UnicodeEncodeError():  # its text would repeat the value
            return ValueNotStorable(location, f"{error.reason} in a text")
        case OverflowError() | exc.DataError():
            return ValueNotStorable(location, _first_line(getattr(error, "orig", error)))
        case exc.DBAPIError():
            return _from_driver(location, error, error.orig)
        case exc.TimeoutError():
            return DatabaseUnavailable(location, "it is too busy", may_pass=True)
        case OSError():  # of a server's connection; SQLite has errors of its own
            return DatabaseUnavailable(location, error.strerror or str(error), may_pass=True)
        case _:
            return _from_driver(location, error, error)


def _from_driver(location: str, error: Exception, original: BaseException | None) -> StorageError:
    """Sort one driver error into the family; `original` is the driver's own."""
    reason = _first_line(original)
    # Extended codes keep the primary one in their low byte.
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if code in {_SQLITE_CORRUPT, _SQLITE_NOTADB}:
        return NotADatabase(location, reason)
    if isinstance(error, exc.IntegrityError | exc.ProgrammingError):
        return StorageError(location, reason)
    if code in _SQLITE_FORBIDDEN:
        reason += _ownership(Path(location.removeprefix("file:")))  # as in SQLite's URIs
    may_pass = code in _SQLITE_PASSING or str(getattr(original, "sqlstate", "")).startswith(
        _POSTGRES_PASSING
    )
    return DatabaseUnavailable(location, reason, may_pass=may_pass)


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]


def _ownership(file: Path) -> str:
    """Say to which user a file, or its nearest folder that exists, belongs; empty on Windows."""
    nearest = next((one for one in (file, *file.absolute().parents) if one.exists()), file)
    try:
        owner, user = nearest.stat(), os.getuid()
    except (OSError, AttributeError):
        return ""
    names = f"`{nearest}` belongs to user {owner.st_uid} with {stat.filemode(owner.st_mode)}"
    return f"; {names}, and the bot runs as user {user}"
