"""Keep requests from leaving this process once another one may act in its place."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp


class RequestRefused(aiohttp.ClientConnectionError, OSError):
    """No request leaves this process: another one may act in its place.

    It is both what aiohttp passes on as it is, and what callers take for a network that is down.
    """


def request_guard(trusted_for: Callable[[], float], *, quiet: float = 0.0) -> aiohttp.TraceConfig:
    """Return a trace that refuses requests, as if the network were down.

    It looks when there is a connection, right before the first byte: to wait for one takes time.

    Args:
        trusted_for: returns the seconds for which certainly no other process acts.
        quiet: the seconds at the end of that time in which no request begins.
    """

    async def refuse(*_: object) -> None:
        if trusted_for() <= quiet:
            raise RequestRefused

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(refuse)
    trace.on_request_headers_sent.append(refuse)  # in truth it is called before they are sent
    return trace
