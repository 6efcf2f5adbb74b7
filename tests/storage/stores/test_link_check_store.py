"""The check of all links of a guild, as stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.storage.database import Database
from bot.storage.stores.link_check_store import LinkCheck, LinkCheckStore

GUILD, OTHER_GUILD = 700_000_000_000_000_001, 700_000_000_000_000_002
NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
HOUR = timedelta(hours=1)


async def test_checks(database: Database) -> None:
    checks = LinkCheckStore(database)
    assert await checks.get(GUILD) is None
    first = LinkCheck(GUILD, 9, NOON)
    await checks.save(first)
    await checks.save(LinkCheck(OTHER_GUILD, 9, NOON, NOON + HOUR, stopped=True, told=True))
    assert await checks.get(GUILD) == first
    await checks.save(replace(first, finished_at=NOON + HOUR))
    assert await checks.get(GUILD) == LinkCheck(GUILD, 9, NOON, NOON + HOUR)
