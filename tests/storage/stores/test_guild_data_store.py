from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, func, insert, select
from sqlalchemy.types import TypeDecorator

from bot.config.secret_keys import new_secret_key
from bot.storage.sealing import Sealer
from bot.storage.stores.guild_data_store import GuildDataStore
from bot.storage.stores.guild_store import GuildStore
from bot.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from bot.storage.database import Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "canary"
OF_GUILDS = [one for one in metadata.sorted_tables if "guild_id" in one.columns]


def value(column: Column[Any], guild_id: int) -> object:
    """Return a value for any column; texts of a kind that may hold a secret hold one."""
    if column.name == "guild_id":
        return guild_id
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    match kind:
        case Boolean():
            return True
        case BigInteger() | Integer():
            return guild_id
        case DateTime():
            return NOW
        case LargeBinary():
            return SECRET.encode()
    return SECRET if column.name == "token" else str(guild_id)


@pytest.fixture
async def filled(database: Database) -> Database:
    """A row of guilds 1 and 2 in each table that has guilds."""
    async with database.begin() as connection:
        for table in OF_GUILDS:
            for guild_id in (1, 2):
                row = {one.name: value(one, guild_id) for one in table.columns}
                await connection.execute(insert(table).values(row))
    return database


async def counts(database: Database, *tables: Table) -> list[int]:
    async with database.connect() as connection:
        return [
            await connection.scalar(select(func.count()).select_from(one)) or 0 for one in tables
        ]


async def test_the_export_has_the_rows_of_one_guild_and_no_secret(filled: Database) -> None:
    found = await GuildDataStore(filled).export(1)
    assert found.keys() == {table.name for table in OF_GUILDS}
    assert {"links", "orders", "cards", "guilds"} <= found.keys()
    assert [row["guild_id"] for rows in found.values() for row in rows] == [1] * len(OF_GUILDS)
    assert SECRET not in repr(found)


async def test_a_guild_is_forgotten_in_every_table_and_no_other(filled: Database) -> None:
    store = GuildDataStore(filled)
    assert await store.forget(1) == len(OF_GUILDS)
    assert await counts(filled, *OF_GUILDS) == [1] * len(OF_GUILDS)
    assert await store.forget(1) == 0
    assert all(await store.export(2))


async def test_the_community_goes_with_its_last_guild(database: Database) -> None:
    guilds, communities = GuildStore(database, Sealer([new_secret_key()])), metadata.tables
    for guild_id in (1, 2):
        await guilds.save(guild_id, "sandbox", "key-of-sandbox", "{}", NOW)
    remaining = []
    for guild_id in (1, 2):
        await GuildDataStore(database).forget(guild_id)
        remaining += await counts(database, communities["communities"])
    assert remaining == [1, 0]
