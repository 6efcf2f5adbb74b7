"""The events of the push feeds reach the board."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Self

import pytest

from bot.cad.push.event_queue import (
    EventQueue,
    EventsMissed,
    EventsReceived,
    FeedDisconnected,
    FeedItem,
    FeedRefused,
)
from bot.cad.push.events import CallsClosed, Event, UnitsAttached
from bot.common.clock import SYSTEM_CLOCK
from bot.services.board.live_board import Board
from bot.services.board.push_listener import FeedStatus, PushListener
from bot.services.cad_servers import CadServers
from sandbox.cad.state import seed
from tests.manual_clock import ManualClock


class ScriptedFeed(AsyncIterator[FeedItem]):
    """A feed that receives the items of a test."""

    def __init__(self, *items: FeedItem) -> None:
        self.inbox = EventQueue()
        self.items = items

    async def start(self) -> None:
        for item in self.items:
            self.inbox.put(item)

    async def stop(self) -> None:
        self.inbox.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedItem:
        return await self.inbox.get()


class AskedBoard(Board):
    """A board that only records the events and refreshes."""

    def __init__(self) -> None:
        self.applied: list[tuple[int, object]] = []
        self.asked: list[int] = []
        self.unheard: list[int] = []

    def hear(self, server_id: int, events: Iterable[Event]) -> None:
        self.applied += [(server_id, event) for event in events]

    def force_refresh(self, server_id):
        self.asked.append(server_id)

    def stop_hearing(self, server_id: int) -> None:
        self.unheard.append(server_id)


def unheard(_events: Sequence[Event]) -> None: ...


ONE = CadServers(1, {1: ""})
TWO = CadServers(1, {1: "Los Santos", 2: ""})
CLOSED = CallsClosed((seed.ARMED_ROBBERY,))
ATTACHED = UnitsAttached(seed.TRAFFIC_STOP, (1,))


async def test_events_change_the_picture_of_their_server() -> None:
    board = AskedBoard()
    feed = ScriptedFeed(
        EventsReceived(None, (CLOSED,)),
        EventsReceived(2, (ATTACHED, CLOSED)),
    )
    heard: list[Event] = []
    watch = PushListener(board, [feed], servers=TWO, on_events=heard.extend, clock=SYSTEM_CLOCK)
    await watch.start()
    await watch.close()
    assert board.applied == [(1, CLOSED), (2, ATTACHED), (2, CLOSED)]
    assert heard == [CLOSED, ATTACHED, CLOSED]


@pytest.mark.parametrize(
    ("missed", "refreshed"), [(None, [1, 2]), (1, [1]), (2, [2]), (3, [])], ids=str
)
async def test_missed_events_refresh_the_servers_that_they_may_concern(
    missed: int | None, refreshed: list[int]
) -> None:
    board = AskedBoard()
    watch = PushListener(
        board,
        [ScriptedFeed(EventsMissed(missed))],
        servers=TWO,
        on_events=unheard,
        clock=SYSTEM_CLOCK,
    )
    await watch.start()
    await watch.close()
    assert board.asked == refreshed


async def test_a_lost_feed_and_a_refused_key_are_said(caplog) -> None:
    board = AskedBoard()
    feed = ScriptedFeed(FeedDisconnected(None, "silence"), FeedRefused(1, "INVALID KEY"))
    watch = PushListener(board, [feed], servers=TWO, on_events=unheard, clock=SYSTEM_CLOCK)
    with caplog.at_level(logging.WARNING):
        await watch.start()
        await watch.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "silence" in caplog.text
    assert "INVALID KEY" in caplog.text
    assert board.unheard == [1, 2, 1]  # polled as without push events


async def test_the_feeds_do_not_end_with_the_task_that_started_them() -> None:
    board = AskedBoard()
    feed = ScriptedFeed()
    watch = PushListener(board, [feed], servers=ONE, on_events=unheard, clock=SYSTEM_CLOCK)
    await asyncio.create_task(watch.start())
    feed.inbox.put(EventsReceived(None, (CLOSED,)))
    await watch.close()
    assert board.applied == [(1, CLOSED)]


async def test_how_it_goes_with_each_feed_is_known() -> None:
    now = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
    lost, refused = FeedDisconnected(1, "silence"), FeedRefused(1, "INVALID KEY")
    feeds = [
        ScriptedFeed(),
        ScriptedFeed(EventsMissed(None)),
        ScriptedFeed(lost),
        ScriptedFeed(refused, EventsMissed(None)),
        ScriptedFeed(lost, EventsReceived(None, (CLOSED,))),
        ScriptedFeed(EventsReceived(None, (CLOSED,)), refused),
    ]
    watch = PushListener(
        AskedBoard(), feeds, servers=ONE, on_events=unheard, clock=ManualClock(now.timestamp())
    )
    await watch.start()
    await watch.close()
    assert watch.feed_statuses == [
        FeedStatus(now),
        FeedStatus(now),
        FeedStatus(now, problem=lost),
        FeedStatus(now),
        FeedStatus(now, last_event_at=now),
        FeedStatus(now, last_event_at=now, problem=refused),
    ]


class StumblingBoard(AskedBoard):
    def hear(self, server_id: int, events: Iterable[Event]) -> None:
        if CLOSED in events:
            raise RuntimeError("unexpected")
        self.applied += [(server_id, event) for event in events]


async def test_an_event_that_trips_the_board_does_not_end_the_feed(caplog) -> None:
    caplog.set_level(logging.INFO)
    board = StumblingBoard()
    feed = ScriptedFeed(
        *[EventsReceived(None, (CLOSED,))] * 500, *[EventsReceived(None, (ATTACHED,))] * 2
    )
    watch = PushListener(board, [feed], servers=ONE, on_events=unheard, clock=SYSTEM_CLOCK)
    await watch.start()
    await watch.close()
    assert board.applied == [(1, ATTACHED)] * 2
    assert board.asked == [1] * 500
    failed, again = caplog.records
    assert (failed.levelname, bool(failed.exc_info)) == ("ERROR", True)
    assert again.getMessage() == "push events can be applied again"
