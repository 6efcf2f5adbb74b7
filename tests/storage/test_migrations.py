from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import bot.storage
from bot.storage.database import upgrade
from bot.storage.schema import HEAD
from bot.storage.tables import metadata

if TYPE_CHECKING:
    from typing import Any

NEW_REQUEST = (
    "INSERT INTO link_requests (id, guild_id, discord_id, api_id, asked_by, asked_at, state,"
    " holders, application_id) VALUES (:id, 1, 2, :api_id, 2, '2026-01-01 00:00:00', 'pending',"
    " ',', 3)"
)
MIGRATIONS = Path(bot.storage.__file__).parent / "migrations"


def config(**attributes: Any) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def shape(file: Path) -> dict[str, Any]:
    """Return the columns, the indexes and the sequence of each table in SQLite."""
    raw = sqlite3.connect(file)
    tables = [
        name
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        # SQLite keeps the table of sequences once it has one.
        if name not in {"alembic_version", "sqlite_sequence"}
    ]
    shapes: dict[str, Any] = {}
    for table in tables:
        indexes = raw.execute(f"PRAGMA index_list({table})").fetchall()
        (sql,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchone()
        shapes[table] = (
            raw.execute(f"PRAGMA table_info({table})").fetchall(),
            raw.execute(f"PRAGMA foreign_key_list({table})").fetchall(),
            {
                # The sequence number in front depends on the order of creation.
                index[1:]: raw.execute(f"PRAGMA index_info({index[1]})").fetchall()
                for index in indexes
            },
            "AUTOINCREMENT" in sql,
        )
    raw.close()
    return shapes


async def test_migrated_and_fresh_schemas_are_equal(file: Path, url: str, tmp_path: Path) -> None:
    await upgrade(url)
    fresh = tmp_path / "fresh.db"
    engine = create_engine(f"sqlite:///{fresh}")
    metadata.create_all(engine)
    engine.dispose()
    assert shape(file) == shape(fresh)

    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_every_migration_can_be_taken_back(file: Path, url: str) -> None:
    await upgrade(url)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        command.downgrade(config(connection=connection), "base")
    engine.dispose()
    assert shape(file) == {}
    assert await upgrade(url) == (None, HEAD)


async def test_rows_keep_their_ids_and_no_id_is_given_again(file: Path, url: str) -> None:
    await upgrade(url)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        command.downgrade(config(connection=connection), "0008")
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute(NEW_REQUEST, {"id": 7, "api_id": "steam:7"})
    assert await upgrade(url) == ("0008", HEAD)
    with closing(sqlite3.connect(file)) as raw, raw:
        assert raw.execute("SELECT id, api_id FROM link_requests").fetchall() == [(7, "steam:7")]
        raw.execute("DELETE FROM link_requests")
        raw.execute(NEW_REQUEST, {"id": None, "api_id": "steam:8"})
        assert raw.execute("SELECT id FROM link_requests").fetchall() == [(8,)]
    engine.dispose()


async def test_cards_of_before_belong_to_no_guild(file: Path, url: str) -> None:
    await upgrade(url)
    engine = create_engine(f"sqlite:///{file}")
    new = (
        "INSERT INTO cards (server_id, kind, call_id, channel_id, first_seen_at, pinged, message_id"
        "{column}) VALUES (1, '911', 100, 5, '2026-01-01 00:00:00', 0, 77{value})"
    )
    with closing(sqlite3.connect(file)) as raw, raw:
        for guild in (10, 11):
            raw.execute(new.format(column=", guild_id", value=f", {guild}"))
    with engine.begin() as connection:
        command.downgrade(config(connection=connection), "0009")
    with closing(sqlite3.connect(file)) as raw, raw:
        assert raw.execute("SELECT count(*) FROM cards").fetchone() == (1,)
    assert await upgrade(url) == ("0009", HEAD)
    with closing(sqlite3.connect(file)) as raw, raw:
        found = raw.execute("SELECT guild_id, message_id FROM cards").fetchall()
        assert found == [(0, 77)]
    engine.dispose()
