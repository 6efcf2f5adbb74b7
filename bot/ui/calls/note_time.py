"""Tells when a note was written, from the text that the CAD gives. Pure.

Source: docs/sonoran-cad.md, "Call": ISO 8601 in v2, a time of day without date and zone in v1.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_TOLERANCE = timedelta(minutes=10)  # between the clocks of the CAD and of the bot


def note_time(text: str, first_seen_at: datetime, confirmed_at: datetime) -> datetime | None:
    """Return the moment that the time of a note means; None if that is not certain.

    A time of day counts as UTC if the note then lies between the moment when the bot first saw
    the call and the last confirmation: a note in another time zone would hardly fall there.
    """
    try:
        if _ISO.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if found := _TIME_OF_DAY.fullmatch(text):
            earliest = first_seen_at.astimezone(UTC) - _TOLERANCE
            hour, minute, second = (int(part or 0) for part in found.groups())
            moment = earliest.replace(hour=hour, minute=minute, second=second, microsecond=0)
            if moment < earliest:
                moment += timedelta(days=1)
            return moment if moment <= confirmed_at + _TOLERANCE else None
    except (ValueError, OverflowError):
        return None  # 25:00, or a day that does not exist
    return None
