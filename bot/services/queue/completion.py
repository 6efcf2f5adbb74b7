"""The end of an order: written down, told, confirmed by the CAD and reported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.cad.errors import CadError
from bot.cad.models import Receipt
from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import OrderView, Outcome, StoredError
from bot.services.queue import board_check
from bot.services.queue.order_notifier import Telling
from bot.services.queue.queued_order import Job
from bot.services.queue.scheduler import Turns
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order, OrderState, OrderStore

CONFIRM_WITHIN = timedelta(minutes=1)

_log = logging.getLogger(__name__)


class Closing:
    """Writes down where orders stand, and sees to everything that follows from their end.

    Args:
        aftermath: does what follows from an order that the CAD has taken; nobody waits for it.
    """

    def __init__(
        self,
        store: OrderStore,
        board: Board,
        turns: Turns,
        telling: Telling,
        tasks: BackgroundTasks,
        *,
        aftermath: Callable[[OrderView], Coroutine[None, None, None]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._turns = turns
        self._telling = telling
        self._tasks = tasks
        self._aftermath = aftermath
        self._clock = clock

    async def move(self, jobs: Sequence[Job], state: OrderState) -> None:
        """Give jobs another state, in the database too."""
        for job in jobs:
            job.order = replace(job.order, state=state)
        await self.save(jobs)

    async def save(self, jobs: Sequence[Job]) -> None:
        """Write jobs down. A database that fails now must not keep anyone from their answer."""
        try:
            await self._store.save([job.record() for job in jobs])
        except StorageError as error:
            _log.error("%d orders cannot be written: %s", len(jobs), error)

    async def end(
        self,
        jobs: Sequence[Job],
        state: OrderState,
        *,
        error: CadError | None = None,
        receipt: Receipt | None = None,
    ) -> None:
        """Close orders and have everyone told."""
        now = self._clock.now()
        for job in jobs:
            call = self._board.call(job.order.server_id, job.order.call_id or 0)
            job.outcome = Outcome(
                # Of whom nobody was left, the CAD has said nothing.
                failure=StoredError.from_error(error)
                if error and job.resolution.assignees
                else None,
                seconds=(now - job.order.created_at).total_seconds(),
                call_title=call.title if call else "",
                is_unsure=job.broke_off,
            )
            if receipt:
                job.outcome = board_check.compared(job, job.outcome, receipt)
            job.order = replace(job.order, state=state, finished_at=now)
        await self.save(jobs)
        for job in jobs:
            self._turns.leave(job)
            job.bell.notify()
            self._tasks.spawn(self.settle(job))
        for job in jobs if state is OrderState.DONE else ():  # after everyone has been told
            self._tasks.spawn(self._aftermath(job.view()))

    async def withdraw(self, order: Order) -> None:
        """Close an order whose giver has been told that it failed, or raise StorageError."""
        closed = replace(
            order, state=OrderState.CANCELLED, answered=True, finished_at=self._clock.now()
        )
        await self._store.save([closed])

    async def settle(self, job: Job) -> None:
        """Tell what became of an order; have it confirmed by the CAD, and tell that too."""
        told = await self._telling.ended(job)
        if job.is_unconfirmed and job.outcome:
            # What the CAD shows long after says nothing about then.
            is_recent = (
                self._clock.now() - (job.order.finished_at or self._clock.now()) < CONFIRM_WITHIN
            )
            looks = board_check.LOOKS if is_recent else ()
            with self._tasks.cancellable():  # asking the CAD may take as long as the pauses
                job.outcome = await board_check.confirmed(
                    job,
                    job.outcome,
                    self._board,
                    clock=self._clock,
                    looks=looks,
                )
            told = await self._telling.ended(job)
        await self._telling.report(job)
        job.order = replace(job.order, answered=told)
        await self.save([job])
