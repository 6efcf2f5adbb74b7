"""The queue: every stored order is sent, tried again and answered, whatever happens on the way.

There is no worker. Whoever waits for an order carries it: the first whose turn has come sends for
all who can share the request and tells each of them what became of it; the others nap, and are
woken to find their order closed or their turn come. Every step is in the database before it is
taken, so that a bot that was killed takes its orders up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace

from bot.cad.client import CadClient
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.background import BackgroundTasks, WakeSignal
from bot.services.board.live_board import Board
from bot.services.cad_backoff import CadBackoff
from bot.services.cad_lookup import CadLookup
from bot.services.orders.outcomes import OrderView
from bot.services.queue.batch_sender import Courier
from bot.services.queue.completion import Closing
from bot.services.queue.order_notifier import Announcer, Telling
from bot.services.queue.queued_order import LIFETIME, Job
from bot.services.queue.scheduler import Turns
from bot.services.queue.wait_notices import WORTH_TELLING, Excuses
from bot.services.targets.resolution import Resolution
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order, OrderState, OrderStore

LOOK_AGAIN = 5.0  # seconds before the CAD is asked again whom an order is about


async def nothing_follows(_done: OrderView) -> None:
    """Leave a done order at that."""


async def nobody_arrives() -> None:
    """Expect no more orders."""


class OrderQueue:
    """Carries out stored orders; the one writer of their states.

    Args:
        make_out: finds out whom an order is about.
        arrivals: waits for the orders that will be here in a moment, not longer.
        aftermath: does what follows from an order that the CAD has taken; nobody waits for it.
        jitter: a number between 0 and 1; spreads the attempts of many bots.
    """

    def __init__(
        self,
        store: OrderStore,
        cad: CadClient,
        board: Board,
        resolve_order: Callable[[Order, CadLookup], Awaitable[Resolution]],
        announcer: Announcer,
        *,
        arrivals: Callable[[], Awaitable[None]] = nobody_arrives,
        follow_up: Callable[[OrderView], Coroutine[None, None, None]] = nothing_follows,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._make_out = resolve_order
        self._arrivals = arrivals
        self._tasks = BackgroundTasks(clock.sleep)
        self._telling = Telling(announcer, clock=clock, pause=self._tasks.sleep)
        self._clock = clock
        self._outage = CadBackoff(clock, jitter)
        self._turns = Turns(cad, self._outage, clock=clock)
        self._closing = Closing(
            store,
            board,
            self._turns,
            self._telling,
            self._tasks,
            aftermath=follow_up,
            clock=clock,
        )
        self._courier = Courier(cad, board, self._outage, clock=clock)
        self._excuses = Excuses(self._telling, self._turns, self._outage, self._tasks, clock=clock)
        self._sending = asyncio.Lock()
        self._sent_at = -math.inf
        self._lull: asyncio.Future[None] | None = None
        self._sent, self._moved = (
            WakeSignal(),
            WakeSignal(),
        )  # when no request, or nobody, is in the way
        self._resumed = False

    async def run(self, order: Order, *, may_ask: bool = True) -> None:
        """Carry out an order that has just been acknowledged, until it is closed; asks: see Job."""
        job = self._enter(order)
        job.asks = may_ask
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
            if order.state.is_open:
                self._tasks.spawn(self._see_through(self._enter(order)))
            else:
                self._tasks.spawn(self._closing.settle(Job.of(order)))

    async def cancel(self, order_id: int, actor_id: int) -> bool:
        """Drop a person's order that has not been sent; False if it is too late for that."""
        job = self._turns.find(order_id)
        if (
            job is None
            or job.order.state is not OrderState.QUEUED
            or job.order.actor_id != actor_id
        ):
            return False
        await self._closing.end([job], OrderState.CANCELLED)
        return True

    async def withdraw(self, order: Order) -> None:
        """Close an order whose giver has been told that it failed."""
        await self._closing.withdraw(order)

    async def drain(self, seconds: float) -> None:
        """Let go of the orders that wait, for the next start, and finish what is being sent."""
        self._tasks.cancel_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with self._sending:
                    pass  # what is being sent has been answered
                await self._tasks.join()

    def _enter(self, order: Order) -> Job:
        """Give an order its place among the others, before it is known whom it is about."""
        job = Job.of(order)
        job.broke_off = order.state is OrderState.SENDING
        if job.broke_off:
            job.order = replace(order, state=OrderState.QUEUED)
        self._turns.enter(job)
        return job

    async def _see_through(self, job: Job) -> None:
        try:
            while job.order.state.is_open:
                await self._step(job)
        finally:
            self._turns.leave(job)
            self._moved.notify()

    async def _step(self, job: Job) -> None:
        """Do whatever brings an open order further."""
        now = self._clock.now()
        left = (job.expires_at - now).total_seconds()
        if job.order.state is OrderState.SENDING:
            await self._bear_request(
                job, LIFETIME.total_seconds()
            )  # whoever sends it also closes it
        elif left <= 0:
            await self._closing.end([job], OrderState.EXPIRED)
        elif wait := self._turns.wait_to_look(job) if not job.is_made_out else 0.0:
            self._excuses.tell(job, now, wait, self._outage.error or job.doubt)
            await self._tasks.wait(min(wait, left), job.bell)
        elif not job.is_made_out:
            await self._look(job)
        elif not job.resolution.assignees:
            await self._closing.end([job], OrderState.REFUSED)
        elif wait := self._turns.wait(job):
            self._excuses.tell(job, now, wait, self._outage.error)
            await self._tasks.wait(min(wait, left), job.bell)
        elif self._sending.locked():
            await self._bear_request(job, left)
        elif not await self._send_next():
            wait = max(self._turns.wait(job), self._turns.wait_for_others(job))
            if wait:
                self._excuses.tell(job, now, wait, self._outage.error)
                await self._tasks.wait(min(wait, left), job.bell, self._moved)
            else:
                await self._bear(job, left, job.entered, self._moved)

    async def _bear_request(self, job: Job, left: float) -> None:
        """Wait for the end of the request that is under way; a crowd shares its first nap."""
        if self._lull is None:
            self._lull = self._tasks.start_wait(WORTH_TELLING, self._sent)
        if self._lull.done():
            await self._bear(job, left, self._sent_at, self._sent)
        else:
            await self._tasks.join_wait(self._lull)

    async def _bear(self, job: Job, left: float, since: float, over: WakeSignal) -> None:
        """Wait for what usually takes a moment, and say so where it takes longer."""
        quiet = max(since, job.entered) + WORTH_TELLING - self._clock.monotonic()
        if quiet <= 0 and job.order.state is OrderState.QUEUED:
            self._excuses.complain_now(job)
        await self._tasks.wait(min(quiet, left) if quiet > 0 else left, job.bell, over)

    async def _look(self, job: Job) -> None:
        """Find out whom an order is about, as far as that can be said now."""
        inquiry = CadLookup(lambda: self._tasks.spawn(self._excuses.complain(job)))
        job.looking, job.looked_at = True, self._outage.failures
        try:
            with self._tasks.cancellable():
                job.resolution = await self._make_out(job.order, inquiry)
        finally:
            job.looking = False
        job.doubt = inquiry.error
        if job.doubt is None:
            job.is_made_out = True
            if inquiry.was_asked:
                self._have_another_look()
            if self._turns.wait(job):
                # Should the bot be started anew meanwhile, the CAD may not be there to ask.
                await self._closing.save([job])
        elif job.resolution.assignees:
            job.is_made_out = True  # until the next attempt: those who are known go ahead
        else:
            job.not_before = self._clock.monotonic() + (job.doubt.retry_after or LOOK_AGAIN)
        if job.is_made_out and job.must_ask:
            await self._closing.end([job], OrderState.AWAITING_CONFIRMATION)
        self._moved.notify()

    def _have_another_look(self) -> None:
        """Wake those of whom the CAD did not say who they are: it answers now."""
        for job in self._turns.doubtful():
            job.not_before = -math.inf
            job.bell.notify()

    async def _send_next(self) -> bool:
        """Send for whoever's turn it is; False if nobody's turn has come."""
        async with self._sending:
            self._sent_at = self._clock.monotonic()
            try:
                # Those who come in a crowd share one request, and nobody waits for a lone order.
                await self._arrivals()
                jobs = [] if self._tasks.is_stopping else self._turns.next()
                if jobs:
                    await self._send(jobs)
            finally:
                self._sent.notify()
                self._lull = None
        if jobs:
            self._moved.notify()
        return bool(jobs)

    async def _send(self, jobs: Sequence[Job]) -> None:
        was_down = self._outage.error is not None
        self._sent_at = self._clock.monotonic()
        await self._closing.move(jobs, OrderState.SENDING)
        try:
            result = await self._courier.deliver(jobs)
        except BaseException:
            # Our own fault, or the end of whoever carried the others: it may have arrived.
            for job in jobs:
                job.broke_off, job.order = True, replace(job.order, state=OrderState.QUEUED)
            raise
        for job in result.again:
            # Before the next attempt the CAD is asked again whom it is about.
            job.is_made_out = job.broke_off or job.doubt is None
        await self._closing.move(result.again, OrderState.QUEUED)
        # An order for the same thing that came meanwhile gets the same answer.
        done = [*result.done, *self._turns.twins(result.done)]
        await self._closing.end(done, OrderState.DONE, receipt=result.receipt)
        refused = [*result.refused, *self._turns.twins(result.refused)]
        await self._closing.end(refused, OrderState.REFUSED, error=result.error)
        if was_down and self._outage.error is None:
            self._have_another_look()
        for job in self._turns.doubtful():
            job.bell.notify()  # before the next attempt, they are asked about
