"""Requests to the push server, as the CAD and strangers send them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp

from bot.cad.push.http_push import EVENT_PATH, HttpPushServer

KEY = "very-secret"


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
