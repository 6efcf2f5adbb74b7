"""Insert or replace, in one statement."""

from __future__ import annotations

from sqlalchemy.dialects import registry

from bot.storage.tables import links
from bot.storage.upsert import upsert

POSTGRES = registry.load("postgresql")()


def test_upsert() -> None:
    sql = str(upsert("postgresql", links).compile(dialect=POSTGRES))
    assert "ON CONFLICT (guild_id, discord_id) DO UPDATE SET api_id = excluded.api_id" in sql
