"""One request for several orders: whom it may be about, and what its answer means for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.cad.client import CadClient
from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadUnreadable
from bot.cad.models import Receipt
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.cad_backoff import BACKOFF, CadBackoff
from bot.services.queue import batching, detach_guard
from bot.services.queue.queued_order import Job, attachments, detachments
from bot.storage.stores.order_store import OrderAction


@dataclass(slots=True)
class Delivered:
    """What became of the jobs of one request.

    Attributes:
        done: the CAD has taken them.
        refused: nobody is left of them, or the CAD said no, with error as its words.
        again: they are to be sent again, after a while or in smaller parts.
        receipt: what the CAD says it has done, if it says so.
    """

    done: list[Job] = field(default_factory=list)
    refused: list[Job] = field(default_factory=list)
    again: list[Job] = field(default_factory=list)
    error: CadError | None = None
    receipt: Receipt | None = None


class Courier:
    """Sends what belongs together."""

    def __init__(self, cad: CadClient, board: Board, outage: CadBackoff, *, clock: Clock) -> None:
        self._cad = cad
        self._board = board
        self._outage = outage
        self._clock = clock
        self._last_cell = 0

    async def deliver(self, jobs: Sequence[Job]) -> Delivered:
        """Send jobs that batching has put together in one request."""
        try:
            limited = await self._guard(jobs)
        except CadError as error:
            # Nothing has been sent, and nothing is decided.
            return self._not_now(jobs, error) or Delivered(refused=list(jobs), error=error)
        jobs = [job for job in jobs if job not in limited]
        left = [job for job in jobs if job.resolution.assignees]
        try:
            receipt = await self._request(left) if left else None
        except CadError as error:
            result = await self._failed(left, error)
        else:
            self._outage.succeeded()
            result = Delivered(done=left, receipt=receipt)
        result.refused += [job for job in jobs if not job.resolution.assignees]
        result.again += limited
        return result

    async def _guard(self, jobs: Sequence[Job]) -> list[Job]:
        """Leave out whoever a detach must not touch; return the jobs that have to wait for that."""
        limited: list[Job] = []
        for job in jobs:
            is_detach = job.order.action is OrderAction.DETACH
            if is_detach and (job.broke_off or job.order.call_id is not None):
                try:
                    job.resolution = await detach_guard.still_there(self._cad, job)
                except CadRateLimited as error:
                    # Only looking is limited: whoever needs no look goes on.
                    job.not_before = self._clock.monotonic() + (
                        error.retry_after or BACKOFF.longest
                    )
                    limited.append(job)
        return limited

    async def _request(self, jobs: Sequence[Job]) -> Receipt | None:
        if jobs[0].order.action is OrderAction.ATTACH:
            return await self._cad.attach(attachments(jobs))
        return await self._cad.detach(detachments(jobs))

    def _not_now(self, jobs: Sequence[Job], error: CadError) -> Delivered | None:
        """Have jobs sent again after a fault that may pass; None for another error."""
        if CadBackoff.is_transient(error):
            self._outage.failed(error)
            return Delivered(again=list(jobs))
        if isinstance(error, CadRefused):
            self._outage.succeeded()
        return None

    async def _failed(self, jobs: Sequence[Job], error: CadError) -> Delivered:
        for job in jobs:
            may_have = error.may_have_arrived or isinstance(error, CadUnreadable)
            job.broke_off = job.broke_off or may_have
        if later := self._not_now(jobs, error):
            return later
        if error.affects_all_requests or len(jobs) == 1 or await self._call_is_gone(jobs):
            return Delivered(refused=list(jobs), error=error)
        by_id = {job.order.id: job for job in jobs}
        for half in batching.split([job.item for job in jobs]):
            self._last_cell += 1
            for item in half:
                by_id[item.order_id].cell = self._last_cell
        return Delivered(again=list(jobs))

    async def _call_is_gone(self, jobs: Sequence[Job]) -> bool:
        """Tell whether a refusal is surely about the one call that all these jobs name.

        Looking is cheaper than splitting, and blames nobody wrongly.
        """
        places = {job.item.place for job in jobs}
        _, server_id, call_id = places.pop()
        if places or call_id is None:
            return False
        try:
            calls = await self._board.fetch_calls(server_id)
        except CadError:
            return False
        return all(call.call_id != call_id for call in calls)
