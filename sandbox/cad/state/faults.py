"""Faults between a client and the pretend CAD, which can be switched on and off.

A fault is a small dataclass. `Faults.set` switches it on, optionally only for some paths or for a
number of requests. Several faults wrap each other; the latest is the outermost.
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
    """The base class of all faults."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Answer the request instead of the handler, or change the handler's answer."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Slow(Fault):
    """Give the correct answer, but late."""

    seconds: float

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Wait, then return the handler's answer."""
        await asyncio.sleep(self.seconds)
        return await handler(request)


@dataclass(frozen=True, slots=True)
class Hang(Fault):
    """Hold requests until the fault is cleared; drop those whose client has disconnected.

    `arrived` is set when a request begins to hang.
    """

    arrived: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)
    released: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Wait until the fault is cleared, then return the handler's answer."""
        self.arrived.set()
        await self.released.wait()
        if request.transport is None or request.transport.is_closing():
            return web.Response(status=499, text="client closed request")
        return await handler(request)


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """Carry out the request, send half of the answer, then break the connection."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Announce the whole body, but send only half of it."""
        body = _body(await handler(request))
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.abort()
        return response


@dataclass(frozen=True, slots=True)
class HtmlPage(Fault):
    """A web page from a proxy in front of the CAD."""

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
    """Too many requests; Retry-After in seconds, as a date in GMT, or missing.

    Attributes:
        header: `RateLimit-Reset` or `X-RateLimit-Reset` instead of `Retry-After`; reference:
            docs/sonoran-cad.md, "Errors are `application/problem+json`".
    """

    retry_after: int | datetime | None = None
    header: str = "Retry-After"

    async def answer(self, _request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Answer 429."""
        return self.response()

    def response(self) -> web.Response:
        """Build the 429 in the form that the CAD's gateway uses."""
        headers = {}
        if isinstance(self.retry_after, datetime):
            headers[self.header] = format_datetime(self.retry_after, usegmt=True)
        elif self.retry_after is not None:
            headers[self.header] = str(self.retry_after)
        body = {"message": "API rate limit exceeded", "request_id": "5f0c1d5e2b7a4c3f"}
        return web.json_response(body, status=429, headers=headers)


@dataclass(frozen=True, slots=True)
class HugeBody(Fault):
    """A very large answer whose size is not announced."""

    size: int = 50 * MEBIBYTE

    async def answer(self, request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Send the whole size, or until the client disconnects."""
        response = web.StreamResponse()
        await response.prepare(request)
        chunk = b"x" * 65_536
        with contextlib.suppress(ConnectionError):  # the client has disconnected
            for _ in range(self.size // len(chunk)):
                await response.write(chunk)
        return response


@dataclass(frozen=True, slots=True)
class BadUtf8(Fault):
    """Carry out the request; replace the answer's first space by two bytes that are not UTF-8."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        """Return the handler's answer with the invalid bytes."""
        response = await handler(request)
        return _with_body(response, _body(response).replace(b" ", b"\xff\xfe", 1))


class Case(StrEnum):
    """The letter case of the keys in the answer."""

    UPPER = "upper"
    LOWER = "lower"
    TITLE = "title"

    def write(self, key: str) -> str:
        """Return a key in this letter case."""
        if self is Case.TITLE:
            return key[:1].upper() + key[1:]
        return key.upper() if self is Case.UPPER else key.lower()


@dataclass(frozen=True, slots=True)
class KeyCase(Fault):
    """Give the correct answer with its JSON keys in another letter case; keep plain text."""

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
    """Redirect the client to another host."""

    to: str
    status: int = 307

    async def answer(self, request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Answer with a redirect to the same path on the other host."""
        return web.Response(status=self.status, headers={"Location": self.to + request.path})


@dataclass(frozen=True, slots=True)
class Text(Fault):
    """An answer with any status and any text."""

    status: int
    text: str

    async def answer(self, _request: web.Request, _handler: Handler, /) -> web.StreamResponse:
        """Answer with the status and the text."""
        return web.Response(status=self.status, text=self.text)


@dataclass(slots=True)
class _Switch:
    fault: Fault
    path: str
    left: int | None  # requests to come; None: until cleared


class Faults:
    """The faults that are switched on, with their paths and their remaining requests."""

    def __init__(self) -> None:
        self._switches: list[_Switch] = []

    def set(self, fault: Fault, *, path: str = "", times: int | None = None) -> None:
        """Switch a fault on for paths that begin with `path`, for `times` requests (None: all).

        It replaces a fault of the same class on the same path; other faults stay on.
        """
        for switch in self._switches:
            if type(switch.fault) is type(fault) and switch.path == path:
                switch.left = 0
        self._switches.append(_Switch(fault, path, times))

    def clear(self) -> None:
        """Switch all faults off and release hanging requests."""
        for switch in self._switches:
            if isinstance(switch.fault, Hang):
                switch.fault.released.set()
        self._switches.clear()

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that may apply to the next request."""
        return tuple(switch.fault for switch in self._switches if switch.left != 0)

    def take(self, path: str) -> tuple[Fault, ...]:
        """Return the faults for one request, and count the request."""
        chosen = [
            switch for switch in self._switches if switch.left != 0 and path.startswith(switch.path)
        ]
        for switch in chosen:
            if switch.left is not None:
                switch.left -= 1
        return tuple(switch.fault for switch in chosen)


def wrap(faults: Iterable[Fault], handler: Handler) -> Handler:
    """Return a handler with the faults around it."""
    for fault in faults:
        handler = partial(_call, fault, handler)
    return handler


async def _call(fault: Fault, handler: Handler, request: web.Request) -> web.StreamResponse:
    return await fault.answer(request, handler)


def _body(response: web.StreamResponse) -> bytes:
    # Every answer of the CAD itself is a Response with bytes; only faults return streams.
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return response.body
    return b""


def _with_body(response: web.StreamResponse, body: bytes) -> web.Response:
    return web.Response(status=response.status, body=body, content_type=response.content_type)
