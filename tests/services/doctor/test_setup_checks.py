"""What there is to say about database and push events; the rest is in tests/process/test_doctor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.cad.push.event_queue import FeedLost, FeedRefused
from bot.services.board.push_listener import Listening
from bot.services.doctor import setup_checks
from bot.services.doctor.findings import Level, What
from bot.services.doctor.setup_checks import SILENCE
from bot.storage.health import Health

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
NEVER = Listening(NOW - SILENCE)


@pytest.mark.parametrize(
    ("listening", "what", "level"),
    [
        (NEVER, What.EVENTS_SILENT, Level.OK),
        (Listening(NOW - SILENCE - timedelta(seconds=1)), What.EVENTS_SILENT, Level.WARNING),
        (Listening(NOW, last=NOW), What.EVENTS_HEARD, Level.OK),
        (Listening(NOW, trouble=FeedLost(1, "gone")), What.EVENTS_LOST, Level.WARNING),
        (Listening(NOW, NOW, FeedRefused(1, "bad key")), What.EVENTS_REFUSED, Level.FAULT),
    ],
)
def test_a_feed(listening: Listening, what: What, level: Level) -> None:
    (found,) = setup_checks.heard({"SONORAN_WEBSOCKET": listening}, NOW)
    assert (found.what, found.level, found.data["name"]) == (what, level, "SONORAN_WEBSOCKET")


def test_no_feed() -> None:
    (found,) = setup_checks.heard({}, NOW)
    assert (found.what, found.level) == (What.EVENTS_POLLED, Level.OK)


def test_two_feeds_are_told_apart() -> None:
    found = setup_checks.heard({"PUSH_LISTEN": NEVER, "SONORAN_WEBSOCKET": NEVER}, NOW)
    assert [one.data["name"] for one in found] == ["PUSH_LISTEN", "SONORAN_WEBSOCKET"]


@pytest.mark.parametrize(
    ("revision", "what"),
    [
        ("0009", What.DATABASE_FINE),
        ("0003", What.DATABASE_OLD),
        (None, What.DATABASE_NEW),
    ],
)
async def test_a_database_that_the_bot_can_use(revision: str | None, what: What) -> None:
    async def examine() -> Health:
        return Health("x.db", revision, "0009", None)

    (found,) = await setup_checks.database(examine)
    assert (found.what, found.level) == (what, Level.OK)
