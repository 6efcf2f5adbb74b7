"""What can go wrong between a client and the CAD, to be switched on and off.

A fault is a small dataclass; `Faults.set` switches it on, for a part of the paths and a
number of requests if wished. Several at once wrap each other, the latest outermost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from functools import partial

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MEBIBYTE = 2**20


class Fault:
    """A way to misbehave."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Answer the request in the handler's place, or spoil its answer."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Slow(Fault):
    """Answer properly, but late."""

    seconds: float

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Wait, then carry on."""
        await asyncio.sleep(self.seconds)
        return await handler(request)


@dataclass(frozen=True, slots=True)
class Hang(Fault):
    """Do nothing until the fault is cleared; a client that left meanwhile is not served.

    `arrived` is set as soon as a request hangs.
    """

    arrived: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)
    released: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Wait for the release."""
        self.arrived.set()
        await self.released.wait()
        if request.transport is None or request.transport.is_closing():
            return web.Response(status=499, text="client closed request")
        return await handler(request)


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """Carry the order out, send half of the answer, then break the connection."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Send half of the body that was announced."""
        body = _body(await handler(request))
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.abort()
        return response


@dataclass(frozen=True, slots=True)
class HtmlPage(Fault):
    """A page for people, from something that stands before the CAD."""

    status: int
    title: str

    async def answer(self, _request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Answer with the page."""
        text = (
            f"<!DOCTYPE html>\n<html>\n<head>\n<title>{self.title}</title>\n</head>\n"
            f"<body><h1>{self.title}</h1><p>Ray ID: <code>8c1f2a9d4e7b6350</code></p></body>\n"
            "</html>\n"
        )
        return web.Response(status=self.status, text=text, content_type="text/html")


BAD_GATEWAY = HtmlPage(502, "api.sonorancad.com | 502: Bad gateway")
CHALLENGE = HtmlPage(200, "Just a moment...")


@dataclass(frozen=True, slots=True)
class RateLimited(Fault):
    """Too many requests; Retry-After in seconds, as a date in GMT, or missing."""

    retry_after: int | datetime | None = None

    async def answer(self, _request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Answer 429."""
        return self.response()

    def response(self) -> web.Response:
        """Build the answer in the shape that the CAD's gateway uses."""
        headers = {}
        if isinstance(self.retry_after, datetime):
            headers["Retry-After"] = format_datetime(self.retry_after, usegmt=True)
        elif self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        body = {"message": "API rate limit exceeded", "request_id": "5f0c1d5e2b7a4c3f"}
        return web.json_response(body, status=429, headers=headers)


@dataclass(frozen=True, slots=True)
class HugeBody(Fault):
    """An answer that does not end soon, its size not announced."""

    size: int = 50 * MEBIBYTE

    async def answer(self, request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Send until all is sent or the client has had enough."""
        response = web.StreamResponse()
        await response.prepare(request)
        chunk = b"x" * 65_536
        with contextlib.suppress(ConnectionError):  # the client has had enough
            for _ in range(self.size // len(chunk)):
                await response.write(chunk)
        return response


@dataclass(frozen=True, slots=True)
class BadUtf8(Fault):
    """Carry the order out; the answer's first space becomes two bytes that are no UTF-8."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Spoil the answer."""
        response = await handler(request)
        return _with_body(response, _body(response).replace(b" ", b"\xff\xfe", 1))


class Case(StrEnum):
    """How the keys of the answer are written."""

    UPPER = "upper"
    LOWER = "lower"
    TITLE = "title"

    def write(self, key: str) -> str:
        """Write a key this way."""
        if self is Case.TITLE:
            return key[:1].upper() + key[1:]
        return key.upper() if self is Case.UPPER else key.lower()


@dataclass(frozen=True, slots=True)
class KeyCase(Fault):
    """Answer properly, with the JSON keys in other letters; plain text stays as it is."""

    case: Case

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Rewrite the keys."""
        response = await handler(request)
        if response.content_type != "application/json":
            return response
        return _with_body(response, json.dumps(self._rewrite(json.loads(_body(response)))).encode())

    def _rewrite(self, value: object) -> object:
        if isinstance(value, dict):
            return {self.case.write(key): self._rewrite(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self._rewrite(entry) for entry in value]
        return value


@dataclass(frozen=True, slots=True)
class Redirect(Fault):
    """Send the client, and the key in its body, to another host."""

    to: str
    status: int = 307

    async def answer(self, request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Point to the same path elsewhere."""
        return web.Response(status=self.status, headers={"Location": self.to + request.path})


@dataclass(frozen=True, slots=True)
class Text(Fault):
    """Any status with any text."""

    status: int
    text: str

    async def answer(self, _request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Answer so."""
        return web.Response(status=self.status, text=self.text)


@dataclass(slots=True)
class _Switch:
    fault: Fault
    path: str
    left: int | None  # requests to come; None: until cleared


class Faults:
    """The switchboard: which faults are on, and for whom."""

    def __init__(self) -> None:
        self._switches: list[_Switch] = []

    def set(self, fault: Fault, *, path: str = "", times: int | None = None) -> None:
        """Switch a fault on for paths that begin with `path`, `times` requests long.

        The same kind of fault on the same path is replaced; other kinds stay on.
        """
        for switch in self._switches:
            if type(switch.fault) is type(fault) and switch.path == path:
                switch.left = 0
        self._switches.append(_Switch(fault, path, times))

    def clear(self) -> None:
        """Switch everything off and let hanging requests go on."""
        for switch in self._switches:
            if isinstance(switch.fault, Hang):
                switch.fault.released.set()
        self._switches.clear()

    @property
    def active(self) -> tuple[Fault, ...]:
        """Name the faults that the next request may meet."""
        return tuple(switch.fault for switch in self._switches if switch.left != 0)

    def take(self, path: str) -> tuple[Fault, ...]:
        """Choose the faults for one request, and count it."""
        chosen = [
            switch for switch in self._switches if switch.left != 0 and path.startswith(switch.path)
        ]
        for switch in chosen:
            if switch.left is not None:
                switch.left -= 1
        return tuple(switch.fault for switch in chosen)


def wrap(faults: Iterable[Fault], handler: Handler) -> Handler:
    """Put the faults around a handler."""
    for fault in faults:
        handler = partial(_call, fault, handler)
    return handler


async def _call(fault: Fault, handler: Handler, request: web.Request) -> web.StreamResponse:
    return await fault.answer(request, handler)


def _body(response: web.StreamResponse) -> bytes:
    # Every answer of the CAD itself is a Response with bytes; streams come from faults only.
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return response.body
    return b""


def _with_body(response: web.StreamResponse, body: bytes) -> web.Response:
    return web.Response(status=response.status, body=body, content_type=response.content_type)
