"""A link and its row."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from sqlalchemy import insert

from bot.common.steam_id import identity
from bot.storage.database import Database
from bot.storage.stores.link_row import LINKS, Link, LinkSource, link_from_row, row_values
from bot.storage.tables import links

NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
FULL = Link(
    1,
    2,
    "STEAM:1100001343A206F",
    3,
    NOON,
    LinkSource.CAD,
    account_name="Pat",
    account_uuid="0b2c",
    proven_at=NOON,
    checked_at=NOON,
    other_account="Alex",
)


def test_the_columns_are_the_fields_in_their_order():
    assert [column.name for column in LINKS.selected_columns] == [one.name for one in fields(Link)]


def test_a_row_has_a_value_for_every_column():
    values = row_values(FULL)
    assert values.keys() == {column.name for column in links.columns}
    assert values.pop("identity") == identity(FULL.api_id)
    assert values == {one.name: getattr(FULL, one.name) for one in fields(Link)}


async def test_a_link_is_read_as_it_was_written(database: Database):
    least = Link(1, 3, "license:abc", 3, NOON)
    async with database.begin() as connection:
        await connection.execute(insert(links), [row_values(FULL), row_values(least)])
    async with database.connect() as connection:
        rows = await connection.execute(LINKS.order_by(links.c.discord_id))
        assert [link_from_row(row) for row in rows] == [FULL, least]


def test_the_sources_as_they_are_stored():
    assert {source.value for source in LinkSource} == {"person", "import", "cad"}
