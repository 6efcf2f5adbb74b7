"""The SignalR feed against the pretend CAD's hub: it reconnects after every fault."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from aiohttp import web

from bot.cad.push.event_queue import (
    EventsMissed,
    EventsReceived,
    FeedDisconnected,
    FeedItem,
    FeedRefused,
)
from bot.cad.push.events import CallNoteAdded, UnitStatusChanged
from bot.cad.push.signalr_connection import SignalRTimeouts
from bot.cad.push.signalr_feed import BACKOFF, SignalRFeed
from bot.common.clock import Clock
from sandbox.cad.api.matching_units import Target
from sandbox.cad.server import CadServer
from sandbox.cad.state.models import CallForm
from sandbox.cad.state.seed import API_KEY, ARMED_ROBBERY, COMMUNITY_ID, build_world
from tests.cad.lifetimes import running
from tests.deadlines import HANG_TIMEOUT


@dataclass
class Pauses(Clock):
    """The feed's clock: the test ends each sleep, and the clock advances by its length."""

    seconds: float = 0.0
    fault: Exception | None = None  # raised by the next look at the clock
    asked: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    granted: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    def monotonic(self) -> float:
        if fault := self.fault:
            self.fault = None
            raise fault
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.asked.put_nowait(seconds)
        await self.granted.get()

    async def reached(self) -> float:
        """Wait until the feed sleeps, and return the seconds of the sleep."""
        async with asyncio.timeout(HANG_TIMEOUT):
            return await self.asked.get()

    def end(self, seconds: float) -> None:
        self.seconds += seconds
        self.granted.put_nowait(None)

    async def over(self) -> float:
        """Wait until the feed sleeps, and end the sleep."""
        seconds = await self.reached()
        self.end(seconds)
        return seconds


@pytest.fixture
async def cad() -> AsyncIterator[CadServer]:
    async with CadServer(build_world()) as server:
        yield server


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def make(cad: CadServer, pauses: Pauses) -> Callable[..., SignalRFeed]:
    return partial(
        SignalRFeed,
        cad.url,
        COMMUNITY_ID,
        API_KEY,
        1,
        timing=SignalRTimeouts(answer=5),
        clock=pauses,
        jitter=lambda: 1.0,
    )


@pytest.fixture
async def feed(make: Callable[..., SignalRFeed]) -> AsyncIterator[SignalRFeed]:
    async with running(make()) as feed:
        yield feed


async def heard(feed: SignalRFeed) -> FeedItem:
    async with asyncio.timeout(HANG_TIMEOUT):
        return await anext(feed)


def note(cad: CadServer, text: str = "Shots fired") -> None:
    cad.world.add_note(cad.world.server(COMMUNITY_ID), ARMED_ROBBERY, text)


async def hears_a_note(cad: CadServer, feed: SignalRFeed) -> bool:
    note(cad)
    item = await heard(feed)
    return isinstance(item, EventsReceived) and isinstance(item.events[0], CallNoteAdded)


@pytest.mark.parametrize("as_text", [False, True])
async def test_a_session_begins_with_a_gap_and_then_tells(
    cad: CadServer, feed: SignalRFeed, as_text: bool
) -> None:
    cad.hub.faults.payload_as_text = as_text
    assert await heard(feed) == EventsMissed(1)
    cad.world.set_status(cad.world.server(COMMUNITY_ID), Target(ident_ids=(1,)), 3)
    assert await heard(feed) == EventsReceived(1, (UnitStatusChanged((1,), 3),))
    assert [entry.method for entry in cad.hub.authentications] == ["authenticatev2"]


async def test_a_lost_connection_is_told_made_again_and_followed_by_a_gap(
    cad: CadServer, feed: SignalRFeed, pauses: Pauses
) -> None:
    for _ in range(2):
        assert await heard(feed) == EventsMissed(1)
        cad.hub.abort_all()
        assert await heard(feed) == FeedDisconnected(1, "the connection broke")
        await pauses.over()
    assert await heard(feed) == EventsMissed(1)
    assert await hears_a_note(cad, feed)
    assert len(cad.hub.authentications) == 3
    assert cad.hub.sessions == ((COMMUNITY_ID, 1),)


async def test_a_fault_of_the_bot_in_a_session_does_not_end_the_feed(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    pauses.fault = RuntimeError(f"a bug with {API_KEY}")
    async with running(make()) as feed:
        assert await heard(feed) == FeedDisconnected(1, "RuntimeError('a bug with …')")
        await pauses.over()
        assert await heard(feed) == EventsMissed(1)
        assert await hears_a_note(cad, feed)


async def test_an_outage_is_told_once_and_asked_about_less_and_less(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    await cad.pause()
    async with running(make()) as feed:
        waits = [await pauses.over() for _ in range(7)]
        last = await pauses.reached()
        assert [*waits, last] == [1, 2, 4, 8, 16, 32, 60, 60]
        assert await heard(feed) == FeedDisconnected(1, "Connection refused")
        await cad.resume()
        pauses.end(last)
        assert await heard(feed) == EventsMissed(1)


async def test_a_session_that_lasted_is_sought_again_soon(
    cad: CadServer, feed: SignalRFeed, pauses: Pauses
) -> None:
    waits = []
    for lasted in (0.0, BACKOFF.longest - 1, BACKOFF.longest, 0.0):
        assert await heard(feed) == EventsMissed(1)
        pauses.seconds += lasted
        cad.hub.abort_all()
        assert isinstance(await heard(feed), FeedDisconnected)
        waits.append(await pauses.over())
    assert waits == [1, 2, 1, 2]


async def test_a_refused_key_is_told_once_and_tried_seldom(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    cad.hub.faults.refuse_keys = True
    async with running(make()) as feed:
        assert [await pauses.over(), await pauses.over()] == [BACKOFF.longest] * 2
        last = await pauses.reached()
        assert await heard(feed) == FeedRefused(1, "INVALID API KEY")
        cad.hub.faults.refuse_keys = False
        pauses.end(last)
        assert await heard(feed) == EventsMissed(1)
        assert await hears_a_note(cad, feed)


async def test_a_key_refused_again_is_told_again(
    cad: CadServer, feed: SignalRFeed, pauses: Pauses
) -> None:
    for _ in range(2):
        cad.hub.faults.refuse_keys = False
        assert await heard(feed) == EventsMissed(1)
        cad.hub.faults.refuse_keys = True
        cad.hub.abort_all()
        assert isinstance(await heard(feed), FeedDisconnected)
        await pauses.over()
        assert isinstance(await heard(feed), FeedRefused)
        cad.hub.faults.refuse_keys = False
        await pauses.over()


@pytest.mark.parametrize("missing", ["authenticatev2", "authenticate"])
async def test_either_way_to_authenticate_will_do(
    cad: CadServer, make: Callable[..., SignalRFeed], missing: str
) -> None:
    cad.hub.faults.missing_methods.add(missing)
    async with running(make()) as feed:
        assert await heard(feed) == EventsMissed(1)
        assert await hears_a_note(cad, feed)


async def test_a_hub_that_gives_no_verdict_does_not_refuse_the_key(
    cad: CadServer, make: Callable[..., SignalRFeed]
) -> None:
    cad.hub.faults.missing_methods.update({"authenticatev2", "authenticate"})
    async with running(make()) as feed:
        item = await heard(feed)
    assert isinstance(item, FeedDisconnected)
    assert "Failed to invoke 'authenticatev2'" in item.reason


async def test_a_connection_without_a_word_is_given_up(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    async with running(make(timing=SignalRTimeouts(answer=5, silence=0.05))) as feed:
        assert await heard(feed) == EventsMissed(1)
        assert await heard(feed) == FeedDisconnected(1, "no word in time")
        await pauses.over()
        assert await heard(feed) == EventsMissed(1)


async def test_a_hub_that_does_not_answer_is_given_up(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    cad.hub.faults.silent = True
    async with running(make(timing=SignalRTimeouts(answer=0.05))) as feed:
        assert await heard(feed) == FeedDisconnected(1, "no word in time")
        cad.hub.faults.silent = False
        await pauses.over()
        assert await heard(feed) == EventsMissed(1)


async def test_garbage_is_passed_over(cad: CadServer, feed: SignalRFeed) -> None:
    assert await heard(feed) == EventsMissed(1)
    await cad.hub.send_garbage()
    assert await hears_a_note(cad, feed)
    assert len(cad.hub.authentications) == 1


async def test_a_goodbye_is_told_without_the_key(
    cad: CadServer, feed: SignalRFeed, pauses: Pauses
) -> None:
    assert await heard(feed) == EventsMissed(1)
    await cad.hub.disconnect_all(f"{API_KEY} is used elsewhere")
    assert await heard(feed) == FeedDisconnected(1, "closed by the hub: … is used elsewhere")
    await pauses.over()
    assert await heard(feed) == EventsMissed(1)


async def test_more_than_fits_becomes_a_gap(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    async with running(make(queue_size=2)) as feed:
        assert await heard(feed) == EventsMissed(1)
        for _ in range(4):
            note(cad)
        await cad.push.settle()
        # The close message comes after the notes: a client that has read it has read them too.
        await cad.hub.disconnect_all("good night")
        await pauses.reached()
        items = [await heard(feed) for _ in range(3)]
        assert [type(item) for item in items] == [EventsReceived, EventsReceived, EventsMissed]


async def test_stopping_ends_the_reading_wherever_it_is(
    cad: CadServer, make: Callable[..., SignalRFeed], pauses: Pauses
) -> None:
    before = asyncio.all_tasks()
    feed = make()
    await asyncio.create_task(feed.start(), context=contextvars.Context())
    assert await heard(feed) == EventsMissed(1)
    reading = asyncio.create_task(_all(feed))
    await feed.stop()
    await feed.stop()
    assert await reading == []
    await cad.pause()
    async with running(make()) as pausing:
        assert isinstance(await heard(pausing), FeedDisconnected)
    assert asyncio.all_tasks() <= before


async def test_a_redirect_is_not_followed(pauses: Pauses, cad: CadServer) -> None:
    async def elsewhere(_: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect(f"{cad.url}/apiWsHub")

    app = web.Application()
    app.add_routes([web.get("/apiWsHub", elsewhere)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with running(SignalRFeed(url, COMMUNITY_ID, API_KEY, 1, clock=pauses)) as feed:
        assert await heard(feed) == FeedDisconnected(1, "HTTP 307")
    await runner.cleanup()
    assert cad.hub.authentications == []


async def test_the_key_is_never_logged_nor_told(
    cad: CadServer, make: Callable[..., SignalRFeed], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(make()) as feed:
        items = [await heard(feed)]
        cad.world.new_dispatch(cad.world.server(COMMUNITY_ID), CallForm(title="Pursuit"))
        items.append(await heard(feed))
        assert API_KEY not in repr((items, feed))
    assert API_KEY not in caplog.text
    # It would log every frame, and shorten the long ones.
    assert "websockets" not in {record.name.partition(".")[0] for record in caplog.records}


async def _all(feed: SignalRFeed) -> list[FeedItem]:
    return [item async for item in feed]
