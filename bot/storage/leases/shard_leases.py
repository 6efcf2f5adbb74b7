"""The ownership of a PostgreSQL database: a lease that its owner renews, and others wait for.

The owner trusts its lease for less time than the database grants it, counted from before it asked.
So a process that was stopped, cut off or late knows by its own clock alone that the lease may be
over. What date and time it is, all of them learn from the database. As in River's
`internal/leadership/elector.go`, with an epoch.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.ext.asyncio import create_async_engine

from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.common.outage_log import OutageLog
from bot.storage.errors import DatabaseInUse, DatabaseUnavailable, OwnershipLost, StorageError
from bot.storage.leases.lease_table import Grant, LeaseTable

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a lease is good for, in seconds.

    Attributes:
        ttl: what the database grants.
        margin: how much earlier the owner stops to trust the lease.
        renew_every: between two renewals, and at most for one of them.
        look_every: between two attempts to take the lease, or to repeat a renewal that failed.
        quiet: see `Ownership.quiet`. It and the margin pass before another process looks at the
            CAD; until then the CAD is done with what it was sent, or as good as that.
    """

    ttl: float = 10.0
    margin: float = 1.0
    renew_every: float = 2.0
    look_every: float = 0.5
    quiet: float = 4.0


class Leases(Protocol):
    """What `LeaseTable` does."""

    location: str

    async def prepare(self) -> None: ...
    async def claim(self, ttl: timedelta) -> Grant | None: ...
    async def renew(self, epoch: int, ttl: timedelta) -> Grant | None: ...
    async def resign(self, epoch: int) -> None: ...
    async def fence(self, connection: AsyncConnection, epoch: int, patience: timedelta) -> bool: ...
    async def close(self) -> None: ...


class ShardLeases:
    """Owns the guilds of the shards whose lease it has: now of the only one.

    An ownership that was lost does not come back; whatever has been built on it is to be closed.

    Attributes:
        times: for all databases of this process.
        follows: whether it was waited for until another process had it no more.
    """

    times = LeaseTimes()

    def __init__(self, leases: Leases, clock: Clock = SYSTEM_CLOCK) -> None:
        self._leases = leases
        self._clock = clock
        self._ttl = timedelta(seconds=self.times.ttl)
        self._epoch = 0  # of this process; the first one is 1
        self._trusted_until = -math.inf  # by the uptime of this machine
        self._zero = datetime.min.replace(tzinfo=UTC)  # of the uptime, by the database's clock
        self._over = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None
        self.follows = False

    @classmethod
    def on(cls, url: URL, location: str) -> ShardLeases:
        """Prepare the lease on the database of a server; `location` has no password."""
        # A connection of its own: a renewal waits for no other work.
        engine = create_async_engine(
            url, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        return cls(LeaseTable(engine, location, _new_worker_id()))

    def trusted_for(self) -> float:
        """Return the seconds for which no other process has the lease; 0 once that is over."""
        return max(0.0, self._trusted_until - self._clock.uptime())

    @property
    def quiet(self) -> float:
        """See `Ownership`."""
        return self.times.quiet

    def now(self) -> datetime:
        """Return the present moment by the clock of the database."""
        return self._zero + timedelta(seconds=self._clock.uptime())

    async def acquire(self, *, stands_by: bool) -> None:
        """Take the lease, and renew it from then on; one that stands by waits for it."""
        location = self._leases.location
        await self._leases.prepare()
        outage = OutageLog(_log, "the lease cannot be asked for", "the lease can be asked for")
        while True:
            try:
                async with asyncio.timeout(self.times.renew_every):
                    if await self.claim():
                        break
            except (StorageError, TimeoutError) as error:
                if not stands_by:
                    reason = "it does not answer"
                    raise DatabaseUnavailable(location, reason, may_pass=True) from error
                outage.record_failure(error)
            else:
                outage.record_success()
                if not stands_by:
                    raise DatabaseInUse(location)
                if not self.follows:
                    _log.info("standing by: another bot owns the database %s", location)
                self.follows = True
            await self._clock.sleep(self.times.look_every)
        _log.info("this bot owns the database %s, epoch %s", location, self._epoch)
        self._renewing = asyncio.create_task(self._keep(), name="renewal of the lease")

    async def claim(self) -> bool:
        """Take the lease if no process has it; return whether it is ours now."""
        asked_at = self._clock.uptime()
        if grant := await self._leases.claim(self._ttl):
            self._epoch = grant.epoch
            self._trust(grant, asked_at)
        return self.trusted_for() > 0

    async def renew(self) -> None:
        """Extend the lease, unless it is over."""
        asked_at = self._clock.uptime()
        grant = await self._leases.renew(self._epoch, self._ttl)
        # Once the trust has ended, what was built on it is being closed: it must not come back.
        if grant and self.trusted_for() > 0:
            self._trust(grant, asked_at)
        else:
            self._lose()

    async def fence(self, connection: AsyncConnection) -> None:
        """Hold the lease until the end of a transaction, or raise OwnershipLost."""
        if self.trusted_for() > 0:
            # Well before the lease is over: the next owner waits for the transaction.
            if await self._leases.fence(connection, self._epoch, self._ttl / 2):
                return
            self._lose()
        raise OwnershipLost(self._leases.location)

    async def wait_lost(self) -> None:
        """Wait until the lease is not trusted any more."""
        over = asyncio.ensure_future(self._over.wait())
        try:
            while (left := self.trusted_for()) > 0:
                await self._clock.wait_for(over, left)
        finally:
            over.cancel()

    async def release(self) -> None:
        """Give the lease back, so that the next process need not wait for its end."""
        try:
            async with asyncio.timeout(self.times.renew_every):
                if self._renewing is not None:
                    self._renewing.cancel()
                    await asyncio.wait([self._renewing])  # it gives its connection back
                await self.resign()
        except (StorageError, TimeoutError) as error:
            _log.warning("the lease could not be given back: %r", error)
        finally:
            await self._leases.close()

    async def resign(self) -> None:
        """End the lease, if this process has it."""
        self._lose()
        if self._epoch:
            await self._leases.resign(self._epoch)

    async def _keep(self) -> None:
        """Renew the lease for as long as it is trusted."""
        outage = OutageLog(_log, "the lease cannot be renewed", "the lease is renewed again")
        pause = self.times.renew_every
        while self.trusted_for() > 0:
            await self._clock.sleep(pause)
            try:
                async with asyncio.timeout(self.times.renew_every):
                    await self.renew()
            except (StorageError, TimeoutError) as error:
                outage.record_failure(error)
                pause = self.times.look_every
            else:
                outage.record_success()
                pause = self.times.renew_every

    def _trust(self, grant: Grant, asked_at: float) -> None:
        self._trusted_until = asked_at + self.times.ttl - self.times.margin
        # The statement took place between the question and the answer.
        answered_at = self._clock.uptime()
        self._zero = grant.at - timedelta(seconds=(asked_at + answered_at) / 2)

    def _lose(self) -> None:
        self._trusted_until = -math.inf
        self._over.set()


def _new_worker_id() -> str:
    """Return a name for this process that no other has had; it begins with those of the host."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(8)}"
