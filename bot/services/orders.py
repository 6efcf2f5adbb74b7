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
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.limits import Budget
from bot.cad.models import Receipt
from bot.services import batching, outcomes, receipts
from bot.services.board import Board
from bot.services.courier import Courier
from bot.services.jobs import Job
from bot.services.outage import Outage
from bot.services.outcomes import Failure, OrderView, Outcome, Waiting
from bot.services.targets import Resolution
from bot.services.tasks import Tasks
from bot.services.telling import Announcer, Telling
from bot.storage.errors import StorageError
from bot.storage.orders import Action, Order, OrderStore, State

CONFIRM_WITHIN = timedelta(minutes=1)
WORTH_TELLING = 2.0  # seconds; a shorter wait ends before it has been read

_BEAT = 0.25  # seconds before another look where somebody else was quicker

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


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
        aftermath: Callable[[OrderView], Coroutine[None, None, None]],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._cad = cad
        self._board = board
        self._make_out = make_out
        self._aftermath = aftermath
        self._telling = Telling(announcer, clock=clock, sleep=sleep)
        self._clock = clock
        self._now = now
        self._outage = Outage(clock, jitter)
        self._open: dict[int, Job] = {}  # by order id, the oldest first
        self._courier = Courier(cad, board, self._outage)
        self._sending = asyncio.Lock()
        self._tasks = Tasks(sleep)

    async def run(self, order: Order) -> None:
        """Carry out an order that has just been acknowledged, until it is closed."""
        try:
            job = await self._entered(order)
        except Exception:
            # Its giver will be told of a fault, so it must not come to life at the next start.
            with contextlib.suppress(StorageError):
                await self.withdraw(order)
            raise
        await self._see_through(job)

    async def resume(self) -> None:
        """Take up what was left when the bot stopped."""
        self._tasks.spawn(self._take_up(await self._store.unfinished()))

    async def cancel(self, order_id: int, actor_id: int) -> bool:
        """Drop a person's order that has not been sent; False if it is too late for that."""
        job = self._open.get(order_id)
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
        await self._tasks.drain(seconds)

    async def _take_up(self, orders: Sequence[Order]) -> None:
        # One after the other: who was first stays first.
        for order in orders:
            if not order.state.is_open:
                self._tasks.spawn(self._settle(_job(order)))
                continue
            try:
                job = await self._entered(order)
            except StorageError as error:
                _log.error("order %s waits for the next start: %s", order.id, error)
            else:
                self._tasks.spawn(self._see_through(job))

    async def _entered(self, order: Order) -> Job:
        job = _job(order)
        if order.state is State.SENDING:
            job.broke_off = True
            await self._move([job], State.QUEUED)
        if order.resolution is None and self._now() < job.expires_at:
            job.resolution = await self._make_out(order)
        job.entered = self._clock()
        job.alone = not self._open
        self._open[order.id] = job
        return job

    async def _see_through(self, job: Job) -> None:
        try:
            while job.order.state.is_open:
                now = self._now()
                if now >= job.expires_at:
                    await self._end([job], State.EXPIRED)
                elif not job.resolution.assignees:
                    await self._end([job], State.REFUSED)
                elif wait := self._wait(job):
                    if self._clock() - job.entered + wait >= WORTH_TELLING:
                        await self._telling.waits(job, self._waiting(job, now, wait))
                    await self._tasks.pause(min(wait, (job.expires_at - now).total_seconds()))
                elif not await self._send_next():
                    await self._tasks.pause(_BEAT)
        finally:
            self._open.pop(job.order.id, None)

    def _budget(self, job: Job) -> Budget:
        is_attach = job.order.action is Action.ATTACH
        return self._cad.attach_budget if is_attach else self._cad.detach_budget

    def _wait(self, job: Job) -> float:
        """Return the seconds until a job's turn may come, 0 for now."""
        budget = self._budget(job)
        wait = max(self._outage.wait(), budget.wait())
        if job.order.action is Action.ATTACH and self._cad.calls_per_attach == 1 and not job.cell:
            age = self._clock() - job.entered
            wait = max(wait, batching.hold(budget, age=age, alone=job.alone))
        return wait

    def _waiting(self, job: Job, now: datetime, wait: float) -> Waiting:
        trouble = self._outage.trouble
        # While the CAD is in trouble, the next attempt is nothing that anybody waits for.
        until = job.expires_at if trouble else now + timedelta(seconds=wait)
        return Waiting(until.replace(microsecond=0), trouble, self._budget(job).per_minute)

    async def _send_next(self) -> bool:
        """Send for whoever's turn it is; False if nobody's turn has come."""
        async with self._sending:
            waiting = [job for job in self._open.values() if job.order.state is State.QUEUED]
            head = next((job for job in waiting if self._may_lead(job, waiting)), None)
            if head is None:
                return False
            items = [job.item for job in waiting]
            chosen = batching.choose(head.item, items, self._cad.calls_per_attach)
            jobs = [self._open[item.order_id] for item in chosen]
            await self._move(jobs, State.SENDING)
            result = await self._courier.deliver(jobs)
            await self._move(result.again, State.QUEUED)
            # An order for the same thing that came meanwhile gets the same answer.
            done = [*result.done, *self._twins(result.done)]
            await self._end(done, State.DONE, receipt=result.receipt)
            refused = [*result.refused, *self._twins(result.refused)]
            await self._end(refused, State.REFUSED, error=result.error)
        return True

    def _may_lead(self, job: Job, waiting: Sequence[Job]) -> bool:
        if self._wait(job) or not job.resolution.assignees:
            return False
        before = waiting[: waiting.index(job)]
        return not any(batching.conflict(job.item, one.item) for one in before)

    def _twins(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the waiting jobs that ask for exactly what these asked for."""
        done = [job.item for job in jobs]
        return [
            job
            for job in self._open.values()
            if job.order.state is State.QUEUED
            and any(batching.are_twins(job.item, item) for item in done)
        ]

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
                failure=Failure.of(error) if error else None,
                seconds=(now - job.order.created_at).total_seconds(),
                call_title=call.title if call else "",
                is_unsure=job.broke_off or (error is not None and error.may_have_arrived),
            )
            if receipt:
                job.outcome = receipts.compared(job, job.outcome, receipt)
            job.order = replace(job.order, finished_at=now)
        await self._move(jobs, state)
        for job in jobs:
            self._open.pop(job.order.id, None)
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
            job.outcome = await receipts.confirmed(
                job, job.outcome, self._board, self._tasks.pause, looks
            )
            told = await self._telling.ended(job)
        await self._telling.report(job)
        job.order = replace(job.order, answered=told)
        await self._save([job])


def _job(order: Order) -> Job:
    stored = outcomes.view(order)
    return Job(order, stored.resolution, stored.outcome)
