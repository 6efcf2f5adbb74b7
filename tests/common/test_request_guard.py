"""No request leaves the process once another one may act in its place."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.common.request_guard import RequestRefused, request_guard


@dataclass
class CountingServer:
    """Answers everything, and keeps the paths that it was asked for."""

    url: str = ""
    paths: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        return web.Response()


@pytest.fixture
async def server() -> AsyncIterator[CountingServer]:
    counting, application = CountingServer(), web.Application()
    application.router.add_route("*", "/{path:.*}", counting.answer)
    async with TestServer(application) as listening:
        counting.url = str(listening.make_url("/call"))
        yield counting


def session(*trusted: float, quiet: float = 0.0) -> aiohttp.ClientSession:
    """Open a session; each number is what is trusted at one of the looks, the last one for ever."""

    def looks() -> Iterator[float]:
        yield from trusted
        while True:
            yield trusted[-1]

    guard = request_guard(looks().__next__, quiet=quiet)
    return aiohttp.ClientSession(trace_configs=[guard])


async def test_what_is_trusted_passes(server: CountingServer):
    async with session(math.inf) as client, client.post(server.url) as answer:
        assert answer.status == 200
    assert server.paths == ["/call"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("trusted", [(0.0,), (5.0, 0.0)], ids=["at once", "while connecting"])
async def test_what_is_not_trusted_any_more_sends_nothing(
    server: CountingServer, method: str, trusted: tuple[float, ...]
):
    async with session(*trusted) as client:
        with pytest.raises(RequestRefused):
            await client.request(method, server.url, data=b"units")
    assert server.paths == []


async def test_nothing_begins_shortly_before_another_process_may_act(server: CountingServer):
    async with session(4.1, quiet=4.0) as client, client.get(server.url) as answer:
        assert answer.status == 200
    async with session(4.0, quiet=4.0) as client:
        with pytest.raises(RequestRefused):
            await client.get(server.url)
    assert server.paths == ["/call"]
