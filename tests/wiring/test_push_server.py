"""The server for push events is opened with the bot, and says in the log what it refuses."""

from __future__ import annotations

from contextlib import AsyncExitStack
from socket import create_server

import aiohttp
import pytest

from bot.common.clock import SYSTEM_CLOCK
from bot.wiring.push_server import ListenError, open_push_server


async def test_an_address_that_is_taken():
    with create_server(("127.0.0.1", 0)) as taken:
        async with AsyncExitStack() as stack:
            with pytest.raises(ListenError, match="in use"):
                await open_push_server(stack, taken.getsockname(), SYSTEM_CLOCK)


async def test_without_an_address_nothing_listens():
    async with AsyncExitStack() as stack:
        assert await open_push_server(stack, None, SYSTEM_CLOCK) is None


async def test_an_unknown_key_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture):
    async with AsyncExitStack() as stack:
        server = await open_push_server(stack, ("127.0.0.1", 0), SYSTEM_CLOCK)
        assert server is not None
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"http://127.0.0.1:{server.port}/sonorancad/event"
        for _ in range(3):
            async with session.post(url, json={"key": "canary"}) as answer:
                assert answer.status == 401
    (line,) = (one.getMessage() for one in caplog.records)
    reason = "an API key that no server here has"
    assert line == f"requests refused by PUSH_LISTEN: 1, the last: {reason}"
