"""Opens the server that takes the push events of all guilds."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bot.cad.push.refused_requests import RefusedRequests
from bot.common.clock import Clock

if TYPE_CHECKING:
    from bot.cad.push.http_push import HttpPushServer

_log = logging.getLogger(__name__)


class ListenError(Exception):
    """The bot cannot listen on PUSH_LISTEN; the message says why."""


async def open_push_server(
    stack: AsyncExitStack, address: tuple[str, int] | None, clock: Clock
) -> HttpPushServer | None:
    """Listen for push events on an address; the stack stops it.

    Args:
        address: host and port; None to not listen.

    Raises:
        ListenError: the port is taken, or the address is not this machine's.
    """
    if address is None:
        return None
    # Imported only where it is used: a web server costs time and memory.
    from bot.cad.push.http_push import HttpPushServer  # noqa: PLC0415

    server = HttpPushServer(*address, on_refused=_log_refused, clock=clock)
    try:
        # A context of its own: it outlives the task that started the bot.
        await asyncio.create_task(server.start(), context=contextvars.Context())
    except OSError as error:
        raise ListenError(error.strerror or str(error)) from error
    stack.push_async_callback(server.stop)
    return server


def _log_refused(refused: RefusedRequests) -> None:
    _log.warning("requests refused by PUSH_LISTEN: %d, the last: %s", refused.count, refused.reason)
