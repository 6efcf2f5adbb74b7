"""One request for several orders: whom it may be about, and what its answer means for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Receipt
from bot.services import batching, guard
from bot.services.board import Board
from bot.services.jobs import Job, attachments, detachments
from bot.services.outage import Outage
from bot.storage.orders import Action


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

    def __init__(self, cad: CadClient, board: Board, outage: Outage) -> None:
        self._cad = cad
        self._board = board
        self._outage = outage
        self._last_cell = 0

    async def deliver(self, jobs: Sequence[Job]) -> Delivered:
        """Send jobs that batching has put together in one request."""
        result = Delivered()
        try:
            result.refused = await self._guard(jobs)
            left = [job for job in jobs if job not in result.refused]
            if left:
                result.receipt = await self._request(left)
            result.done = left
        except CadError as error:
            # A guard that fails has sent nothing, and has decided nothing either.
            return await self._failed(jobs, error)
        self._outage.ended()
        return result

    async def _guard(self, jobs: Sequence[Job]) -> list[Job]:
        """Leave out whoever a detach must not touch; return the jobs that nobody is left of."""
        for job in jobs:
            is_detach = job.order.action is Action.DETACH
            if is_detach and (job.broke_off or job.order.call_id is not None):
                job.resolution = await guard.still_there(self._cad, job)
        return [job for job in jobs if not job.resolution.assignees]

    async def _request(self, jobs: Sequence[Job]) -> Receipt | None:
        if jobs[0].order.action is Action.ATTACH:
            return await self._cad.attach(attachments(jobs))
        return await self._cad.detach(detachments(jobs))

    async def _failed(self, jobs: Sequence[Job], error: CadError) -> Delivered:
        if Outage.may_pass(error):
            self._outage.failed(error)
            for job in jobs:
                job.broke_off = job.broke_off or error.may_have_arrived
            return Delivered(again=list(jobs))
        if error.concerns_all or len(jobs) == 1 or await self._call_is_gone(jobs):
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
            calls = await self._board.calls_now(server_id)
        except CadError:
            return False
        return all(call.call_id != call_id for call in calls)
