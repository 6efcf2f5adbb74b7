"""The queue: every stored order is sent, tried again and answered, whatever happens on the way.

There is no worker. Whoever waits for an order carries it: the first whose turn has come sends for
all who can share the request and tells each of them what became of it; the others find their
order closed. Every step is in the database before it is taken, so that a bot that was killed
takes its orders up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.cad.client import CadClient
from bot.cad.errors import CadError, CadTimeout
from bot.cad.models import Receipt
from bot.services import outcomes, receipts
from bot.services.board import Board, utc_now
from bot.services.courier import Courier
from bot.services.jobs import Job
from bot.services.outage import Outage
from bot.services.outcomes import Failure, OrderView, Outcome, Waiting
from bot.services.targets import Resolution
from bot.services.tasks import Tasks
from bot.services.telling import Announcer, Telling
from bot.services.turns import Turns
from bot.storage.errors import StorageError
from bot.storage.orders import Order, OrderStore, State

CONFIRM_WITHIN = timedelta(minutes=1)
WORTH_TELLING = 2.0  # seconds; a shorter wait ends before it has been read

_BEAT = 0.25  # seconds before another look where somebody else was quicker
_SLOW = CadTimeout()  # what people wait for while a request takes its time

_log = logging.getLogger(__name__)


async def nothing_follows(_done: OrderView) -> None:
    """Leave a done order at that."""


class OrderQueue:
    """Carries out stored orders; the one writer of their states.

    Args:
        make_out: finds out whom an order is about.
        aftermath: does what follows from an order that the CAD has taken; nobody waits for it.
        clock: monotonic seconds.
        jitter: a number between 0 and 1; spreads the attempts of many bots.
    """

    def __init__(
        self,
        store: OrderStore,
        cad: CadClient,
        board: Board,
        make_out: Callable[[Order], Awaitable[Resolution]],
        announcer: Announcer,
        *,
        aftermath: Callable[[OrderView], Coroutine[None, None, None]] = nothing_follows,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._board = board
        self._make_out = make_out
        self._aftermath = aftermath
        self._tasks = Tasks(sleep)
        self._telling = Telling(announcer, clock=clock, sleep=sleep, pause=self._tasks.pause)
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._outage = Outage(clock, jitter)
        self._turns = Turns(cad, self._outage, clock=clock, now=now)
        self._courier = Courier(cad, board, self._outage, clock=clock)
        self._sending = asyncio.Lock()
        self._sent_at = -math.inf
        self._resumed = False

    async def run(self, order: Order, *, asks: bool = True) -> None:
        """Carry out an order that has just been acknowledged, until it is closed; asks: see Job."""
        job = self._enter(order)
        job.asks = asks
        try:
            await self._see_through(job)
        except Exception:
            if job.order.state.is_open:
                # Its giver will be told of a fault, so it must not come to life at the next start.
                with contextlib.suppress(StorageError):
                    await self.withdraw(order)
            raise

    async def resume(self) -> None:
        """Take up what was left when the bot stopped; once."""
        if self._resumed:
            return
        self._resumed = True
        for order in await self._store.unfinished():
            is_open = order.state.is_open
            work = self._see_through(self._enter(order)) if is_open else self._settle(_job(order))
            self._tasks.spawn(work)

    async def cancel(self, order_id: int, actor_id: int) -> bool:
        """Drop a person's order that has not been sent; False if it is too late for that."""
        job = self._turns.find(order_id)
        if job is None or job.order.state is not State.QUEUED or job.order.actor_id != actor_id:
            return False
        await self._end([job], State.CANCELLED)
        return True

    async def withdraw(self, order: Order) -> None:
        """Close an order whose giver has been told that it failed."""
        closed = replace(order, state=State.CANCELLED, answered=True, finished_at=self._now())
        await self._store.save([closed])

    async def drain(self, seconds: float) -> None:
        """Let go of the orders that wait, for the next start, and finish what is being sent."""
        self._tasks.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with self._sending:
                    pass  # what is being sent has been answered
                await self._tasks.join()

    def _enter(self, order: Order) -> Job:
        """Give an order its place among the others, before it is known whom it is about."""
        job = _job(order)
        job.broke_off = order.state is State.SENDING
        job.order = replace(order, state=State.QUEUED)
        self._turns.enter(job)
        return job

    async def _see_through(self, job: Job) -> None:
        try:
            if not job.is_made_out and self._now() < job.expires_at:
                with self._tasks.stoppable():
                    job.resolution = await self._make_out(job.order)
                if job.must_ask:
                    await self._end([job], State.ASKED)
                elif self._turns.wait(job):
                    # Should the bot be started anew meanwhile, the CAD may not be there to ask.
                    await self._save([job])
            job.is_made_out = True
            while job.order.state.is_open:
                await self._step(job)
        finally:
            self._turns.leave(job)

    async def _step(self, job: Job) -> None:
        """Do whatever brings an open order further."""
        now = self._now()
        if job.order.state is State.SENDING:
            await self._tasks.pause(_BEAT)  # whoever sends it also closes it
        elif now >= job.expires_at:
            await self._end([job], State.EXPIRED)
        elif not job.resolution.assignees:
            await self._end([job], State.REFUSED)
        elif wait := self._turns.wait(job):
            self._tell(job, now, wait, self._outage.trouble)
            await self._tasks.pause(min(wait, (job.expires_at - now).total_seconds()))
        elif self._sending.locked():
            if self._clock() - self._sent_at >= WORTH_TELLING:
                self._tell(job, now, _BEAT, _SLOW)
            await self._tasks.pause(_BEAT)
        elif not await self._send_next():
            if wait := self._turns.wait_for_others(job):
                self._tell(job, now, wait, self._outage.trouble)
            await self._tasks.pause(_BEAT)

    def _tell(self, job: Job, now: datetime, wait: float, trouble: CadError | None) -> None:
        """Have somebody told why their order waits, without waiting for Discord."""
        if self._clock() - job.entered + wait < WORTH_TELLING:
            return
        # While the CAD is in trouble, the next attempt is nothing that anybody waits for.
        until = job.expires_at if trouble else now + timedelta(seconds=wait + 0.5)
        waiting = Waiting(until.replace(microsecond=0), trouble, self._turns.budget(job).per_minute)
        self._tasks.spawn(self._telling.waits(job, waiting))

    async def _send_next(self) -> bool:
        """Send for whoever's turn it is; False if nobody's turn has come."""
        async with self._sending:
            jobs = [] if self._tasks.stopping else self._turns.next()
            if not jobs:
                return False
            self._sent_at = self._clock()
            await self._move(jobs, State.SENDING)
            try:
                result = await self._courier.deliver(jobs)
            except BaseException:
                # Our own fault, or the end of whoever carried the others: it may have arrived.
                for job in jobs:
                    job.broke_off, job.order = True, replace(job.order, state=State.QUEUED)
                raise
            await self._move(result.again, State.QUEUED)
            # An order for the same thing that came meanwhile gets the same answer.
            done = [*result.done, *self._turns.twins(result.done)]
            await self._end(done, State.DONE, receipt=result.receipt)
            refused = [*result.refused, *self._turns.twins(result.refused)]
            await self._end(refused, State.REFUSED, error=result.error)
        return True

    async def _move(self, jobs: Sequence[Job], state: State) -> None:
        for job in jobs:
            job.order = replace(job.order, state=state)
        await self._save(jobs)

    async def _save(self, jobs: Sequence[Job]) -> None:
        """Write jobs down. A database that fails now must not keep anyone from their answer."""
        try:
            await self._store.save([job.record() for job in jobs])
        except StorageError as error:
            _log.error("%d orders cannot be written: %s", len(jobs), error)

    async def _end(
        self,
        jobs: Sequence[Job],
        state: State,
        *,
        error: CadError | None = None,
        receipt: Receipt | None = None,
    ) -> None:
        """Close orders and have everyone told."""
        now = self._now()
        for job in jobs:
            call = self._board.call(job.order.server_id, job.order.call_id or 0)
            job.outcome = Outcome(
                # Of whom nobody was left, the CAD has said nothing.
                failure=Failure.of(error) if error and job.resolution.assignees else None,
                seconds=(now - job.order.created_at).total_seconds(),
                call_title=call.title if call else "",
                is_unsure=job.broke_off,
            )
            if receipt:
                job.outcome = receipts.compared(job, job.outcome, receipt)
            job.order = replace(job.order, finished_at=now)
        await self._move(jobs, state)
        for job in jobs:
            self._turns.leave(job)
            self._tasks.spawn(self._settle(job))
            if state is State.DONE:
                self._tasks.spawn(self._aftermath(job.view()))

    async def _settle(self, job: Job) -> None:
        """Tell what became of an order; have it confirmed by the CAD, and tell that too."""
        told = await self._telling.ended(job)
        if job.is_unconfirmed and job.outcome:
            # What the CAD shows long after says nothing about then.
            is_recent = self._now() - (job.order.finished_at or self._now()) < CONFIRM_WITHIN
            looks = receipts.LOOKS if is_recent else ()
            with self._tasks.stoppable():  # asking the CAD may take as long as the pauses
                job.outcome = await receipts.confirmed(
                    job,
                    job.outcome,
                    self._board,
                    clock=self._clock,
                    sleep=self._sleep,
                    looks=looks,
                )
            told = await self._telling.ended(job)
        await self._telling.report(job)
        job.order = replace(job.order, answered=told)
        await self._save([job])


def _job(order: Order) -> Job:
    stored = outcomes.view(order)
    return Job(order, stored.resolution, stored.outcome, order.resolution is not None)
