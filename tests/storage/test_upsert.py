"""Insert or replace, in one statement."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import registry

from bot.storage.database import Database
from bot.storage.tables import command_sync, links
from bot.storage.upsert import upsert

POSTGRES = registry.load("postgresql")()


def test_upsert() -> None:
    sql = str(upsert("postgresql", links).compile(dialect=POSTGRES))
    assert "ON CONFLICT (guild_id, discord_id) DO UPDATE SET api_id = excluded.api_id" in sql


def test_all_stores_of_a_table_share_the_statement() -> None:
    assert upsert("sqlite", links) is upsert("sqlite", links)
    assert upsert("sqlite", links) is not upsert("postgresql", links)
    assert upsert("sqlite", links) is not upsert("sqlite", command_sync)


async def test_the_row_of_the_same_key_is_replaced_and_no_other(database: Database) -> None:
    statement = upsert(database.dialect, command_sync)
    rows = [("1:global", "a"), ("1:2", "b"), ("1:global", "c")]
    for scope, fingerprint in rows:
        async with database.begin() as connection:
            await connection.execute(statement, {"scope": scope, "fingerprint": fingerprint})
    async with database.connect() as connection:
        found = await connection.execute(select(command_sync.c.scope, command_sync.c.fingerprint))
        assert sorted(map(tuple, found)) == [("1:2", "b"), ("1:global", "c")]
