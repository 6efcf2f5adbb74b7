"""The one statement that SQLAlchemy Core has no portable form for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Insert, Table


def upsert(dialect: str, table: Table) -> Insert:
    """Build "insert, or replace what has the same primary key" for `dialect`.

    `dialect` is `sqlite` or `postgresql`; they share the clause but not the class, and
    importing the one that is not in use would only cost memory.
    """
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    changes = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    keys = list(table.primary_key.columns)
    result: Insert = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return result
