"""The periodic jobs that keep data no longer than promised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.links.approvals import LinkApprovals
from bot.services.records.audit_log import AuditLog
from bot.services.records.erasure import MemberErasure

MINUTE, HOUR = 60.0, 3600.0  # seconds
CLOSE_GRACE = 5.0  # seconds


class MemberDirectory(Protocol):
    """The members of the Discord servers."""

    async def membership_test(self, guild_id: int) -> Callable[[int], bool] | None:
        """Return the test for a member of a server; None unless all its members are known."""


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """A job that runs at the start and then again and again.

    Attributes:
        name: what it does, for the log.
        interval: seconds between the end of a run and the next.
        run: does it once; may raise.
    """

    name: str
    interval: float
    run: Callable[[], Awaitable[None]]


class Maintenance:
    """Runs the periodic jobs of a guild; the failure of a run ends neither its job nor another one.

    Args:
        erasure: None where the data of a member is kept when they leave.
    """

    def __init__(
        self,
        audit_log: AuditLog,
        approvals: LinkApprovals,
        erasure: MemberErasure | None,
        members: MemberDirectory,
        *,
        guild_id: int,
        clock: Clock,
    ) -> None:
        self._guild_id = guild_id
        self._erasure = erasure
        self._members = members
        self._tasks = BackgroundTasks(clock.sleep)
        self.jobs = [
            PeriodicJob("deleting old orders and tokens", MINUTE, audit_log.purge),
            PeriodicJob("ending old link requests", MINUTE, partial(approvals.expire, guild_id)),
        ]
        if erasure is not None:
            self.jobs.append(
                PeriodicJob("erasing members who have left", HOUR, self._erase_departed)
            )

    def start(self) -> None:
        """Start the jobs; each runs at once."""
        for job in self.jobs:
            self._tasks.repeat(job.name, partial(_run, job))

    async def close(self) -> None:
        """Stop the jobs; a run that is under way is finished, for `CLOSE_GRACE` at most."""
        await self._tasks.close(CLOSE_GRACE)

    async def _erase_departed(self) -> None:
        """Erase the members who left while the bot did not run, and orders that ended since."""
        if self._erasure is not None:
            with self._tasks.cancellable():
                is_member = await self._members.membership_test(self._guild_id)
            if is_member is not None:
                await self._erasure.erase_absent(self._guild_id, is_member)


async def _run(job: PeriodicJob) -> float:
    await job.run()
    return job.interval
