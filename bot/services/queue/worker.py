"""The worker: one task that asks the scheduler what to do next, does it, and asks again.

Between two steps it sleeps until something happens or a deadline passes. Lookups, and the one
request that is under way, run as tasks of their own, which wake the worker when they end. Every
step is stored before it is taken, so that a bot that was killed takes its orders up again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TypeAlias

from bot.cad.client import CadClient
from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.cad_backoff import CadBackoff
from bot.services.cad_lookup import CadLookup
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import WaitNotice
from bot.services.queue import scheduler
from bot.services.queue.batch_sender import BatchSender, SendResult
from bot.services.queue.completion import OrderCompletion, OrderNotifier
from bot.services.queue.looks import LATE_AFTER, with_earlier_units
from bot.services.queue.order_kinds import LimitState
from bot.services.queue.queued_order import LookupState, QueuedOrder
from bot.services.queue.scheduler import Close, Resolve, Send, Situation, Wait
from bot.services.queue.steps import LookWhen
from bot.services.targets.resolution import Resolution
from bot.storage.stores.order_store import OrderState

RESOLVE_RETRY = 5.0  # seconds between two lookups of one order
# Known units wait so many seconds for those that the CAD's limit delays; then they go ahead.
LONGEST_LOOKUP_WAIT = 10.0
SAVE_RETRY = 5.0  # seconds between two attempts to store that an order is being sent
_SHORTEST_SLEEP = 0.001  # seconds; a deadline must not keep the worker busy

# Finds the units of an order; the lookup records whether the CAD was asked, and what went wrong.
ResolveOrder: TypeAlias = Callable[[AcceptedOrder, CadLookup], Awaitable[Resolution]]


class QueueWorker:
    """Works on the open orders for as long as there are any.

    Args:
        on_failed: called for each order that a fault of the bot stops.
    """

    def __init__(
        self,
        cad: CadClient,
        resolve: ResolveOrder,
        sender: BatchSender,
        completion: OrderCompletion,
        notifier: OrderNotifier,
        *,
        backoff: CadBackoff,
        tasks: BackgroundTasks,
        on_failed: Callable[[QueuedOrder, Exception], None],
        clock: Clock,
    ) -> None:
        self.orders: dict[int, QueuedOrder] = {}  # by id, the oldest first
        self._cad = cad
        self._resolve_order = resolve
        self._sender = sender
        self._completion = completion
        self._notifier = notifier
        self._backoff = backoff
        self._tasks = tasks
        self._on_failed = on_failed
        self._clock = clock
        self._deadline: float | None = None  # when the bot stops, in monotonic seconds
        self._sending_since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._wakeup: asyncio.Future[None] | None = None

    def add(self, queued: QueuedOrder) -> None:
        """Take an order."""
        queued.is_alone = True
        for other in self.orders.values():
            # One whose units the CAD does not show is not about to share a request.
            if other.lookup.error is None:
                queued.is_alone = other.is_alone = False
                break
        self.orders[queued.order.id] = queued
        self.wake()

    def remove(self, queued: QueuedOrder) -> None:
        """Let go of an order."""
        self.orders.pop(queued.order.id, None)
        self.wake()

    def wake(self) -> None:
        """Have the orders looked at again; start the task if it has ended."""
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)
        if self._task is None and self.orders and not self._tasks.is_stopping:
            self._task = self._tasks.spawn(self._work(), "order queue")

    async def drain(self, seconds: float) -> None:
        """Go on for as long as an order can be finished within some seconds."""
        self._deadline = self._clock.monotonic() + seconds
        self.wake()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        try:
            while self.orders and not self._tasks.is_stopping:
                wakeup = self._wakeup = asyncio.get_running_loop().create_future()
                match scheduler.decide(self.orders.values(), self._situation()):
                    case Close(orders, state):
                        await self._completion.finish(orders, state)
                        continue
                    case Resolve(orders):
                        for queued in orders:
                            queued.lookup = replace(queued.lookup, is_running=True, asked_at=None)
                            name = f"lookup of order {queued.order.id}"
                            self._tasks.spawn(self._resolve(queued), name)
                    case Send(orders):
                        self._sending_since = now = self._clock.monotonic()
                        for queued in orders:
                            queued.is_late |= now - queued.entered_at > LATE_AFTER
                        self._tasks.spawn(self._send(orders), f"request for {len(orders)} orders")
                    case wait:
                        if self._deadline is not None and self._is_futile(wait, self._deadline):
                            break
                        await self._wait(wait, wakeup)
                        continue
                if len(orders) == len(self.orders):  # only their tasks can bring something new
                    await self._clock.wait_for(wakeup)
        except Exception as error:  # noqa: BLE001 - each actor is told
            self._fail([*self.orders.values()], error)
        self._task = None

    def _is_futile(self, wait: Wait, deadline: float) -> bool:
        """Tell whether no order can be finished before the bot stops."""
        is_busy = self._sending_since is not None or any(
            one.lookup.is_running for one in self.orders.values()
        )
        return not is_busy and (self._backoff.error is not None or wait.until > deadline)

    async def _wait(self, wait: Wait, wakeup: asyncio.Future[None]) -> None:
        """Show why orders wait, and sleep until the deadline or until something happens."""
        for notice in wait.notices:
            limiter = notice.queued.step.limiter(self._cad)
            until = notice.until.replace(microsecond=0)
            self._notifier.show_waiting(
                notice.queued, WaitNotice(until, notice.error, limiter.per_minute)
            )
        if wait.unsaved:
            # After a restart the CAD may not be there to ask which units they are about.
            for queued in wait.unsaved:
                queued.lookup = replace(queued.lookup, is_stored=True)
            await self._completion.save(wait.unsaved)
        seconds = max(_SHORTEST_SLEEP, wait.until - self._clock.monotonic())
        await self._clock.wait_for(wakeup, seconds if seconds < math.inf else None)

    def _situation(self) -> Situation:
        return Situation(
            self._clock.monotonic(),
            self._clock.now(),
            self._sending_since,
            self._backoff.retry_at,
            self._backoff.error,
            self._backoff.failures,
            cache(partial(LimitState.read, self._cad)),
        )

    async def _resolve(self, queued: QueuedOrder) -> None:
        """Find out which units an order is about, as far as the CAD tells now."""

        def on_start() -> None:
            queued.lookup = replace(queued.lookup, asked_at=self._clock.monotonic())
            self.wake()

        lookup, failures = CadLookup(on_start), self._backoff.failures
        is_late = queued.is_late or queued.lookup.error is not None
        accepted = AcceptedOrder(queued.order, queued.terms)
        try:
            with self._tasks.cancellable():
                resolution = await self._resolve_order(accepted, lookup)
        except Exception as error:  # noqa: BLE001 - the actor is told
            if queued.order.state is OrderState.QUEUED:
                self._fail([queued], error)
            return
        if queued.order.state is not OrderState.QUEUED:
            return  # closed meanwhile
        if queued.kind.needs_duty:
            resolution = resolution.only_on_duty(is_final=lookup.error is None)
        if is_late:
            is_detach = queued.kind.puts_on_call is False
            resolution = with_earlier_units(resolution, queued.resolution, is_detach=is_detach)
        queued.resolution = resolution
        # The units that are known go ahead; before another attempt the CAD is asked for the rest.
        limit = lookup.error.retry_after if lookup.error else None
        is_soon = limit is not None and limit <= LONGEST_LOOKUP_WAIT
        is_resolved = lookup.error is None or (bool(resolution.assignees) and not is_soon)
        queued.lookup = LookupState(is_resolved, error=lookup.error, failures=failures)
        if lookup.error is not None and not is_resolved:
            queued.retry_at = self._clock.monotonic() + (lookup.error.retry_after or RESOLVE_RETRY)
        elif lookup.error is None and lookup.was_asked:
            self._retry_unresolved()
        self.wake()

    def _retry_unresolved(self) -> None:
        """Have the CAD asked at once for the units that it did not name: it answers now."""
        for queued in self.orders.values():
            if queued.lookup.error is not None and not queued.lookup.is_resolved:
                queued.retry_at = -math.inf

    async def _send(self, batch: Sequence[QueuedOrder]) -> None:
        """Look at the CAD, send one request, and close or put back its orders.

        An order is being sent once the look is over; until then it can be cancelled.
        """
        was_down, step = self._backoff.error is not None, batch[0].step
        try:
            waiting = [one for one in batch if one.order.state is OrderState.QUEUED]
            looked_at = [
                one
                for one in waiting
                if step.look_when is LookWhen.ALWAYS
                or (step.look_when is LookWhen.LATE and one.is_late)
                or one.may_have_been_sent
            ]
            result = SendResult(ready=waiting)
            if looked_at:
                with self._tasks.cancellable():
                    self.wake()  # what the orders wait for is shown meanwhile
                    result = await self._sender.look(waiting, looked_at)
            for queued in (*result.ready, *result.seen, *result.refused, *result.retry):
                queued.order = replace(queued.order, state=OrderState.SENDING)
            if result.ready and not await self._completion.save(result.ready):
                self._put_back(result.ready)  # a restart would not know that they were sent
                result.ready = []
            result = await self._sender.send(result)
            is_alone = len(batch) == len(self.orders)
            if is_alone:
                await self._completion.apply(result, None)
            else:
                await self._completion.apply(result, self._duplicates_of, self.orders.values())
            if was_down and self._backoff.error is None:
                self._retry_unresolved()
        except Exception as error:  # noqa: BLE001 - each actor is told
            self._fail([one for one in batch if one.order.id in self.orders], error)
        finally:
            self._sending_since = None
            self.wake()

    def _put_back(self, batch: Sequence[QueuedOrder]) -> None:
        """Have orders wait that cannot be stored as being sent."""
        for queued in batch:
            queued.order = replace(queued.order, state=OrderState.QUEUED)
            queued.retry_at = self._clock.monotonic() + SAVE_RETRY

    def _duplicates_of(self, sent: Sequence[QueuedOrder]) -> list[QueuedOrder]:
        """Return the orders that came meanwhile and ask for the same; they share the answer."""
        return scheduler.duplicates_of(sent, self.orders.values(), self._situation())

    def _fail(self, orders: Sequence[QueuedOrder], error: Exception) -> None:
        for queued in orders:
            self.remove(queued)
            self._on_failed(queued, error)
