"""Requests to the push server, as the CAD and strangers send them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

import aiohttp

from bot.cad.push.event_queue import QUEUE_SIZE, EventQueue, FeedItem
from bot.cad.push.http_push import EVENT_PATH, HttpPushServer
from bot.cad.push.key_routes import KeyFeed

KEY = "very-secret"


class ReadPushServer(HttpPushServer):
    """A push server with one reader, whose items it is an iterator of."""

    def __init__(self, *, queue_size: int = QUEUE_SIZE, **more: Any) -> None:
        super().__init__("127.0.0.1", 0, **more)
        self.feed: KeyFeed = self.listen(KEY, queue_size)

    @property
    def queue(self) -> EventQueue:
        return self.feed._queue

    async def start(self) -> None:
        await super().start()
        await self.feed.start()

    async def stop(self) -> None:
        await self.feed.stop()
        await super().stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedItem:
        return await anext(self.feed)


def closed(*call_ids: int, **more: Any) -> dict[str, Any]:
    data = {"callIds": list(call_ids)}
    return {"key": KEY, "type": "EVENT_DISPATCH_CLOSED", "data": data, **more}


def url(feed: HttpPushServer, path: str = EVENT_PATH) -> str:
    return f"http://127.0.0.1:{feed.port}{path}"


async def post(session: aiohttp.ClientSession, feed: HttpPushServer, payload: object) -> int:
    async with session.post(url(feed), data=json.dumps(payload).encode()) as response:
        return response.status


async def connect(feed: HttpPushServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", feed.port)


A_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
