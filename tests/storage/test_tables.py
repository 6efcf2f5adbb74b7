"""The types of the columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import registry

from bot.storage.tables import UtcDateTime, metadata

NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
POSTGRES, SQLITE = registry.load("postgresql")(), registry.load("sqlite")()


def test_times_keep_their_zone() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    assert UtcDateTime().process_result_value(berlin, POSTGRES) == NOON
    assert UtcDateTime().process_result_value(None, POSTGRES) is None
    assert UtcDateTime().process_bind_param(None, POSTGRES) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), POSTGRES)


def test_times_are_stored_in_utc() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    stored = UtcDateTime().process_bind_param(berlin, POSTGRES)
    assert stored is not None
    assert (stored, stored.tzinfo) == (NOON, UTC)


def test_a_time_that_sqlite_returns_without_its_zone_is_utc() -> None:
    assert UtcDateTime().process_result_value(NOON.replace(tzinfo=None), SQLITE) == NOON


@given(st.datetimes(timezones=st.timezones()))
def test_a_time_is_read_as_the_moment_that_was_written(moment: datetime) -> None:
    utc = moment.astimezone(UTC)
    stored = UtcDateTime().process_bind_param(moment, SQLITE)
    assert stored is not None
    assert UtcDateTime().process_result_value(stored.replace(tzinfo=None), SQLITE) == utc


def test_every_constraint_has_a_name() -> None:
    """A migration can drop only what has a name."""
    for table in metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints)
        assert all(index.name for index in table.indexes)
