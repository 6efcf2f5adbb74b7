"""Lone rows of SQLite, written in the event loop's own thread.

An attach is written down three times before it is answered. Without an fsync, a row is in the
write-ahead log at once: handing it to the driver's thread and back takes several times as long.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.sqlite import dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.sql.dml import UpdateBase

_DIALECT = dialect()


class LoneRow:
    """A statement about one row, compiled once.

    Args:
        columns: those that an INSERT fills.
    """

    def __init__(self, statement: UpdateBase, columns: Sequence[str] = ()) -> None:
        """Spell the `statement` as SQLite's driver takes it."""
        compiled = statement.compile(dialect=_DIALECT, column_keys=columns)
        self.sql = compiled.string
        self._constants = compiled.params
        self._places = [
            (name, compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name in compiled.positiontup or ()
        ]

    def values(self, row: Mapping[str, Any]) -> list[object]:
        """Return what is bound to each place of `sql`."""
        given = {**self._constants, **row}
        return [
            store(given[name]) if store else given[name]  # as its type is stored
            for name, store in self._places
        ]


class DirectWriter:
    """A connection to a SQLite file beside the one for everything else; it waits for nothing."""

    def __init__(self, file: Path) -> None:
        """Open an existing `file`; raise sqlite3.Error where that is not possible."""
        # Each statement is a transaction; while another connection writes, this one is refused.
        self._connection = sqlite3.connect(file, timeout=0, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        # A checkpoint waits for the disk, so it is left to the other connection.
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")

    def write(self, lone: LoneRow, row: Mapping[str, Any]) -> int | None:
        """Write a row; return the id that an INSERT gave it, None if nothing was written.

        That is no fault: whoever can wait tries again, and is told what is wrong.
        """
        try:
            return self._connection.execute(lone.sql, lone.values(row)).lastrowid or 0
        except sqlite3.OperationalError:  # the file is locked, the disk is full
            return None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
