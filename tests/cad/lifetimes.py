"""Start and end what a test of the CAD's client needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from bot.cad.http.transport import Transport
from bot.cad.push.http_push import HttpPushServer
from bot.cad.push.signalr_feed import SignalRFeed

TransportT = TypeVar("TransportT", bound=Transport)
FeedT = TypeVar("FeedT", bound=HttpPushServer | SignalRFeed)


@asynccontextmanager
async def closed_later(transport: TransportT) -> AsyncIterator[TransportT]:
    try:
        yield transport
    finally:
        await transport.close()


@asynccontextmanager
async def running(feed: FeedT) -> AsyncIterator[FeedT]:
    await feed.start()
    try:
        yield feed
    finally:
        await feed.stop()
