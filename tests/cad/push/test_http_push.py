"""The HTTP push server: what it accepts, what it refuses, and what it does when it is full."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.cad.push import http_push as feed_module
from bot.cad.push.event_queue import (
    EventQueue,
    EventsMissed,
    EventsReceived,
    FeedDisconnected,
    FeedItem,
)
from bot.cad.push.events import CallsClosed, EmergenciesRemoved
from bot.cad.push.http_push import EVENT_PATH, MAX_BODY, RETRY_AFTER, HttpPushServer

KEY = "very-secret"


@pytest.fixture
async def feed() -> AsyncIterator[HttpPushServer]:
    async with HttpPushServer("127.0.0.1", 0, KEY, queue_size=3) as listening:
        yield listening


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


def closed(*call_ids: int, **more: Any) -> dict[str, Any]:
    data = {"callIds": list(call_ids)}
    return {"key": KEY, "type": "EVENT_DISPATCH_CLOSED", "data": data, **more}


def url(feed: HttpPushServer, path: str = EVENT_PATH) -> str:
    return f"http://127.0.0.1:{feed.port}{path}"


async def post(session: aiohttp.ClientSession, feed: HttpPushServer, payload: object) -> int:
    async with session.post(url(feed), data=json.dumps(payload).encode()) as response:
        return response.status


async def heard(feed: HttpPushServer) -> FeedItem:
    async with asyncio.timeout(5):
        return await anext(feed)


async def test_events_come_out_in_order(
    feed: HttpPushServer, session: aiohttp.ClientSession
) -> None:
    for call_id in (1, 2):
        assert await post(session, feed, closed(call_id)) == 200
    assert await post(session, feed, closed(3, serverId=2)) == 200
    assert await heard(feed) == EventsReceived(None, (CallsClosed((1,)),))
    assert await heard(feed) == EventsReceived(None, (CallsClosed((2,)),))
    assert await heard(feed) == EventsReceived(2, (CallsClosed((3,)),))


async def test_a_reader_waits_for_what_comes(
    feed: HttpPushServer, session: aiohttp.ClientSession
) -> None:
    reading = asyncio.create_task(heard(feed))
    assert await post(session, feed, closed(1)) == 200
    assert await reading == EventsReceived(None, (CallsClosed((1,)),))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"\xff\xfe", 400),
        (b"[" * 30_000, 400),
        (json.dumps([closed(1)]).encode(), 400),
        (json.dumps("text").encode(), 400),
        (json.dumps({}).encode(), 401),
        (json.dumps(closed(1, key="wrong")).encode(), 401),
        (json.dumps(closed(1, key=None)).encode(), 401),
        (json.dumps(closed(1, type="EVENT_OF_TOMORROW")).encode(), 200),
        (json.dumps(closed(1, data=7)).encode(), 200),
        (b" " * (MAX_BODY + 1), 413),
    ],
)
async def test_what_is_no_event_leaves_nothing_behind(
    feed: HttpPushServer, session: aiohttp.ClientSession, body: bytes, status: int
) -> None:
    async with session.post(url(feed), data=body) as response:
        assert response.status == status
        assert KEY not in await response.text()
    assert await post(session, feed, closed(5)) == 200
    assert await heard(feed) == EventsReceived(None, (CallsClosed((5,)),))


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413)])
async def test_the_limit_holds_where_no_length_is_announced(
    feed: HttpPushServer, session: aiohttp.ClientSession, size: int, status: int
) -> None:
    body = json.dumps(closed(1)).encode().ljust(size)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 8192):
            yield body[start : start + 8192]

    async with session.post(url(feed), data=chunks()) as response:
        assert response.status == status


async def test_too_much_is_refused_before_it_is_sent(feed: HttpPushServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
    head = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {2**30}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(5):
        assert b"413" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_never_comes_is_not_waited_for(
    feed: HttpPushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "READ_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
    writer.write(f"POST {EVENT_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert b"408" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_more_than_fits_is_refused_and_a_gap_follows(
    feed: HttpPushServer, session: aiohttp.ClientSession
) -> None:
    for call_id in (1, 2, 3):
        assert await post(session, feed, closed(call_id)) == 200
    for call_id in (4, 5):
        async with session.post(url(feed), json=closed(call_id)) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, str(RETRY_AFTER))
    assert await heard(feed) == EventsReceived(None, (CallsClosed((1,)),))
    # The free place is for EventsMissed: the next event is refused once more.
    assert await post(session, feed, closed(6)) == 503
    assert [await heard(feed) for _ in range(3)] == [
        EventsReceived(None, (CallsClosed((2,)),)),
        EventsReceived(None, (CallsClosed((3,)),)),
        EventsMissed(None),
    ]
    assert await post(session, feed, closed(7)) == 200
    assert await heard(feed) == EventsReceived(None, (CallsClosed((7,)),))


async def test_other_addresses(feed: HttpPushServer, session: aiohttp.ClientSession) -> None:
    for path, status in (("/healthz", 200), (EVENT_PATH, 405), ("/", 404)):
        async with session.get(url(feed, path)) as response:
            assert response.status == status


async def test_a_port_that_is_taken(feed: HttpPushServer) -> None:
    second = HttpPushServer("127.0.0.1", feed.port, KEY)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()


async def test_stopping_ends_the_reading_after_what_was_heard(
    session: aiohttp.ClientSession,
) -> None:
    async with HttpPushServer("127.0.0.1", 0, KEY) as feed:
        assert await post(session, feed, closed(1)) == 200
        port = feed.port
    assert [item async for item in feed] == [EventsReceived(None, (CallsClosed((1,)),))]
    with pytest.raises(aiohttp.ClientConnectorError):
        await session.get(f"http://127.0.0.1:{port}/healthz")


async def test_stopping_wakes_whoever_waits() -> None:
    feed = HttpPushServer("127.0.0.1", 0, KEY)
    await asyncio.create_task(feed.start(), context=contextvars.Context())
    reading = asyncio.create_task(_all(feed))
    await feed.stop()
    await feed.stop()
    assert await reading == []


async def test_the_key_is_never_logged(
    feed: HttpPushServer, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await post(session, feed, closed(1))
    await post(session, feed, closed(1, key=f"{KEY}-wrong"))
    assert KEY not in caplog.text
    assert KEY not in repr(await heard(feed))


async def _all(feed: HttpPushServer) -> list[FeedItem]:
    return [item async for item in feed]


async def test_an_inbox_owes_one_gap_however_much_it_lost() -> None:
    inbox = EventQueue(2, server_id=1)
    gone = EventsReceived(1, (EmergenciesRemoved((1,)),))
    inbox.put_events_missed()
    inbox.put_events_missed()
    assert inbox.put(gone)
    assert not inbox.put(gone)
    assert not inbox.put(FeedDisconnected(1, "too much"))
    inbox.put_events_missed()
    inbox.close()
    assert not inbox.put(gone)
    assert [await inbox.get() for _ in range(2)] == [EventsMissed(1), gone]
