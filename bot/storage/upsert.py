"""Upsert, for which SQLAlchemy Core has no portable statement."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Insert, Table


@cache
def upsert(dialect: str, table: Table) -> Insert:
    """Return an INSERT that replaces the row with the same primary key.

    `dialect` is `sqlite` or `postgresql`. Both have the clause, in different classes; only the
    one in use is imported, which saves memory. Built for each guild anew, the statements would be
    half of what a guild costs.
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
