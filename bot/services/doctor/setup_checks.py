"""The checks of the database, the CAD and the push events. They change nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.cad.client import InspectableCad
from bot.cad.errors import (
    ApiForbidden,
    ApiNotEnabled,
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadWebPage,
    InvalidApiKey,
    InvalidCommunity,
)
from bot.cad.http.rate_limits import RateLimiter
from bot.cad.push.event_queue import FeedRefused
from bot.services.board.push_listener import FeedStatus
from bot.services.doctor.api_checks import api_findings, code_of_refusal, error_text
from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning
from bot.storage.errors import DatabaseTooNew, NotADatabase, StorageError
from bot.storage.health import Health

PUSH_CHECK = "The way of push events"  # its name among the checks
MAX_CLOCK_SKEW = 30.0  # seconds
LOW_SPACE = 100 * 2**20  # bytes
CRITICAL_SPACE = 5 * 2**20
FEED_SILENCE = timedelta(minutes=10)  # without an event after which a feed gets a warning

_CODE_BY_ERROR = (
    (InvalidApiKey, FindingCode.KEY_REFUSED),
    (ApiNotEnabled, FindingCode.PLAN_TOO_LOW),
    (ApiForbidden, FindingCode.API_FORBIDDEN),
    (CadWebPage, FindingCode.WEB_PAGE),
    (InvalidCommunity, FindingCode.COMMUNITY_UNKNOWN),
    (CadUnreachable, FindingCode.CAD_UNREACHABLE),
    (CadTimeout, FindingCode.CAD_UNREACHABLE),
    (CadUnavailable, FindingCode.CAD_UNREACHABLE),
)


async def database_findings(examine: Callable[[], Awaitable[Health]]) -> list[Finding]:
    """Check that the database can be read and written, and that the disk has space."""
    try:
        health = await examine()
    except DatabaseTooNew as error:
        return [
            fault(FindingCode.DATABASE_TOO_NEW, location=error.location, revision=error.revision)
        ]
    except StorageError as error:
        what = (
            FindingCode.DATABASE_BROKEN
            if isinstance(error, NotADatabase)
            else FindingCode.DATABASE_UNUSABLE
        )
        return [fault(what, location=error.location, reason=error.reason)]
    data = {
        "location": health.location,
        "revision": health.revision,
        "newest": health.latest_revision,
    }
    known = {health.latest_revision: FindingCode.DATABASE_FINE, None: FindingCode.DATABASE_NEW}
    found = [fine(known.get(health.revision, FindingCode.DATABASE_OLD), **data)]
    if health.free_bytes is not None and health.free_bytes < LOW_SPACE:
        find = fault if health.free_bytes < CRITICAL_SPACE else warning
        found.append(find(FindingCode.DISK_FULL, megabytes=health.free_bytes // 2**20))
    return found


class CadChecks:
    """Checks the key, the API, the servers and the API variant of the CAD.

    Args:
        server_ids: the servers that the bot serves; the default server comes first.
        servers_setting: the setting that names them.
        query_calls: reads the open calls of a server; this needs the same key, server and
            rights as attaching.
    """

    def __init__(
        self,
        cad: InspectableCad,
        community_id: str,
        server_ids: Sequence[int],
        servers_setting: str,
        query_calls: Callable[[int], Awaitable[object]],
    ) -> None:
        self._cad = cad
        self._community_id = community_id
        self._server_ids = server_ids
        self._servers_setting = servers_setting
        self._query_calls = query_calls

    async def all(self) -> list[Finding]:
        """Run the checks one after the other, each only if the ones before succeeded."""
        found: list[Finding] = []
        default_id = self._server_ids[0]
        try:
            community = await self._find_community()
            if community is not None:
                found.append(self._check_key(community))
            await self._query_calls(default_id)
        except CadError as error:
            found.append(await self._explain_error(error, default_id))
            found += api_findings(self._cad.api, error)
        else:
            found = found or [fine(FindingCode.KEY_FINE)]
            found += api_findings(self._cad.api)
            found += await self._check_servers()
            found += await self._check_attach_variant()
        return [*found, *self._check_clock_offset()]

    async def _find_community(self) -> str | None:
        """Return the id of the key's community; None if the CAD rejects the query.

        The query for calls then shows the reason.
        """
        try:
            return await self._cad.community_id()
        except InvalidApiKey:
            raise
        except CadRefused:
            return None

    def _check_key(self, theirs: str) -> Finding:
        if theirs and theirs.casefold() != self._community_id.casefold():
            return warning(FindingCode.COMMUNITY_OTHER, theirs=theirs)
        return fine(FindingCode.KEY_FINE)

    async def _explain_error(self, error: CadError, server_id: int) -> Finding:
        if isinstance(error, CadRateLimited):
            return warning(FindingCode.CAD_BUSY)
        api, reason = self._cad.api, error_text(error)
        code = next((code for kind, code in _CODE_BY_ERROR if isinstance(error, kind)), None)
        if code is None and isinstance(error, CadRefused):
            servers = await self._list_servers() or {}
            if server_id not in servers and (servers or "SERVER" in reason.upper()):
                return self._unknown_server(server_id, servers)
            code = code_of_refusal(error, api)
        code = code or FindingCode.CAD_WRONG_ADDRESS
        return fault(code, reason=reason, version=api.version)

    def _unknown_server(self, server_id: int, servers: Iterable[int]) -> Finding:
        return fault(
            FindingCode.CAD_SERVER_UNKNOWN,
            setting=self._servers_setting,
            server=server_id,
            servers=list(map(str, sorted(servers))),
        )

    async def _list_servers(self) -> dict[int, str] | None:
        try:
            return await self._cad.servers()
        except CadError:
            return None

    async def _check_servers(self) -> list[Finding]:
        listed = await self._list_servers() or {}
        return [await self._check_server(one, listed) for one in self._server_ids]

    async def _check_server(self, server_id: int, listed: Mapping[int, str]) -> Finding:
        if listed and server_id not in listed:
            return self._unknown_server(server_id, listed)
        if not listed and server_id != self._server_ids[0]:
            try:
                await self._query_calls(server_id)
            except CadError as error:
                return await self._explain_error(error, server_id)
        return fine(
            FindingCode.CAD_SERVER_FINE,
            setting=self._servers_setting,
            server=server_id,
            name=listed.get(server_id, ""),
        )

    async def _check_attach_variant(self) -> list[Finding]:
        try:
            variant = await self._cad.find_attach_variant()
        except CadRefused as error:
            return [fault(FindingCode.ATTACH_VARIANT_NONE, reason=error_text(error))]
        except CadError:
            variant = None
        if variant is None:
            return [fine(FindingCode.ATTACH_VARIANT_UNTRIED)]
        return [fine(FindingCode.ATTACH_VARIANT_KNOWN, variant=variant)] if variant else []

    def _check_clock_offset(self) -> list[Finding]:
        skew = self._cad.clock_skew
        if skew is None:
            return []
        find, what = (
            (warning, FindingCode.CLOCK_OFF)
            if abs(skew) > MAX_CLOCK_SKEW
            else (fine, FindingCode.CLOCK_FINE)
        )
        return [find(what, seconds=round(skew))]


class PushPort(Protocol):
    """A server for push events on a port."""

    async def start(self) -> None:
        """Start to listen, or raise OSError."""

    async def stop(self) -> None:
        """Stop listening."""

    async def is_address_served(self) -> bool:
        """Return True if the running bot listens on the port."""


async def port_findings(feed: PushPort) -> list[Finding]:
    """Check that the bot can listen for push events, by listening for a moment."""
    try:
        await feed.start()
    except OSError as error:
        if await feed.is_address_served():
            return [fine(FindingCode.PORT_SERVED)]
        return [fault(FindingCode.PORT_TAKEN, reason=error.strerror or str(error))]
    await feed.stop()
    return [fine(FindingCode.PORT_FREE)]


def feed_findings(feeds: Mapping[str, FeedStatus], now: datetime) -> list[Finding]:
    """Return the state of the running bot's feeds, by the name of the setting of each."""
    return [_feed_finding(name, one, now) for name, one in feeds.items()] or [
        fine(FindingCode.EVENTS_POLLED)
    ]


def budget_findings(attach: RateLimiter, detach: RateLimiter) -> list[Finding]:
    """Return how many orders the rate limits still allow; this is never a fault."""
    left = {
        name: max(0, budget.allowed - budget.used)
        for name, budget in (("attach", attach), ("detach", detach))
    }
    return [fine(FindingCode.BUDGET, **left, per_minute=attach.per_minute)]


def _feed_finding(name: str, status: FeedStatus, now: datetime) -> Finding:
    if isinstance(status.problem, FeedRefused):
        return fault(FindingCode.EVENTS_REFUSED, name=name, reason=status.problem.text)
    if status.problem is not None:
        return warning(FindingCode.EVENTS_LOST, name=name, reason=status.problem.reason)
    if status.last_event_at is not None:
        return fine(
            FindingCode.EVENTS_RECEIVED, name=name, ago=(now - status.last_event_at).total_seconds()
        )
    find = warning if now - status.started_at > FEED_SILENCE else fine
    return find(FindingCode.EVENTS_SILENT, name=name, ago=(now - status.started_at).total_seconds())
