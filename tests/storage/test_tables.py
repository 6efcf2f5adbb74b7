"""The names of what the tables hold."""

from __future__ import annotations

from bot.storage.tables import metadata


def test_every_constraint_has_a_name() -> None:
    """A migration can drop only what has a name."""
    for table in metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints)
        assert all(index.name for index in table.indexes)
