"""Each push event reaches the readers of its key, and no others."""

from __future__ import annotations

import json

import aiohttp
import pytest

from bot.cad.push.event_queue import EventsMissed, EventsReceived, FeedItem
from bot.cad.push.events import CallsClosed
from bot.cad.push.http_push import EVENT_PATH, HttpPushServer
from bot.cad.push.key_routes import KeyFeed, KeyRoutes
from bot.cad.push.refused_requests import RefusedRequests
from tests.cad.lifetimes import running
from tests.cad.push.push_client import closed

ONE = EventsReceived(None, (CallsClosed((1,)),))


async def post(session: aiohttp.ClientSession, port: int, payload: object) -> int:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    async with session.post(f"http://127.0.0.1:{port}{EVENT_PATH}", data=body) as answer:
        return answer.status


async def ended(feed: KeyFeed) -> list[FeedItem]:
    await feed.stop()
    return [item async for item in feed]


async def test_an_event_reaches_the_guild_of_its_key_alone(session: aiohttp.ClientSession):
    async with running(HttpPushServer("127.0.0.1", 0)) as server:
        feeds = {key: server.listen(key) for key in ("los-santos", "liberty")}
        for feed in feeds.values():
            await feed.start()
        assert await post(session, server.port, closed(1, key="LIBERTY")) == 200
        assert await ended(feeds["los-santos"]) == []
        assert await ended(feeds["liberty"]) == [ONE]
        # Its guild is closed: the key is unknown from then on.
        assert await post(session, server.port, closed(1, key="liberty")) == 401


async def test_guilds_of_one_community_all_get_its_events(session: aiohttp.ClientSession):
    async with running(HttpPushServer("127.0.0.1", 0)) as server:
        full, other = server.listen("key", queue_size=1), server.listen("KEY")
        await full.start()
        await other.start()
        for _ in range(2):
            assert await post(session, server.port, closed(1, key="key")) == 200
        assert await ended(full) == [ONE]
        assert await post(session, server.port, closed(1, key="key")) == 200
        assert await ended(other) == [ONE] * 3


async def test_a_guild_with_a_full_queue_does_not_hold_up_another(session: aiohttp.ClientSession):
    async with running(HttpPushServer("127.0.0.1", 0)) as server:
        full, other = server.listen("full", queue_size=1), server.listen("other")
        await full.start()
        await other.start()
        statuses = [await post(session, server.port, closed(1, key="full")) for _ in range(2)]
        assert statuses == [200, 503]
        assert await post(session, server.port, closed(1, key="other")) == 200
        await ended(full)
        assert await ended(other) == [ONE]


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_what_carries_no_key_is_missed_by_the_only_reader(
    session: aiohttp.ClientSession, count: int
):
    async with running(HttpPushServer("127.0.0.1", 0)) as server:
        feeds = [server.listen(f"key-{number}") for number in range(count)]
        for feed in feeds:
            await feed.start()
        assert await post(session, server.port, b"{") == 400
        found = [await ended(feed) for feed in feeds]
    # With several, a stranger could have the bot ask for everything of every community.
    assert found == ([[EventsMissed(None)]] if count == 1 else [[]] * count)


async def test_an_unknown_key_is_reported_once_and_wakes_no_reader(
    session: aiohttp.ClientSession,
):
    reports: list[RefusedRequests] = []
    async with running(HttpPushServer("127.0.0.1", 0, on_refused=reports.append)) as server:
        feed = server.listen("key")
        await feed.start()
        for _ in range(20):
            assert await post(session, server.port, closed(1, key="unknown")) == 401
        assert await ended(feed) == []
    assert reports == [RefusedRequests(1, "an API key that no server here has")]


def test_a_key_may_hold_any_letter():
    routes = KeyRoutes()
    assert routes.digest("CLÉ") == routes.digest("clé") != routes.digest("\ud800")
    assert routes.digest("key") != KeyRoutes().digest("key")


async def test_a_feed_that_was_not_started_can_be_stopped():
    assert await ended(KeyFeed(KeyRoutes(), "key")) == []
