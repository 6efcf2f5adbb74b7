"""What the errors of a connection to the CAD mean."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp

from bot.cad.errors import CadBrokenOff, CadError, CadTimeout, CadUnreachable, CadUnreadable
from bot.common.request_guard import RequestRefused

_REASONS = {
    RequestRefused: "another bot may act in the place of this one",
    aiohttp.ConnectionTimeoutError: "no connection within the time limit",
    aiohttp.ServerDisconnectedError: "the connection was closed without an answer",
    aiohttp.ClientPayloadError: "the answer broke off half-way",
    aiohttp.ClientResponseError: "the answer is not HTTP",
    UnicodeError: "no such host name",
}


def connection_error(error: Exception) -> CadError:
    """Return the CadError for an error of the HTTP client or of the operating system."""
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return CadUnreachable(_reason(error))
        case TimeoutError():
            return CadTimeout()
        case aiohttp.ClientResponseError():
            return CadUnreadable(_reason(error))
        case (
            aiohttp.ServerDisconnectedError()
            | aiohttp.ClientPayloadError()
            | aiohttp.ClientOSError()
            | ConnectionError()
        ):
            return CadBrokenOff(_reason(error))
        case _:
            return CadUnreachable(_reason(error))


def _reason(error: Exception) -> str:
    """Return the reason of a fault, without the address (it may be long) and without the body."""
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    match getattr(error, "os_error", error):
        case ssl.SSLError() | socket.gaierror() as cause:  # their numbers are not errno
            return str(cause.strerror)
        case OSError(errno=int(number)):
            return os.strerror(number)  # the text of asyncio contains the address
        case _:
            return type(error).__name__
