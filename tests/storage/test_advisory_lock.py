"""The lock that keeps two claims of one id apart."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import registry

from bot.storage.advisory_lock import _LOCK, acquire_lock
from bot.storage.database import Database
from bot.storage.stores.link_store import _SAME_PERSON_OR_ID


def test_postgres_keeps_two_who_claim_at_once_apart() -> None:
    dialect = registry.load("postgresql")()
    assert "pg_advisory_xact_lock(hashtextextended(" in str(_LOCK.compile(dialect=dialect))
    assert str(_SAME_PERSON_OR_ID.compile(dialect=dialect)).endswith("FOR UPDATE")


@pytest.mark.sqlite
async def test_sqlite_needs_no_lock_beside_its_own(database: Database) -> None:
    async with database.begin() as connection:
        await acquire_lock(connection, "the same")
        await acquire_lock(connection, "the same")
