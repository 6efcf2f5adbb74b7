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
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.background import BackgroundTasks
from bot.services.links.link_service import LinkPage, read_page
from bot.services.verification.verifier import LinkVerifier, apply_verification
from bot.storage.errors import StorageError
from bot.storage.stores.link_check_store import LinkCheck, LinkCheckStore
from bot.storage.stores.link_row import Link
from bot.storage.stores.verification_store import (
    VerificationCounts,
    VerificationStatus,
    VerificationStore,
)

EDIT_GAP = 3.0  # seconds between two edits of a reply
REPLY_LIFETIME = 14 * 60.0 + 45.0  # seconds; Discord lets a reply be edited for 15 minutes
MAX_NAMED = 25  # links of one kind that a report names
FIRST_BACKOFF, LONGEST_BACKOFF = 15.0, 300.0  # seconds without a question after a fault

_CHUNK = 500  # ids per query
_BEFORE_FIRST_ID = -1  # before the first Discord id

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
    counts: VerificationCounts
    unverified: tuple[Link, ...] = ()
    changed: tuple[Link, ...] = ()
    shared: tuple[tuple[int, ...], ...] = ()
    cad_error: CadError | None = None

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
class _RunningCheck:
    """A check that is being carried out; replies maps each to when it expires."""

    check: LinkCheck
    replies: dict[CheckReply, float] = field(default_factory=dict)
    shown_at: float = -math.inf
    cad_error: CadError | None = None
    show_lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class BulkVerifier:
    """At most one check per guild; what it finds is in the links, so that nothing else is lost."""

    def __init__(
        self,
        access: Access,
        verifier: LinkVerifier,
        verifications: VerificationStore,
        checks: LinkCheckStore,
        announcer: CheckAnnouncer,
        *,
        clock: Clock,
    ) -> None:
        self._access = access
        self._verifier = verifier
        self._verifications = verifications
        self._checks = checks
        self._announcer = announcer
        self._clock = clock
        self._tasks = BackgroundTasks(clock.sleep)
        self._running: dict[int, _RunningCheck] = {}

    async def start_or_follow(self, actor: Actor, reply: CheckReply) -> CheckReport:
        """Begin a check, or look at the one that runs or has ended unseen; its reply follows it.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_admin(actor)
        job = self._running.get(actor.guild_id)
        if job is None:
            last = await self._checks.get(actor.guild_id)
            if last and last.finished_at and not last.told:
                report = await self._build_report(last)
                await self._checks.save(replace(last, told=True))
                return report
            job = await self._start(actor)
        job.replies[reply] = self._clock.monotonic() + REPLY_LIFETIME
        job.shown_at = self._clock.monotonic()
        return await self._build_report(job.check, job.cad_error)

    async def page(self, actor: Actor, number: int, kind: str) -> LinkPage:
        """Return one page of the guild's links that stand so, a `Standing`.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_link(actor)
        standing = VerificationStatus(kind)
        total = await self._verifications.count(actor.guild_id, standing)
        read = partial(self._verifications.page, actor.guild_id, standing)
        return await read_page(total, number, read, kind)

    async def stop(self, actor: Actor) -> bool:
        """End the guild's check early; False if none runs.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_admin(actor)
        job = self._running.get(actor.guild_id)
        if job is None:
            return False
        await self._finish(job, stopped=True)
        return True

    async def resume(self) -> None:
        """Go on with what the last stop of the bot has interrupted."""
        for check in await self._checks.unfinished():
            self._spawn(_RunningCheck(check))

    async def close(self, seconds: float) -> None:
        """Stop for now; the next start goes on."""
        self._tasks.cancel_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tasks.join()

    async def _start(self, actor: Actor) -> _RunningCheck:
        if actor.guild_id in self._running:  # somebody was quicker
            return self._running[actor.guild_id]
        job = _RunningCheck(LinkCheck(actor.guild_id, actor.user_id, self._clock.now()))
        self._running[actor.guild_id] = job  # before the first wait: a second press finds it
        try:
            await self._checks.save(job.check)
        except StorageError:
            del self._running[actor.guild_id]
            raise
        _log.info("%s has all links of guild %s checked", actor.user_id, actor.guild_id)
        self._spawn(job)
        return job

    def _spawn(self, job: _RunningCheck) -> None:
        self._running[job.check.guild_id] = job
        self._tasks.spawn(self._verify_all(job))

    def _is_current(self, job: _RunningCheck) -> bool:
        return self._running.get(job.check.guild_id) is job

    async def _verify_all(self, job: _RunningCheck) -> None:
        """Ask about one link after the other; a fault is waited out."""
        guild_id, last, backoff = job.check.guild_id, _BEFORE_FIRST_ID, FIRST_BACKOFF
        while self._is_current(job):
            wait = backoff
            try:
                link = await self._verifications.next_unchecked(
                    guild_id, job.check.started_at, last
                )
                if link is None:
                    await self._tasks.sleep(job.shown_at + EDIT_GAP - self._clock.monotonic())
                    await self._finish(job)
                    return
                job.cad_error = await self._verify_one(link)
                await self._show_progress(job)
            except StorageError as error:
                _log.error("the links of guild %s cannot be checked: %s", guild_id, error)
            else:
                if job.cad_error is None:
                    last, backoff = link.discord_id, FIRST_BACKOFF
                    continue
                wait = max(backoff, job.cad_error.retry_after or 0.0)
            await self._tasks.sleep(wait)
            backoff = min(LONGEST_BACKOFF, backoff * 2)

    async def _verify_one(self, link: Link) -> CadError | None:
        """Ask about one link; return the trouble that the CAD is in, if any."""
        with self._tasks.cancellable():
            proof = await self._verifier.reverify(link)
        if not proof.blocking_error:
            await self._verifier.save(link, apply_verification(link, proof, self._clock.now()))
        return proof.blocking_error

    async def _finish(self, job: _RunningCheck, *, stopped: bool = False) -> None:
        """End a job and tell how: in its replies, else in the log channel, else when asked."""
        if not self._is_current(job):
            return
        check = replace(job.check, finished_at=self._clock.now(), stopped=stopped)
        await self._checks.save(check)
        if self._is_current(job):
            del self._running[check.guild_id]
        job.check, job.cad_error = check, None
        report = await self._build_report(check)
        async with job.show_lock:  # no older state comes after this
            told = [await one.show(report) for one in self._open_replies(job)]
        if any(told) or await self._announcer.post(report):
            await self._checks.save(replace(check, told=True))
        _log.info("the links of guild %s are checked: %s", check.guild_id, report.counts)

    async def _show_progress(self, job: _RunningCheck) -> None:
        """Show the progress, not more often than every `EDIT_GAP` seconds."""
        if self._clock.monotonic() - job.shown_at < EDIT_GAP or not self._open_replies(job):
            return
        job.shown_at = self._clock.monotonic()
        report = await self._build_report(job.check, job.cad_error)
        async with job.show_lock:
            for reply in self._open_replies(job) if self._is_current(job) else ():
                await reply.show(report)

    def _open_replies(self, job: _RunningCheck) -> list[CheckReply]:
        return [one for one, end in job.replies.items() if end > self._clock.monotonic()]

    async def _build_report(
        self, check: LinkCheck, cad_error: CadError | None = None
    ) -> CheckReport:
        guild_id, since = check.guild_id, check.started_at
        counts = await self._verifications.counts(guild_id, since)
        if check.finished_at is None:
            return CheckReport(check, counts, cad_error=cad_error)
        unproven, changed = [
            tuple(await self._verifications.with_status(guild_id, one, since, MAX_NAMED))
            for one in (VerificationStatus.UNVERIFIED, VerificationStatus.CHANGED)
        ]
        return CheckReport(check, counts, unproven, changed, await self._find_shared_ids(guild_id))

    async def _find_shared_ids(self, guild_id: int) -> tuple[tuple[int, ...], ...]:
        """Find the people who have one id together, however each of theirs is spelled."""
        people: dict[str, list[int]] = defaultdict(list)
        last = _BEFORE_FIRST_ID
        while chunk := await self._verifications.api_id_chunk(guild_id, after=last, limit=_CHUNK):
            for discord_id, api_id in chunk:
                people[identity(api_id)].append(discord_id)
            last = chunk[-1][0]
        return tuple(tuple(several) for several in people.values() if len(several) > 1)
