"""The errors of the database. They carry data; the docstring is the default message."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import exc

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def translate_errors(location: str) -> Iterator[None]:
    """Translate the driver's errors in the block into a `StorageError` with `location`."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _from_driver(location, error) from error
    except exc.TimeoutError as error:
        raise DatabaseUnavailable(location, "it is too busy") from error
    except sqlite3.Error as error:
        raise DatabaseUnavailable(location, str(error)) from error
    except OSError as error:  # some drivers do not wrap network errors
        raise DatabaseUnavailable(location, error.strerror or str(error)) from error


def _from_driver(location: str, error: exc.DBAPIError) -> StorageError:
    """Return the StorageError for one driver error."""
    reason = str(error.orig).strip().partition("\n")[0]
    # Extended codes keep the primary one in their low byte.
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in {_SQLITE_CORRUPT, _SQLITE_NOTADB}:
        return NotADatabase(location, reason)
    if isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
        return StorageError(location, reason)
    return DatabaseUnavailable(location, reason)
