"""The types of the columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy.dialects import registry

from bot.storage.tables import UtcDateTime

NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
POSTGRES = registry.load("postgresql")()


def test_times_keep_their_zone() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    assert UtcDateTime().process_result_value(berlin, POSTGRES) == NOON
    assert UtcDateTime().process_result_value(None, POSTGRES) is None
    assert UtcDateTime().process_bind_param(None, POSTGRES) is None
