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
from bot.services import batching, guard, outcomes, receipts
from bot.services.board import Board
from bot.services.jobs import Job, attachments, detachments
from bot.services.outage import Outage
from bot.services.outcomes import Failure, Outcome, Waiting
from bot.services.targets import Resolution
from bot.services.telling import Announcer, Telling
from bot.storage.errors import StorageError
from bot.storage.orders import Action, Order, OrderStore, State

_BEAT = 0.25  # seconds before another look where somebody else was quicker

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


class OrderQueue:
    """Carries out stored orders; the one writer of their states.

    Args:
        make_out: finds out whom an order is about.
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
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._cad = cad
        self._board = board
        self._make_out = make_out
        self._telling = Telling(announcer, clock=clock, sleep=sleep)
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._outage = Outage(clock, jitter)
        self._open: dict[int, Job] = {}  # by order id, the oldest first
        self._sending = asyncio.Lock()
        self._last_cell = 0
        self._pausing: set[asyncio.Task[object]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

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
        for order in await self._store.unfinished():
            if order.state.is_open:
                self._spawn(self._see_through(await self._entered(order)))
            else:
                self._spawn(self._settle(_job(order)))

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
        for task in self._pausing:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

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
                    await self._end([job], State.EXPIRED, error=self._outage.trouble)
                elif not job.resolution.assignees:
                    await self._end([job], State.REFUSED)
                elif wait := self._wait(job):
                    await self._telling.waits(job, self._waiting(job, now, wait))
                    await self._pause(min(wait, (job.expires_at - now).total_seconds()))
                elif not await self._send_next():
                    await self._pause(_BEAT)
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
            await self._send([self._open[item.order_id] for item in chosen])
        return True

    def _may_lead(self, job: Job, waiting: Sequence[Job]) -> bool:
        if self._wait(job) or not job.resolution.assignees:
            return False
        before = waiting[: waiting.index(job)]
        return not any(batching.conflict(job.item, one.item) for one in before)

    async def _send(self, jobs: list[Job]) -> None:
        await self._move(jobs, State.SENDING)
        try:
            jobs = await self._guarded(jobs)
            receipt = await self._request(jobs) if jobs else None
        except CadError as error:
            await self._failed(jobs, error)
            return
        self._outage.ended()
        # An order for the same thing that came meanwhile has been carried out as well.
        await self._end([*jobs, *self._twins(jobs)], State.DONE, receipt=receipt)

    async def _guarded(self, jobs: list[Job]) -> list[Job]:
        """Leave out whoever a detach must not touch; return the jobs that still have somebody."""
        for job in jobs:
            is_detach = job.order.action is Action.DETACH
            if is_detach and (job.broke_off or job.order.call_id is not None):
                job.resolution = await guard.still_there(self._cad, job)
        nobody = [job for job in jobs if not job.resolution.assignees]
        if nobody:
            await self._end(nobody, State.REFUSED)
        return [job for job in jobs if job.resolution.assignees]

    async def _request(self, jobs: Sequence[Job]) -> Receipt | None:
        if jobs[0].order.action is Action.ATTACH:
            return await self._cad.attach(attachments(jobs))
        return await self._cad.detach(detachments(jobs))

    async def _failed(self, jobs: list[Job], error: CadError) -> None:
        if Outage.may_pass(error):
            self._outage.failed(error)
            for job in jobs:
                job.broke_off = job.broke_off or error.may_have_arrived
            await self._move(jobs, State.QUEUED)
        elif error.concerns_all or len(jobs) == 1 or await self._call_is_gone(jobs):
            await self._end(jobs, State.REFUSED, error=error)
        else:
            by_id = {job.order.id: job for job in jobs}
            for half in batching.split([job.item for job in jobs]):
                self._last_cell += 1
                for item in half:
                    by_id[item.order_id].cell = self._last_cell
            await self._move(jobs, State.QUEUED)

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

    def _twins(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the waiting jobs that ask for exactly what has just been done."""
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
        await self._store.save([job.record() for job in jobs])

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
            )
            if receipt:
                job.outcome = receipts.compared(job, job.outcome, receipt)
            job.order = replace(job.order, finished_at=now)
        await self._move(jobs, state)
        for job in jobs:
            self._open.pop(job.order.id, None)
            self._spawn(self._settle(job))

    async def _settle(self, job: Job) -> None:
        """Tell what became of an order; have it confirmed by the CAD, and tell that too."""
        told = await self._telling.ended(job)
        if job.is_unconfirmed and job.outcome:
            job.outcome = await receipts.confirmed(job, job.outcome, self._board, self._pause)
            told = await self._telling.ended(job)
        await self._telling.report(job)
        job.order = replace(job.order, answered=told)
        await self._store.save([job.record()])

    async def _pause(self, seconds: float) -> None:
        """Sleep where stopping does no harm."""
        task = asyncio.current_task()
        assert task is not None, "only coroutines pause"  # noqa: S101 - for the type checker
        self._pausing.add(task)
        try:
            await self._sleep(seconds)
        finally:
            self._pausing.discard(task)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("an order could not be carried on", exc_info=error)


def _job(order: Order) -> Job:
    stored = outcomes.view(order)
    return Job(order, stored.resolution, stored.outcome)
