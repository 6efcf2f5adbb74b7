"""The checks of database and push events; the others are in tests/process/test_doctor.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.cad.push.event_queue import FeedDisconnected, FeedRefused
from bot.services.board.push_listener import FeedStatus
from bot.services.doctor import setup_checks
from bot.services.doctor.findings import FindingCode, Level
from bot.services.doctor.setup_checks import FEED_SILENCE
from bot.storage.health import Health

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
NEVER = FeedStatus(NOW - FEED_SILENCE)


@pytest.mark.parametrize(
    ("listening", "what", "level"),
    [
        (NEVER, FindingCode.EVENTS_SILENT, Level.OK),
        (
            FeedStatus(NOW - FEED_SILENCE - timedelta(seconds=1)),
            FindingCode.EVENTS_SILENT,
            Level.WARNING,
        ),
        (FeedStatus(NOW, last_event_at=NOW), FindingCode.EVENTS_RECEIVED, Level.OK),
        (
            FeedStatus(NOW, problem=FeedDisconnected(1, "gone")),
            FindingCode.EVENTS_LOST,
            Level.WARNING,
        ),
        (FeedStatus(NOW, NOW, FeedRefused(1, "bad key")), FindingCode.EVENTS_REFUSED, Level.FAULT),
    ],
)
def test_a_feed(listening: FeedStatus, what: FindingCode, level: Level) -> None:
    (found,) = setup_checks.feed_findings({"SONORAN_WEBSOCKET": listening}, NOW)
    assert (found.code, found.level, found.data["name"]) == (what, level, "SONORAN_WEBSOCKET")


def test_no_feed() -> None:
    (found,) = setup_checks.feed_findings({}, NOW)
    assert (found.code, found.level) == (FindingCode.EVENTS_POLLED, Level.OK)


def test_two_feeds_are_told_apart() -> None:
    found = setup_checks.feed_findings({"PUSH_LISTEN": NEVER, "SONORAN_WEBSOCKET": NEVER}, NOW)
    assert [one.data["name"] for one in found] == ["PUSH_LISTEN", "SONORAN_WEBSOCKET"]


@pytest.mark.parametrize(
    ("revision", "what"),
    [
        ("0009", FindingCode.DATABASE_FINE),
        ("0003", FindingCode.DATABASE_OLD),
        (None, FindingCode.DATABASE_NEW),
    ],
)
async def test_a_database_that_the_bot_can_use(revision: str | None, what: FindingCode) -> None:
    async def examine() -> Health:
        return Health("x.db", revision, "0009", None)

    (found,) = await setup_checks.database_findings(examine)
    assert (found.code, found.level) == (what, Level.OK)
