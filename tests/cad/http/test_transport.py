"""The transport against real servers on this machine."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trustme

from bot.cad.codec import v1
from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRedirected,
    CadTimeout,
    CadUnreachable,
    CadUnreadable,
)
from bot.cad.http import wire
from bot.cad.http.transport import MAX_BODY, MAX_CONNECTIONS, Transport
from bot.cad.http.wire import Credentials, Request
from bot.cad.models import AttachRequest, UnitRef
from tests.cad.lifetimes import closed_later
from tests.deadlines import HANG_TIMEOUT
from tests.manual_clock import ManualClock

REQUEST = Request("v1", "POST", "/emergency", {"id": "community", "key": "secret", "ü": "\ud83d"})
OK = b"HTTP/1.1 200 OK\r\n"

# Answers one request; the connection is kept until it returns False.
Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[bool | None]]


@dataclass
class Server:
    """A server that sends raw bytes, for answers that a proper web server cannot give."""

    handler: Handler
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            while request := await read_request(reader):
                self.requests.append(request)
                if await self.handler(request, writer) is False:
                    break
        except ConnectionError:
            pass  # the client has disconnected
        finally:
            writer.close()
            self._open.discard(task)

    async def finished(self) -> None:
        """Wait until every connection has ended."""
        while self._open:
            await asyncio.wait(self._open)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request; empty if the client has disconnected."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(length[1]) if length else 0)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(handler)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listener.close()
        await server.finished()
        await listener.wait_closed()


def answering(*parts: bytes, keep: bool = False) -> Handler:
    """Answer every request with these bytes, then close the connection."""

    async def handler(_request: bytes, writer: asyncio.StreamWriter) -> bool:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return keep

    return handler


def silent(*parts: bytes) -> Handler:
    """Answer with these bytes, then keep the connection open and send nothing."""
    return answering(*parts, keep=True)


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def failure(url: str, *, connect_timeout: float = 3.0, total_timeout: float = 10) -> CadError:
    """Send a request that must fail and return the error."""
    opened = Transport(url, connect_timeout=connect_timeout, total_timeout=total_timeout)
    async with closed_later(opened) as transport:
        with pytest.raises(CadError) as caught:
            await transport.send(REQUEST)
    error = caught.value
    assert "secret" not in repr(error) + repr(error.__cause__)
    assert error.__cause__ is not None or isinstance(error, CadUnreadable)
    return error


@pytest.mark.parametrize("suffix", ["", "/", "/prefix/"])
async def test_what_goes_over_the_wire(suffix):
    async with (
        serving(answering(whole(b"UNITS ATTACHED"))) as server,
        closed_later(Transport(server.url + suffix)) as transport,
    ):
        await transport.send(REQUEST)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().lower().split("\r\n")
    assert first == f"post {suffix.rstrip('/')}/emergency http/1.1"
    assert {"content-type: application/json", "accept: application/json, text/plain"} <= {*headers}
    assert json.loads(body) == REQUEST.body
    assert body.isascii()


async def test_a_request_may_have_its_own_headers_and_no_body():
    request = Request("calls", "GET", "/v2/calls?type=0", headers={"Authorization": "Bearer key"})
    async with (
        serving(answering(whole(b"[]"))) as server,
        closed_later(Transport(server.url)) as transport,
    ):
        await transport.send(request)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"GET /v2/calls?type=0 HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer key" in head
    assert body == b""
    assert b"content-type" not in head.lower()


async def test_what_comes_back():
    reply = whole(b" UNITS\xff ATTACHED", "X-Some: Thing", "Retry-After: 5", status="429 Slow")
    async with (
        serving(answering(reply)) as server,
        closed_later(Transport(server.url, clock=ManualClock(seconds=7.0))) as transport,
    ):
        response = await transport.send(REQUEST)
    assert (response.status, response.received_at) == (429, 7.0)
    assert response.headers["x-some"] == "Thing"
    assert response.body == b" UNITS\xff ATTACHED"
    assert response.text == "UNITS\ufffd ATTACHED"
    assert wire.retry_after(response) == 5.0


async def test_nothing_is_sent_once_another_process_may_act():
    async with (
        serving(answering(whole(b"DONE"), keep=True)) as server,
        closed_later(Transport(server.url, trusted_for=lambda: trusted)) as transport,
    ):
        trusted = 9.0
        await transport.send(REQUEST)  # this connection is there to be used again
        trusted = 0.0
        with pytest.raises(CadUnreachable) as caught:
            await transport.send(REQUEST)
        assert len(server.requests) == 1
    assert caught.value.text == "another bot may act in the place of this one"
    assert not caught.value.may_have_arrived


async def test_nothing_is_begun_shortly_before_another_process_may_act():
    async with (
        serving(answering(whole(b"DONE"))) as server,
        closed_later(Transport(server.url, trusted_for=lambda: 4.0, quiet=4.0)) as transport,
    ):
        with pytest.raises(CadUnreachable):
            await transport.send(REQUEST)
        assert server.requests == []


async def test_an_answer_is_waited_for_while_no_other_process_may_act():
    async with (
        serving(silent()) as server,
        closed_later(Transport(server.url, trusted_for=lambda: 0.05)) as transport,
    ):
        for within in (None, 30.0):
            with pytest.raises(CadTimeout):
                await transport.send(REQUEST, within=within)


async def test_a_refused_connection():
    async with serving(answering()) as server:
        pass
    error = await failure(server.url)
    assert type(error) is CadUnreachable
    assert error.text == "Connection refused"


async def test_a_name_that_does_not_exist(monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = await failure("http://cad.invalid")
    assert type(error) is CadUnreachable
    assert error.text == "Name or service not known"


@pytest.mark.parametrize(
    ("url", "text"),
    [("nonsense", "InvalidUrlClientError"), (f"http://{'a' * 70}.example", "no such host name")],
)
async def test_an_address_that_is_none(url, text):
    error = await failure(url)
    assert type(error) is CadUnreachable
    assert error.text == text


async def test_no_connection_in_time():
    # A TLS handshake without an answer counts as connecting, and never ends by itself.
    async def ignore(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    connections: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(ignore, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    error = await failure(f"https://127.0.0.1:{port}", connect_timeout=0.05)
    for writer in connections:
        writer.close()
    listener.close()
    await listener.wait_closed()
    assert type(error) is CadUnreachable
    assert error.text == "no connection within the time limit"


@pytest.mark.parametrize("parts", [(), (OK,), (OK + b"Content-Length: 9\r\n\r\n", b"UNITS")])
async def test_no_whole_answer_in_time(parts):
    async with serving(silent(*parts)) as server:
        error = await failure(server.url, total_timeout=0.05)
    assert type(error) is CadTimeout


async def test_a_request_may_be_given_less_time():
    async with serving(silent()) as server, closed_later(Transport(server.url)) as transport:
        # Well before the transport's own limit.
        with pytest.raises(CadTimeout):
            async with asyncio.timeout(HANG_TIMEOUT):
                await transport.send(REQUEST, within=0.05)


@pytest.mark.parametrize("abort", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 2",
        OK,
        OK + b"Content-Length: 100\r\n\r\nUNITS",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nUNITS",
    ],
)
async def test_a_connection_that_breaks_half_way(answer, abort):
    async def break_off(_request: bytes, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer)
        await writer.drain()
        if abort:
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, 0 s: closing sends a reset
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        return False

    async with serving(break_off) as server:
        error = await failure(server.url)
    assert type(error) is CadBrokenOff
    assert error.text in {
        "the connection was closed without an answer",
        "the answer broke off half-way",
        "Connection reset by peer",
    }


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nUNITS",
        OK + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\nUNITS",
        OK + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http(reply):
    async with serving(answering(reply)) as server:
        error = await failure(server.url)
    assert type(error) is CadUnreadable
    assert error.text == "the answer is not HTTP"


async def test_a_body_that_says_it_is_compressed_and_is_not():
    async with serving(answering(whole(b"UNITS", "Content-Encoding: gzip"))) as server:
        error = await failure(server.url)
    assert type(error) is CadBrokenOff


async def test_the_largest_body_is_read():
    async with (
        serving(answering(whole(b"x" * MAX_BODY))) as server,
        closed_later(Transport(server.url)) as transport,
    ):
        assert len((await transport.send(REQUEST)).body) == MAX_BODY


async def test_one_byte_more_is_too_much():
    async with serving(answering(whole(b"x" * (MAX_BODY + 1)))) as server:
        error = await failure(server.url)
    assert type(error) is CadUnreadable
    assert (error.status, error.text) == (200, "the answer is larger than 2 MiB")


async def test_a_huge_body_is_cut_off_without_reading_it_all():
    huge, chunk, written = 50 * 1024 * 1024, b"x" * 65536, 0

    async def pour(_request: bytes, writer: asyncio.StreamWriter) -> bool:
        nonlocal written
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % huge)
        while written < huge:
            writer.write(chunk)
            written += len(chunk)
            await writer.drain()
        return False

    async with serving(pour) as server:
        error = await failure(server.url)
    assert type(error) is CadUnreadable
    assert written < huge / 2  # the buffers of both sides have already been sent


async def test_a_bomb_is_counted_after_decompression():
    bomb = gzip.compress(bytes(50 * 1024 * 1024), compresslevel=1)
    assert len(bomb) < MAX_BODY
    async with serving(answering(whole(bomb, "Content-Encoding: gzip"))) as server:
        error = await failure(server.url)
    assert type(error) is CadUnreadable
    assert error.text == "the answer is larger than 2 MiB"


async def test_a_compressed_answer_is_read():
    body = gzip.compress(b"UNITS ATTACHED")
    async with (
        serving(answering(whole(body, "Content-Encoding: gzip"))) as server,
        closed_later(Transport(server.url)) as transport,
    ):
        assert (await transport.send(REQUEST)).text == "UNITS ATTACHED"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Same", "308 Same"])
async def test_a_redirect_is_not_followed(status):
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(serving(answering(whole(b"UNITS ATTACHED"))))
        location = f"{elsewhere.url}/emergency"
        reply = whole(b"", f"Location: {location}", status=status)
        server = await stack.enter_async_context(serving(answering(reply)))
        transport = await stack.enter_async_context(closed_later(Transport(server.url)))
        response = await transport.send(REQUEST)
    with pytest.raises(CadRedirected) as caught:
        v1.read_done(response)
    assert caught.value.text == location
    assert elsewhere.connections == 0


async def test_requests_one_after_another_share_a_connection():
    async with (
        serving(answering(whole(b"UNITS ATTACHED"), keep=True)) as server,
        closed_later(Transport(server.url)) as transport,
    ):
        for _ in range(20):
            await transport.send(REQUEST)
    assert (len(server.requests), server.connections) == (20, 1)


async def test_a_cut_off_connection_is_not_used_again():
    replies = iter([whole(b"x" * (MAX_BODY * 2)), whole(b"UNITS ATTACHED")])

    async def reply(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(next(replies))
        await writer.drain()

    async with serving(reply) as server, closed_later(Transport(server.url)) as transport:
        with pytest.raises(CadUnreadable):
            await transport.send(REQUEST)
        assert (await transport.send(REQUEST)).text == "UNITS ATTACHED"
    assert server.connections == 2


async def test_many_requests_at_once_take_no_more_than_the_pool():
    pool_is_full = asyncio.Event()
    held = 0

    async def hold(_request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal held
        held += 1
        if held == MAX_CONNECTIONS:
            pool_is_full.set()
        await pool_is_full.wait()
        writer.write(whole(b"UNITS ATTACHED"))

    count = MAX_CONNECTIONS * 5
    async with serving(hold) as server, closed_later(Transport(server.url)) as transport:
        responses = await asyncio.gather(*(transport.send(REQUEST) for _ in range(count)))
    assert {response.text for response in responses} == {"UNITS ATTACHED"}
    assert (len(server.requests), server.connections) == (count, MAX_CONNECTIONS)


async def test_an_untrusted_certificate_is_refused():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with serving(answering(whole(b"UNITS ATTACHED")), tls) as server:
        error = await failure(server.url)
    assert type(error) is CadUnreachable
    assert "certificate verify failed" in error.text
    assert server.requests == []


async def test_an_order_from_end_to_end():
    (order,) = v1.attach(
        Credentials("community", "key"),
        [AttachRequest(1, 100, (UnitRef("a"),))],
        v1.ATTACH_VARIANTS[0],
    )
    async with (
        serving(answering(whole(b"UNITS ATTACHED"))) as server,
        closed_later(Transport(server.url)) as transport,
    ):
        v1.read_done(await transport.send(order))
    assert server.requests[0].endswith(json.dumps(order.body).encode())
