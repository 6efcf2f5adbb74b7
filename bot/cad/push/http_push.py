"""Receives push events over HTTP, from the CAD itself or forwarded by a game server.

Reference: docs/sonoran-cad.md, "Three ways to receive them", 1 and 2.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.cad.push import envelope
from bot.cad.push.connection_guard import ConnectionGuard
from bot.cad.push.event_queue import QUEUE_SIZE, EventsReceived
from bot.cad.push.event_reader import read_event
from bot.cad.push.key_routes import KeyFeed, KeyRoutes
from bot.cad.push.refused_requests import RefusedRequests, RefusedRequestsCounter
from bot.cad.values import to_int
from bot.common.clock import SYSTEM_CLOCK, Clock

EVENT_PATH = "/sonorancad/event"
HEALTH_PATH = "/healthz"
HEALTHY = "ok"
MAX_BODY = 1024 * 1024  # bytes; the event of 150 units takes more than 64 KiB
RETRY_AFTER = 5  # seconds that a sender waits when the queue is full
READ_SECONDS = 10.0  # time limit for receiving a whole body
STOP_SECONDS = 1.0  # time limit for the running answers when the server stops
KEEP_ALIVE_SECONDS = 15.0  # how long a connection may wait for its next request
MISSED_SECONDS = 30.0  # at most one `EventsMissed` in this time: each makes the bot fetch all
MAX_MISSED_SERVERS = 8  # servers with a report in this time

_SERVER_LOGGER = "aiohttp.server"


class HttpPushServer:
    """An HTTP server for the events of all communities; `listen` returns those of one API key.

    It takes events at `/sonorancad/event` and at `/`, because the game server's page names no path
    for forwarded events. `/sonorancad/event/2` and `?server=2` name the server of events that name
    none. An event that it refuses, except for an unknown key, is reported as `EventsMissed` if
    there is one reader: of several, no one can tell whose event it was.

    It can be started once.

    Args:
        port: 0 picks a free port.
        on_refused: told of requests that are no events or carry an unknown key, now and then.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        on_refused: Callable[[RefusedRequests], None] = lambda _: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._host = host
        self._port = port
        self._routes = KeyRoutes()
        self._refused = RefusedRequestsCounter(on_refused, clock)
        self._missed_timers: dict[int | None, asyncio.TimerHandle] = {}  # by server
        self._missed_again: set[int | None] = set()  # servers that wait for such a timer
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port; if it was given as 0, the real port is known after `start`."""
        return self._port

    def listen(self, key: str, queue_size: int = QUEUE_SIZE) -> KeyFeed:
        """Return a feed of the events that carry an API key.

        Args:
            queue_size: the number of events that may wait for the reader; further ones get a 503.
        """
        return KeyFeed(self._routes, key, queue_size)

    async def start(self) -> None:
        """Start to listen.

        Raises:
            OSError: the address is not an address of this machine, or the port is in use.
        """
        app = web.Application(client_max_size=MAX_BODY)
        paths = ("/", EVENT_PATH, EVENT_PATH + "/", EVENT_PATH + r"/{server:\d+}")
        app.add_routes(
            [*(web.post(path, self._receive) for path in paths), web.get(HEALTH_PATH, _health)]
        )
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=self._server_logger(),
            shutdown_timeout=STOP_SECONDS,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        await runner.setup()
        try:
            await _GuardedSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def is_address_served(self) -> bool:
        """Return True if another running bot already serves this address."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=READ_SECONDS)) as session,
                session.get(f"http://{host}:{self._port}{HEALTH_PATH}") as answer,
            ):
                return await answer.text() == HEALTHY
        except (ClientError, OSError, ValueError):
            return False

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
        for timer in self._missed_timers.values():
            timer.cancel()
        self._missed_timers.clear()

    async def _receive(self, request: web.Request) -> web.Response:
        server_id = _named_server(request)
        try:
            payload = envelope.parse(await _body(request))
        except (web.HTTPRequestEntityTooLarge, web.HTTPRequestTimeout):
            self._report_missed(server_id)
            raise
        except (web.RequestPayloadError, HttpProcessingError) as error:
            return self._refuse_malformed(type(error).__name__, server_id)
        if not isinstance(payload, dict):
            return self._refuse_malformed("not a JSON object", server_id)
        if not (queues := self._routes.find(envelope.api_key(payload))):
            self._refused.count_unknown_key()
            return web.Response(status=401, text="wrong key")
        if (named := envelope.server_id(payload)) is not None:
            server_id = named
        events = read_event(payload)
        received = EventsReceived(server_id, events)
        taken = [one.put(received) for one in queues] if events else [True]
        # A sender that tries again would repeat the event for the readers that have taken it.
        if True not in taken:
            wait = {"Retry-After": str(RETRY_AFTER)}
            return web.Response(status=503, text="too many events", headers=wait)
        return web.Response(text="taken")

    def _refuse_malformed(self, reason: str, server_id: int | None) -> web.Response:
        self._refused.count_malformed(reason)
        self._report_missed(server_id)
        return web.Response(status=400, text=reason)

    def _report_missed(self, server_id: int | None) -> None:
        """Report missed events now, or when `MISSED_SECONDS` have passed since the last report.

        What is refused has shown no key, so it must not make the bot fetch without a limit.
        """
        if (queue := self._routes.only_queue()) is None:
            return
        # `/sonorancad/event/1`, `/2`, … must not be a way around the limit either.
        if len(self._missed_timers) >= MAX_MISSED_SERVERS:
            server_id = next(iter(self._missed_timers))
        if server_id in self._missed_timers:
            self._missed_again.add(server_id)
            return
        queue.put_events_missed(server_id)
        self._missed_timers[server_id] = asyncio.get_running_loop().call_later(
            MISSED_SECONDS, self._end_missed_timer, server_id
        )

    def _end_missed_timer(self, server_id: int | None) -> None:
        del self._missed_timers[server_id]
        if server_id in self._missed_again:
            self._missed_again.discard(server_id)
            self._report_missed(server_id)

    def _server_logger(self) -> logging.Logger:
        """Return a logger for aiohttp that reports malformed requests instead of logging them.

        Any client can send them, and aiohttp logs a traceback for each.
        """

        def is_other(record: logging.LogRecord) -> bool:
            error = record.exc_info[1] if record.exc_info else None
            if isinstance(error, HttpProcessingError):
                self._refused.count_malformed(type(error).__name__)
                return False
            return True

        # A logger of its own: the filter must not remain when the server has stopped.
        logger = logging.Logger(_SERVER_LOGGER)  # noqa: LOG001
        logger.parent = logging.getLogger(_SERVER_LOGGER)
        logger.addFilter(is_other)
        return logger


class _GuardedSite(web.BaseSite):
    """Listens as `web.TCPSite` does, with a guard before each connection."""

    def __init__(self, runner: web.BaseRunner, host: str, port: int) -> None:
        super().__init__(runner)
        self._address = host, port

    @property
    def name(self) -> str:
        """The address."""
        return "http://{}:{}".format(*self._address)

    async def start(self) -> None:
        """Start to listen; raise OSError if that is impossible."""
        await super().start()
        new_handler, guard = self._runner.server, ConnectionGuard()
        assert new_handler is not None  # noqa: S101 - `BaseSite` refuses such a runner
        self._server = await asyncio.get_running_loop().create_server(
            lambda: guard.wrap(new_handler()), *self._address, backlog=self._backlog
        )


def _named_server(request: web.Request) -> int | None:
    """Return the server id in the path or the query; None if there is none."""
    return to_int(request.match_info.get("server") or request.query.get("server"))


async def _body(request: web.Request) -> bytes:
    """Read a body; refuse a body whose announced length is too large before reading it."""
    announced = request.content_length or 0
    if announced > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=announced)
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def _health(_: web.Request) -> web.Response:
    return web.Response(text=HEALTHY)
