"""The HTTP push server: what it accepts, what it refuses, and what it does when it is full."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import json
import logging
from collections.abc import AsyncIterator

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
from bot.cad.push.refused_requests import MALFORMED_SECONDS, RefusedRequests
from tests.cad.lifetimes import running
from tests.cad.push.push_client import (
    A_REQUEST,
    KEY,
    ReadPushServer,
    closed,
    connect,
    post,
    url,
)
from tests.deadlines import HANG_TIMEOUT
from tests.manual_clock import ManualClock


async def heard(feed: ReadPushServer) -> FeedItem:
    async with asyncio.timeout(HANG_TIMEOUT):
        return await anext(feed)


async def test_events_come_out_in_order(
    feed: ReadPushServer, session: aiohttp.ClientSession
) -> None:
    for call_id in (1, 2):
        assert await post(session, feed, closed(call_id)) == 200
    assert await post(session, feed, closed(3, serverId=2)) == 200
    assert await heard(feed) == EventsReceived(None, (CallsClosed((1,)),))
    assert await heard(feed) == EventsReceived(None, (CallsClosed((2,)),))
    assert await heard(feed) == EventsReceived(2, (CallsClosed((3,)),))


async def test_a_reader_waits_for_what_comes(
    feed: ReadPushServer, session: aiohttp.ClientSession
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
    feed: ReadPushServer, session: aiohttp.ClientSession, body: bytes, status: int
) -> None:
    async with session.post(url(feed), data=io.BytesIO(body)) as response:
        assert response.status == status
        assert KEY not in await response.text()
    assert await post(session, feed, closed(5)) == 200
    received = EventsReceived(None, (CallsClosed((5,)),))
    while (item := await heard(feed)) != received:
        assert status in {400, 413}
        assert item == EventsMissed(None)


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413)])
async def test_the_limit_holds_where_no_length_is_announced(
    feed: ReadPushServer, session: aiohttp.ClientSession, size: int, status: int
) -> None:
    body = json.dumps(closed(1)).encode().ljust(size)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 8192):
            yield body[start : start + 8192]

    async with session.post(url(feed), data=chunks()) as response:
        assert response.status == status


async def test_too_much_is_refused_before_it_is_sent(feed: ReadPushServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
    head = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {2**30}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(HANG_TIMEOUT):
        assert b"413" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_never_comes_is_not_waited_for(
    feed: ReadPushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "READ_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
    writer.write(f"POST {EVENT_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
    async with asyncio.timeout(HANG_TIMEOUT):
        assert b"408" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_more_than_fits_is_refused_and_a_gap_follows(
    feed: ReadPushServer, session: aiohttp.ClientSession
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


async def test_other_addresses(feed: ReadPushServer, session: aiohttp.ClientSession) -> None:
    for path, status in (("/healthz", 200), (EVENT_PATH, 405), ("/", 405), ("/x", 404)):
        async with session.get(url(feed, path)) as response:
            assert response.status == status


async def test_a_port_that_is_taken(feed: ReadPushServer) -> None:
    second = HttpPushServer("127.0.0.1", feed.port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()


async def test_stopping_ends_the_reading_after_what_was_heard(
    session: aiohttp.ClientSession,
) -> None:
    async with running(ReadPushServer()) as feed:
        assert await post(session, feed, closed(1)) == 200
        port = feed.port
    assert [item async for item in feed] == [EventsReceived(None, (CallsClosed((1,)),))]
    with pytest.raises(aiohttp.ClientConnectorError):
        await session.get(f"http://127.0.0.1:{port}/healthz")


async def test_stopping_wakes_a_reader_that_waits() -> None:
    feed = ReadPushServer()
    await asyncio.create_task(feed.start(), context=contextvars.Context())
    reading = asyncio.create_task(_all(feed))
    await feed.stop()
    await feed.stop()
    assert await reading == []


async def test_the_key_is_never_logged(
    feed: ReadPushServer, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await post(session, feed, closed(1))
    await post(session, feed, closed(1, key=f"{KEY}-wrong"))
    assert KEY not in caplog.text
    assert KEY not in repr(await heard(feed))


async def _all(feed: ReadPushServer) -> list[FeedItem]:
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


@pytest.mark.parametrize("key", [KEY.upper(), KEY.title(), KEY])
async def test_the_letter_case_of_the_key_does_not_count(
    feed: ReadPushServer, session: aiohttp.ClientSession, key: str
) -> None:
    assert await post(session, feed, closed(1, key=key)) == 200


@pytest.mark.parametrize(
    ("path", "server_id"),
    [
        ("/", None),
        ("/?server=2", 2),
        ("/?server=two", None),
        (f"{EVENT_PATH}/", None),
        (f"{EVENT_PATH}/2", 2),
        (f"{EVENT_PATH}?server=3", 3),
    ],
)
async def test_the_address_names_the_server_of_events_that_name_none(
    feed: ReadPushServer, session: aiohttp.ClientSession, path: str, server_id: int | None
) -> None:
    for payload, expected in ((closed(1), server_id), (closed(1, serverId=7), 7)):
        async with session.post(url(feed, path), json=payload) as response:
            assert response.status == 200
        assert await heard(feed) == EventsReceived(expected, (CallsClosed((1,)),))


async def test_the_units_of_a_large_server_are_received(
    feed: ReadPushServer, session: aiohttp.ClientSession
) -> None:
    unit = {"accId": "0" * 36, "status": 2, "data": {"unitNum": "A-1", "name": "x" * 400}}
    units = [{"id": ident, **unit} for ident in range(1, 301)]
    payload = {"key": KEY, "type": "EVENT_UNIT_UPDATE", "data": {"units": units}}
    assert len(json.dumps(payload)) > 128 * 1024
    assert await post(session, feed, payload) == 200
    item = await heard(feed)
    assert isinstance(item, EventsReceived)
    assert len(item.events[0].units) == 300  # type: ignore[union-attr]


async def test_what_is_refused_leads_to_a_new_fetch_but_not_each_time(
    feed: ReadPushServer, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MISSED_SECONDS", 0.2)
    for _ in range(3):
        large = io.BytesIO(b" " * (MAX_BODY + 1))
        async with session.post(url(feed, f"{EVENT_PATH}/2"), data=large) as answer:
            assert answer.status == 413
    assert await post(session, feed, closed(1)) == 200
    assert await heard(feed) == EventsMissed(2)
    assert await heard(feed) == EventsReceived(None, (CallsClosed((1,)),))
    assert await heard(feed) == EventsMissed(2)  # for the others, when the time is over
    assert not feed.queue._items


async def test_a_wrong_key_makes_the_bot_fetch_nothing(
    feed: ReadPushServer, session: aiohttp.ClientSession
) -> None:
    assert await post(session, feed, closed(1, key="wrong")) == 401
    assert await post(session, feed, closed(1)) == 200
    assert isinstance(await heard(feed), EventsReceived)


async def test_a_stranger_cannot_ask_for_fetches_of_many_servers(
    feed: ReadPushServer, session: aiohttp.ClientSession
) -> None:
    for server in range(50):
        async with session.post(url(feed, f"{EVENT_PATH}/{server}"), data=b"{") as answer:
            assert answer.status == 400
    assert len(feed._missed_timers) == feed_module.MAX_MISSED_SERVERS


async def test_an_idle_connection_is_closed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "KEEP_ALIVE_SECONDS", 0.05)
    async with running(ReadPushServer()) as feed, asyncio.timeout(HANG_TIMEOUT):
        reader, writer = await connect(feed)
        writer.write(A_REQUEST)
        assert b"200 OK" in await reader.read()
        writer.close()


MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    b"POST /sonorancad/event HTTP/9.9\r\n\r\n",
    b"POST /sonorancad/event HTTP/1.1\r\nContent-Length: many\r\n\r\n",
    b"POST /sonorancad/event HTTP/1.1\r\nBroken header\r\n\r\n",
    b"POST /sonorancad/event HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{",
]


async def test_malformed_requests_cost_one_report_a_minute_and_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    reports: list[RefusedRequests] = []
    async with (
        running(ReadPushServer(clock=clock, on_refused=reports.append)) as feed,
        asyncio.timeout(HANG_TIMEOUT),
    ):
        for _ in range(2):
            for request in MALFORMED:
                reader, writer = await connect(feed)
                writer.write(request)
                writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                writer.close()
            clock.seconds += MALFORMED_SECONDS
    assert not caplog.records
    assert len(reports) == 2
    assert reports[0].count == 1
    assert reports[1].count > 1


async def test_a_fault_of_our_own_is_logged_with_its_traceback(
    feed: ReadPushServer,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: object) -> object:
        raise LookupError("a fault")

    monkeypatch.setattr(feed_module, "read_event", fail)
    assert await post(session, feed, closed(1)) == 500
    assert any(
        record.exc_info and "a fault" in str(record.exc_info[1]) for record in caplog.records
    )
