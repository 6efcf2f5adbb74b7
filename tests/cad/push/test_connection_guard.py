"""The guard of the push server: silent connections do not keep the CAD out."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest

from bot.cad.push import connection_guard
from bot.cad.push.http_push import EVENT_PATH
from tests.cad.lifetimes import running
from tests.cad.push.push_client import A_REQUEST, ReadPushServer, closed, connect, post
from tests.deadlines import HANG_TIMEOUT

HALF_A_HEADER = f"POST {EVENT_PATH} HTTP/1.1\r\nHost: x\r\n".encode()


@pytest.mark.parametrize("start", [b"", HALF_A_HEADER])
async def test_a_connection_without_a_whole_header_is_closed(
    feed: ReadPushServer, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(connection_guard, "HEADER_SECONDS", 0.05)
    reader, writer = await connect(feed)
    writer.write(start)
    async with asyncio.timeout(HANG_TIMEOUT):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_a_header_that_arrives_in_pieces_is_read(
    feed: ReadPushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_guard, "HEADER_SECONDS", 0.3)
    reader, writer = await connect(feed)
    for byte in A_REQUEST:
        writer.write(bytes([byte]))
        await writer.drain()
    async with asyncio.timeout(HANG_TIMEOUT):
        assert b"200" in await reader.readline()
        await asyncio.sleep(0.4)
        writer.write(A_REQUEST)  # the connection is kept for the next request
        await reader.readuntil(b"200 OK")
    writer.close()


async def test_silent_connections_do_not_keep_the_cad_out(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_guard, "MAX_CONNECTIONS", 4)
    async with running(ReadPushServer()) as feed:
        silent = [await connect(feed) for _ in range(12)]
        assert await post(session, feed, closed(1)) == 200
        async with asyncio.timeout(HANG_TIMEOUT):
            for reader, _ in silent[:8]:
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
        for _, writer in silent:
            writer.close()


async def test_a_connection_too_many_is_closed_while_all_others_are_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_guard, "MAX_CONNECTIONS", 2)
    async with running(ReadPushServer()) as feed, asyncio.timeout(HANG_TIMEOUT):
        used = [await connect(feed) for _ in range(2)]
        for reader, writer in used:
            writer.write(A_REQUEST)
            await reader.readuntil(b"200 OK")
        reader, last = await connect(feed)
        last.write(A_REQUEST)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        used[0][1].close()
        await used[0][1].wait_closed()
        await asyncio.sleep(0.05)
        reader, again = await connect(feed)
        again.write(A_REQUEST)
        await reader.readuntil(b"200 OK")
        for writer in (used[1][1], last, again):
            writer.close()
