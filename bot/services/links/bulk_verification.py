"""The check of all links of a guild: a job that shows its progress and survives a restart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from bot.cad.errors import CadError
from bot.common.clock import Clock
from bot.services.access.policy import Access, Actor
from bot.services.background import Tasks
from bot.services.links.link_service import LinkPage, page_of
from bot.services.verification.verifier import Prover, judged
from bot.storage.errors import StorageError
from bot.storage.id_spelling import identity
from bot.storage.stores.link_check_store import CheckStore, LinkCheck
from bot.storage.stores.link_row import Link
from bot.storage.stores.verification_store import ProofCounts, ProofStore, Standing

EDIT_GAP = 3.0  # seconds between two edits of a reply
REPLY_LIFETIME = 14 * 60.0 + 45.0  # seconds; Discord lets a reply be edited for 15 minutes
NAMED = 25  # links of one kind that a report names
FIRST_BACKOFF, LONGEST_BACKOFF = 15.0, 300.0  # seconds without a question after a fault

_CHUNK = 500  # ids per query
_NOBODY = -1  # before the first Discord id

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """How far a check is and what it has found.

    Attributes:
        unproven, changed: the first `NAMED` links of the kind.
        shared: people who have the same id, whatever its spelling; found at the end.
        trouble: what keeps the CAD from being asked just now.
    """

    check: LinkCheck
    counts: ProofCounts
    unproven: tuple[Link, ...] = ()
    changed: tuple[Link, ...] = ()
    shared: tuple[tuple[int, ...], ...] = ()
    trouble: CadError | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether more is to come."""
        return self.check.finished_at is None


class CheckReply(Protocol):
    """The private reply to somebody who follows a check. Never raises."""

    async def show(self, report: CheckReport) -> bool:
        """Bring it up to date; False if that failed."""


class CheckAnnouncer(Protocol):
    """Where a check is told of that nobody follows any more. Never raises."""

    async def post(self, report: CheckReport) -> bool:
        """Write a report where the staff can read it; False if there is no such place."""


@dataclass(eq=False, slots=True)
class _Job:
    """A check that is being carried out; replies maps each to when it expires."""

    check: LinkCheck
    replies: dict[CheckReply, float] = field(default_factory=dict)
    shown_at: float = -math.inf
    trouble: CadError | None = None
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)


class LinkChecks:
    """At most one check per guild; what it finds is in the links, so that nothing else is lost."""

    def __init__(
        self,
        access: Access,
        prover: Prover,
        proofs: ProofStore,
        checks: CheckStore,
        announcer: CheckAnnouncer,
        *,
        clock: Clock,
    ) -> None:
        self._access = access
        self._prover = prover
        self._proofs = proofs
        self._checks = checks
        self._announcer = announcer
        self._clock = clock
        self._tasks = Tasks(clock.sleep)
        self._jobs: dict[int, _Job] = {}

    async def check(self, actor: Actor, reply: CheckReply) -> CheckReport:
        """Begin a check, or look at the one that runs or has ended unseen; its reply follows it.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_admin(actor)
        job = self._jobs.get(actor.guild_id)
        if job is None:
            last = await self._checks.get(actor.guild_id)
            if last and last.finished_at and not last.told:
                report = await self._report(last)
                await self._checks.put(replace(last, told=True))
                return report
            job = await self._begin(actor)
        job.replies[reply] = self._clock.monotonic() + REPLY_LIFETIME
        job.shown_at = self._clock.monotonic()
        return await self._report(job.check, job.trouble)

    async def page(self, actor: Actor, number: int, kind: str) -> LinkPage:
        """Return one page of the guild's links that stand so, a `Standing`.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_link(actor)
        standing = Standing(kind)
        total = await self._proofs.count(actor.guild_id, standing)
        read = partial(self._proofs.page, actor.guild_id, standing)
        return await page_of(total, number, read, kind)

    async def stop(self, actor: Actor) -> bool:
        """End the guild's check early; False if none runs.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_admin(actor)
        job = self._jobs.get(actor.guild_id)
        if job is None:
            return False
        await self._finish(job, stopped=True)
        return True

    async def resume(self) -> None:
        """Go on with what the last stop of the bot has interrupted."""
        for check in await self._checks.unfinished():
            self._run(_Job(check))

    async def close(self, seconds: float) -> None:
        """Stop for now; the next start goes on."""
        self._tasks.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tasks.join()

    async def _begin(self, actor: Actor) -> _Job:
        if actor.guild_id in self._jobs:  # somebody was quicker
            return self._jobs[actor.guild_id]
        job = _Job(LinkCheck(actor.guild_id, actor.user_id, self._clock.now()))
        self._jobs[actor.guild_id] = job  # before the first wait: a second press finds it
        try:
            await self._checks.put(job.check)
        except StorageError:
            del self._jobs[actor.guild_id]
            raise
        _log.info("%s has all links of guild %s checked", actor.user_id, actor.guild_id)
        self._run(job)
        return job

    def _run(self, job: _Job) -> None:
        self._jobs[job.check.guild_id] = job
        self._tasks.spawn(self._carry_out(job))

    def _is_on(self, job: _Job) -> bool:
        return self._jobs.get(job.check.guild_id) is job

    async def _carry_out(self, job: _Job) -> None:
        """Ask about one link after the other; a fault is waited out."""
        guild_id, last, backoff = job.check.guild_id, _NOBODY, FIRST_BACKOFF
        while self._is_on(job):
            wait = backoff
            try:
                link = await self._proofs.unchecked(guild_id, job.check.started_at, last)
                if link is None:
                    await self._tasks.pause(job.shown_at + EDIT_GAP - self._clock.monotonic())
                    await self._finish(job)
                    return
                job.trouble = await self._ask(link)
                await self._show(job)
            except StorageError as error:
                _log.error("the links of guild %s cannot be checked: %s", guild_id, error)
            else:
                if job.trouble is None:
                    last, backoff = link.discord_id, FIRST_BACKOFF
                    continue
                wait = max(backoff, job.trouble.retry_after or 0.0)
            await self._tasks.pause(wait)
            backoff = min(LONGEST_BACKOFF, backoff * 2)

    async def _ask(self, link: Link) -> CadError | None:
        """Ask about one link; return the trouble that the CAD is in, if any."""
        with self._tasks.stoppable():
            proof = await self._prover.again(link)
        if not proof.trouble:
            await self._prover.keep(link, judged(link, proof, self._clock.now()))
        return proof.trouble

    async def _finish(self, job: _Job, *, stopped: bool = False) -> None:
        """End a job and tell how: in its replies, else in the log channel, else when asked."""
        if not self._is_on(job):
            return
        check = replace(job.check, finished_at=self._clock.now(), stopped=stopped)
        await self._checks.put(check)
        if self._is_on(job):
            del self._jobs[check.guild_id]
        job.check, job.trouble = check, None
        report = await self._report(check)
        async with job.showing:  # no older state comes after this
            told = [await one.show(report) for one in self._replies(job)]
        if any(told) or await self._announcer.post(report):
            await self._checks.put(replace(check, told=True))
        _log.info("the links of guild %s are checked: %s", check.guild_id, report.counts)

    async def _show(self, job: _Job) -> None:
        """Show the progress, not more often than every `EDIT_GAP` seconds."""
        if self._clock.monotonic() - job.shown_at < EDIT_GAP or not self._replies(job):
            return
        job.shown_at = self._clock.monotonic()
        report = await self._report(job.check, job.trouble)
        async with job.showing:
            for reply in self._replies(job) if self._is_on(job) else ():
                await reply.show(report)

    def _replies(self, job: _Job) -> list[CheckReply]:
        return [one for one, end in job.replies.items() if end > self._clock.monotonic()]

    async def _report(self, check: LinkCheck, trouble: CadError | None = None) -> CheckReport:
        guild_id, since = check.guild_id, check.started_at
        counts = await self._proofs.counts(guild_id, since)
        if check.finished_at is None:
            return CheckReport(check, counts, trouble=trouble)
        unproven, changed = [
            tuple(await self._proofs.standing(guild_id, one, since, NAMED))
            for one in (Standing.UNPROVEN, Standing.CHANGED)
        ]
        return CheckReport(check, counts, unproven, changed, await self._shared(guild_id))

    async def _shared(self, guild_id: int) -> tuple[tuple[int, ...], ...]:
        """Find the people who have one id together, however each of theirs is spelled."""
        people: dict[str, list[int]] = defaultdict(list)
        last = _NOBODY
        while chunk := await self._proofs.ids(guild_id, after=last, limit=_CHUNK):
            for discord_id, api_id in chunk:
                people[identity(api_id)].append(discord_id)
            last = chunk[-1][0]
        return tuple(tuple(several) for several in people.values() if len(several) > 1)
