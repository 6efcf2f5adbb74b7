"""The check of all links of a guild. It shows its progress and continues after a restart."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from bot.cad.errors import CadError, CadRateLimited
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.discord_limits import EDIT_GAP, REPLY_LIFETIME
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.background import BackgroundTasks
from bot.services.link_errors import NoCheckRuns
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

MAX_NAMED = 25  # links of one kind that a report names
BACKOFF = Backoff(first=15.0, longest=300.0)  # without a request after a fault

_CHUNK = 500  # ids per query
_BEFORE_FIRST_ID = -1  # smaller than every Discord id

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """How far a check is and what it has found.

    Attributes:
        unverified, changed: the first `MAX_NAMED` links of each status; empty while it runs.
        shared: the members who share an id, in any spelling; empty while it runs.
        cad_error: why the CAD cannot be asked at the moment; None if it can.
    """

    check: LinkCheck
    counts: VerificationCounts
    unverified: tuple[Link, ...] = ()
    changed: tuple[Link, ...] = ()
    shared: tuple[tuple[int, ...], ...] = ()
    cad_error: CadError | None = None

    @property
    def is_running(self) -> bool:
        """Whether the check has not ended yet."""
        return self.check.finished_at is None


class CheckReply(Protocol):
    """The private reply of an admin who follows a check. Never raises."""

    async def show(self, report: CheckReport) -> bool:
        """Edit the reply; return False if that failed."""


class CheckAnnouncer(Protocol):
    """Posts the result of a check whose replies can no longer be edited. Never raises."""

    async def post(self, report: CheckReport) -> bool:
        """Post a report in the log channel; return False if that failed or there is none."""


@dataclass(eq=False, slots=True)
class _RunningCheck:
    """A check that is under way; all times are in monotonic seconds."""

    check: LinkCheck
    last_id: int = _BEFORE_FIRST_ID  # the member whose link was checked last
    replies: dict[CheckReply, float] = field(default_factory=dict)  # each until it expires
    shown_at: float = -math.inf
    cad_error: CadError | None = None
    show_lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class BulkVerifier:
    """Checks all links of a guild, one check per guild; the results are stored in the links."""

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
        """Start a check, or follow the running one; return its report.

        If the last check ended without a reply or post, return its result instead. Until the
        check ends, `reply` is edited with the progress.

        Raises:
            NotAllowed, StorageError.
        """
        self._access.require_admin(actor)
        running = self._running.get(actor.guild_id)
        if running is None:
            last = await self._checks.get(actor.guild_id)
            if last and last.finished_at and not last.told:
                report = await self._build_report(last)
                await self._checks.save(replace(last, told=True))
                return report
            running = await self._start(actor)
        running.replies[reply] = self._clock.monotonic() + REPLY_LIFETIME.total_seconds()
        running.shown_at = self._clock.monotonic()
        return await self._build_report(running.check, running.cad_error)

    async def page(self, actor: Actor, number: int, kind: str) -> LinkPage:
        """Return one page of the guild's links of a `VerificationStatus`, or raise NotAllowed."""
        self._access.require_link(actor)
        status = VerificationStatus(kind)
        total = await self._verifications.count(actor.guild_id, status)
        read = partial(self._verifications.page, actor.guild_id, status)
        return await read_page(total, number, read, kind)

    async def stop(self, actor: Actor) -> None:
        """Stop the guild's check.

        Raises:
            RoleRequired, StorageError.
            NoCheckRuns: there is none to stop.
        """
        self._access.require_admin(actor)
        running = self._running.get(actor.guild_id)
        if running is None:
            raise NoCheckRuns
        await self._finish(running, stopped=True)

    async def resume(self, guild_id: int) -> None:
        """Continue the check of a guild that the last stop of the bot interrupted."""
        check = await self._checks.get(guild_id)
        if check is not None and check.finished_at is None:
            self._spawn(_RunningCheck(check))

    async def close(self, seconds: float) -> None:
        """Interrupt all checks, waiting at most `seconds`; `resume` continues them."""
        await self._tasks.close(seconds)

    async def _start(self, actor: Actor) -> _RunningCheck:
        if actor.guild_id in self._running:  # another press was faster
            return self._running[actor.guild_id]
        running = _RunningCheck(LinkCheck(actor.guild_id, actor.user_id, self._clock.now()))
        self._running[actor.guild_id] = running  # before the first wait: a second press finds it
        try:
            await self._checks.save(running.check)
        except StorageError:
            del self._running[actor.guild_id]
            raise
        _log.info("%s started a check of all links of guild %s", actor.user_id, actor.guild_id)
        self._spawn(running)
        return running

    def _spawn(self, running: _RunningCheck) -> None:
        self._running[running.check.guild_id] = running
        name = f"checking the links of guild {running.check.guild_id}"
        # The report is an edit of the reply to the command: discord.py sends it in its context.
        context = contextvars.copy_context()
        self._tasks.repeat(name, partial(self._verify_next, running), BACKOFF, context=context)

    def _is_current(self, running: _RunningCheck) -> bool:
        return self._running.get(running.check.guild_id) is running

    async def _verify_next(self, running: _RunningCheck) -> float | None:
        """Verify one link, or raise CadError; return the seconds until the next, None for none."""
        if not self._is_current(running):
            return None
        link = await self._verifications.next_unchecked(
            running.check.guild_id, running.check.started_at, running.last_id
        )
        if link is None:
            await self._tasks.sleep(running.shown_at + EDIT_GAP - self._clock.monotonic())
            await self._finish(running)
            return None
        error = running.cad_error = await self._verify_one(link)
        await self._show_progress(running)
        if isinstance(error, CadRateLimited):  # no outage
            return max(BACKOFF.first, error.retry_after or 0.0)
        if error is not None:
            raise error
        running.last_id = link.discord_id
        return 0.0

    async def _verify_one(self, link: Link) -> CadError | None:
        """Verify one link and store the result; return the error that blocks the CAD, if any."""
        with self._tasks.cancellable():
            verification = await self._verifier.reverify(link)
        if not verification.blocking_error:
            await self._verifier.save(
                link, apply_verification(link, verification, self._clock.now())
            )
        return verification.blocking_error

    async def _finish(self, running: _RunningCheck, *, stopped: bool = False) -> None:
        """End a check and show its result, else leave it to the next `start_or_follow`."""
        if not self._is_current(running):
            return
        check = replace(running.check, finished_at=self._clock.now(), stopped=stopped)
        await self._checks.save(check)
        if self._is_current(running):
            del self._running[check.guild_id]
        running.check, running.cad_error = check, None
        report = await self._build_report(check)
        async with running.show_lock:  # an older report must not overwrite this one
            is_shown = [await one.show(report) for one in self._open_replies(running)]
        if any(is_shown) or await self._announcer.post(report):
            await self._checks.save(replace(check, told=True))
        _log.info("checked the links of guild %s: %s", check.guild_id, report.counts)

    async def _show_progress(self, running: _RunningCheck) -> None:
        """Edit the replies with the progress, at most once per `EDIT_GAP` seconds."""
        if self._clock.monotonic() - running.shown_at < EDIT_GAP or not self._open_replies(running):
            return
        running.shown_at = self._clock.monotonic()
        report = await self._build_report(running.check, running.cad_error)
        async with running.show_lock:
            for reply in self._open_replies(running) if self._is_current(running) else ():
                await reply.show(report)

    def _open_replies(self, running: _RunningCheck) -> list[CheckReply]:
        return [one for one, end in running.replies.items() if end > self._clock.monotonic()]

    async def _build_report(
        self, check: LinkCheck, cad_error: CadError | None = None
    ) -> CheckReport:
        guild_id, since = check.guild_id, check.started_at
        counts = await self._verifications.counts(guild_id, since)
        if check.finished_at is None:
            return CheckReport(check, counts, cad_error=cad_error)
        unverified, changed = [
            tuple(await self._verifications.with_status(guild_id, one, since, MAX_NAMED))
            for one in (VerificationStatus.UNVERIFIED, VerificationStatus.CHANGED)
        ]
        return CheckReport(
            check, counts, unverified, changed, await self._find_shared_ids(guild_id)
        )

    async def _find_shared_ids(self, guild_id: int) -> tuple[tuple[int, ...], ...]:
        """Return the members of each id that several members have, in any spelling."""
        people: dict[str, list[int]] = defaultdict(list)
        last = _BEFORE_FIRST_ID
        while chunk := await self._verifications.api_id_chunk(guild_id, after=last, limit=_CHUNK):
            for discord_id, api_id in chunk:
                people[identity(api_id)].append(discord_id)
            last = chunk[-1][0]
        return tuple(tuple(members) for members in people.values() if len(members) > 1)
