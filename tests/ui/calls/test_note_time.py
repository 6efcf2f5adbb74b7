"""When a note was written: certain, or not said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.calls.note_time import note_time

SEEN = datetime(2026, 6, 1, 23, 50, tzinfo=UTC)
CONFIRMED = SEEN + timedelta(minutes=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01T23:55:00Z", datetime(2026, 6, 1, 23, 55, tzinfo=UTC)),
        ("2020-01-01T10:00:00.123+02:00", datetime(2020, 1, 1, 8, 0, 0, 123000, tzinfo=UTC)),
        ("2026-06-01 23:55", datetime(2026, 6, 1, 23, 55, tzinfo=UTC)),
        ("23:55:00", datetime(2026, 6, 1, 23, 55, tzinfo=UTC)),
        ("0:12", datetime(2026, 6, 2, 0, 12, tzinfo=UTC)),
        ("23:45:30", datetime(2026, 6, 1, 23, 45, 30, tzinfo=UTC)),
    ],
)
def test_a_certain_moment(text: str, expected: datetime) -> None:
    assert note_time(text, SEEN, CONFIRMED) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "12", "20260601", "25:00:00", "23:61", "12:00:00", "21:55:00", "01:55:00"),
        *("2026-02-30T10:00:00Z", "2026-06-01T25:00:00Z", "٢٣:٥٥"),
    ],
)
def test_what_is_not_certain_is_not_told(text: str) -> None:
    assert note_time(text, SEEN, CONFIRMED) is None


@given(
    st.integers(0, 10**9).map(lambda one: SEEN + timedelta(seconds=one)),
    st.integers(0, 50),
    st.integers(50, 55),
    st.integers(1, 11).flatmap(lambda one: st.sampled_from([one, -one])),
)
def test_another_time_zone_is_never_taken_for_utc(seen, written, confirmed, zone) -> None:
    moment = (seen + timedelta(minutes=written)).replace(microsecond=0)
    end = seen + timedelta(minutes=confirmed)
    assert note_time(moment.strftime("%H:%M:%S"), seen, end) == moment
    elsewhere = moment.astimezone(timezone(timedelta(hours=zone)))
    found = note_time(elsewhere.strftime("%H:%M:%S"), seen, end)
    # An hour to the side can fall into the minutes of tolerance, and nothing else.
    assert found is None or abs(zone) == 1


@given(st.text(max_size=30), st.datetimes(timezones=st.just(UTC)))
def test_no_text_is_an_error(text: str, seen: datetime) -> None:
    note_time(text, seen, seen)
