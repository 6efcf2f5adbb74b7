"""The push server and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.cad.lifetimes import running
from tests.cad.push.push_client import ReadPushServer


@pytest.fixture
async def feed() -> AsyncIterator[ReadPushServer]:
    async with running(ReadPushServer(queue_size=3)) as listening:
        yield listening


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session
