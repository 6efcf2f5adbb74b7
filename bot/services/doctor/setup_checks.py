"""What can be found out about the database, the CAD and the push events. Changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot.cad.client import KnownCad
from bot.cad.errors import (
    ApiNotEnabled,
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    InvalidApiKey,
    InvalidCommunity,
)
from bot.cad.http.rate_limits import Budget
from bot.cad.models import Community
from bot.cad.push.event_queue import FeedRefused
from bot.services.board.push_listener import Listening
from bot.services.doctor.findings import Finding, What, fault, fine, warning
from bot.storage.errors import DatabaseTooNew, NotADatabase, StorageError
from bot.storage.health import Health

SKEW = 30.0  # seconds
LITTLE_SPACE = 100 * 2**20  # bytes
NO_SPACE = 5 * 2**20
SILENCE = timedelta(minutes=10)  # after which a feed that has heard nothing is worth a word

_FAULTS = (
    (InvalidApiKey, What.KEY_REFUSED),
    (InvalidCommunity, What.COMMUNITY_UNKNOWN),
    (CadUnreachable, What.CAD_UNREACHABLE),
    (CadTimeout, What.CAD_UNREACHABLE),
    (CadUnavailable, What.CAD_UNREACHABLE),
)
_NOBODY = "0"  # an API id to ask about; what the answer says does not matter


async def database(examine: Callable[[], Awaitable[Health]]) -> list[Finding]:
    """Check that the database can be read and written, and that there is room."""
    try:
        health = await examine()
    except DatabaseTooNew as error:
        return [fault(What.DATABASE_TOO_NEW, location=error.location, revision=error.revision)]
    except StorageError as error:
        what = What.DATABASE_BROKEN if isinstance(error, NotADatabase) else What.DATABASE_UNUSABLE
        return [fault(what, location=error.location, reason=error.reason)]
    data = {"location": health.location, "revision": health.revision, "newest": health.newest}
    known = {health.newest: What.DATABASE_FINE, None: What.DATABASE_NEW}
    found = [fine(known.get(health.revision, What.DATABASE_OLD), **data)]
    if health.free is not None and health.free < LITTLE_SPACE:
        find = fault if health.free < NO_SPACE else warning
        found.append(find(What.DISK_FULL, megabytes=health.free // 2**20))
    return found


class CadChecks:
    """What the CAD says about itself.

    Args:
        ask_calls: asks for the open calls of the server, which takes the plan that attaching
            takes, the right key and an existing server.
    """

    def __init__(
        self,
        cad: KnownCad,
        community_id: str,
        server_id: int,
        ask_calls: Callable[[], Awaitable[object]],
    ) -> None:
        self._cad = cad
        self._community_id = community_id
        self._server_id = server_id
        self._ask_calls = ask_calls

    async def all(self) -> list[Finding]:
        """Ask one thing after the other: each is worth asking only if the one before went well."""
        found: list[Finding] = []
        plan = ""
        try:
            community = await self._community()
            if community:
                plan = community.plan
                found.append(self._whose_key(community))
            await self._ask_calls()
        except CadError as error:
            found.append(await self._refused(error, plan))
        else:
            found = found or [fine(What.KEY_FINE)]
            found.append(fine(What.PLAN_FINE, plan=plan))
            found += await self._server()
            found += await self._dialect()
        return [*found, *self._clock_offset()]

    async def _community(self) -> Community | None:
        """Return whose key it is, None where the CAD does not say; what that means, calls tell."""
        try:
            return await self._cad.community()
        except InvalidApiKey:
            raise
        except CadRefused:
            return None

    def _whose_key(self, community: Community) -> Finding:
        theirs = community.community_id
        if theirs and theirs.casefold() != self._community_id.casefold():
            return warning(What.COMMUNITY_OTHER, theirs=theirs)
        return fine(What.KEY_FINE)

    async def _refused(self, error: CadError, plan: str) -> Finding:
        reason = _reason(error)
        what = next((what for kind, what in _FAULTS if isinstance(error, kind)), None)
        match error:
            case CadRateLimited():
                return warning(What.CAD_BUSY)
            case ApiNotEnabled():
                is_on = bool(plan) or await self._answers()
                found = What.PLAN_TOO_LOW if is_on else What.API_OFF
                return fault(found, plan=plan, reason=reason)
            case CadRefused() if what is None:
                servers = await self._listed() or {}
                if self._server_id not in servers and (servers or "SERVER" in reason.upper()):
                    return self._no_server(servers)
                what = None if error.status in {404, 405} else What.CAD_REFUSES
        return fault(what or What.CAD_WRONG_ADDRESS, reason=reason)

    async def _answers(self) -> bool:
        """Tell whether the CAD answers a question that takes less of a plan than attaching."""
        try:
            await self._cad.account_behind(self._server_id, _NOBODY)
        except CadError:
            return False
        return True

    def _no_server(self, servers: Iterable[int]) -> Finding:
        known = list(map(str, sorted(servers)))
        return fault(What.CAD_SERVER_UNKNOWN, server=self._server_id, servers=known)

    async def _listed(self) -> dict[int, str] | None:
        try:
            return await self._cad.servers()
        except CadError:
            return None

    async def _server(self) -> list[Finding]:
        servers = await self._listed()
        name = servers.get(self._server_id, "") if servers else ""
        if servers and self._server_id not in servers:
            return [self._no_server(servers)]
        return [fine(What.CAD_SERVER_FINE, server=self._server_id, name=name)]

    async def _dialect(self) -> list[Finding]:
        try:
            dialect = await self._cad.attach_dialect()
        except CadRefused as error:
            return [fault(What.DIALECT_NONE, reason=_reason(error))]
        except CadError:
            dialect = None
        if dialect is None:
            return [fine(What.DIALECT_OPEN)]
        return [fine(What.DIALECT_KNOWN, dialect=dialect)] if dialect else []

    def _clock_offset(self) -> list[Finding]:
        skew = self._cad.clock_skew
        if skew is None:
            return []
        find, what = (warning, What.CLOCK_OFF) if abs(skew) > SKEW else (fine, What.CLOCK_FINE)
        return [find(what, seconds=round(skew))]


class Port(Protocol):
    """A feed that listens on a port."""

    async def start(self) -> None:
        """Begin to listen; OSError where that is impossible."""

    async def stop(self) -> None:
        """Stop listening."""

    async def is_served(self) -> bool:
        """Tell whether another bot, the one that is running, listens there."""


async def port(feed: Port) -> list[Finding]:
    """Check that the bot could listen for push events, by doing so for a moment."""
    try:
        await feed.start()
    except OSError as error:
        if await feed.is_served():
            return [fine(What.PORT_SERVED)]
        return [fault(What.PORT_TAKEN, reason=error.strerror or str(error))]
    await feed.stop()
    return [fine(What.PORT_FREE)]


def heard(listening: Mapping[str, Listening], now: datetime) -> list[Finding]:
    """Say how it goes with the feeds of the running bot, by the setting that turns each on."""
    return [_heard(name, one, now) for name, one in listening.items()] or [fine(What.EVENTS_POLLED)]


def budgets(attach: Budget, detach: Budget) -> list[Finding]:
    """Say what the running bot may still order; it is never a fault to have ordered much."""
    left = {
        name: max(0, budget.allowed - budget.used)
        for name, budget in (("attach", attach), ("detach", detach))
    }
    return [fine(What.BUDGET, **left, per_minute=attach.per_minute)]


def _heard(name: str, one: Listening, now: datetime) -> Finding:
    if isinstance(one.trouble, FeedRefused):
        return fault(What.EVENTS_REFUSED, name=name, reason=one.trouble.text)
    if one.trouble is not None:
        return warning(What.EVENTS_LOST, name=name, reason=one.trouble.reason)
    if one.last is not None:
        return fine(What.EVENTS_HEARD, name=name, ago=(now - one.last).total_seconds())
    find = warning if now - one.since > SILENCE else fine
    return find(What.EVENTS_SILENT, name=name, ago=(now - one.since).total_seconds())


def _reason(error: CadError) -> str:
    """Return the CAD's own words, else the status, else what kind of trouble it was."""
    return error.text or (f"status {error.status}" if error.status else type(error).__name__)
