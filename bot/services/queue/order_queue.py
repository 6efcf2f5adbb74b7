"""The queue: one worker sends every stored order, tries it again and has it answered.

The worker asks the scheduler what to do next, does it, and asks again; between two steps it sleeps
until something happens or a deadline passes. Lookups and the one request that is under way run as
tasks of their own, which wake the worker when they end. Every step is stored before it is taken,
so that a bot that was killed takes its orders up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Protocol

from bot.cad.client import CadClient
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.background import BackgroundTasks
from bot.services.board.live_board import Board
from bot.services.cad_backoff import CadBackoff
from bot.services.cad_lookup import CadLookup
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import WaitNotice
from bot.services.queue import scheduler
from bot.services.queue.batch_sender import BatchSender
from bot.services.queue.batching import Usage
from bot.services.queue.completion import FollowUpHandler, OrderCompletion
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.order_notifier import Announcer, OrderNotifier
from bot.services.queue.queued_order import LookupState, QueuedOrder
from bot.services.queue.scheduler import Close, Decision, LimitState, Resolve, Send, Situation
from bot.services.targets.resolution import Resolution
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore

RESOLVE_RETRY = 5.0  # seconds between two lookups of one order
_SHORTEST_SLEEP = 0.001  # seconds; a deadline must not keep the worker busy

_log = logging.getLogger(__name__)


class OrderResolver(Protocol):
    """Finds out which units an order is about."""

    async def resolve_order(self, accepted: AcceptedOrder, lookup: CadLookup) -> Resolution:
        """Return the units; `lookup` is told whether the CAD was asked, and what went wrong."""


class OrderQueue:
    """Carries out stored orders; the one writer of their states.

    Args:
        follow_up: does what follows from an order that the CAD has taken, in the background.
        jitter: a number between 0 and 1; spreads the attempts of many bots.
    """

    def __init__(
        self,
        store: OrderStore,
        cad: CadClient,
        board: Board,
        resolver: OrderResolver,
        announcer: Announcer,
        *,
        follow_up: FollowUpHandler,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._cad = cad
        self._resolver = resolver
        self._clock = clock
        self._tasks = BackgroundTasks(clock.sleep)
        self._backoff = CadBackoff(clock, jitter)
        self._sender = BatchSender(cad, board, self._backoff, clock=clock)
        self._notifier = OrderNotifier(announcer, self._tasks, clock=clock)
        self._completion = OrderCompletion(
            store,
            board,
            self._notifier,
            self._tasks,
            follow_up=follow_up,
            on_closed=self._closed,
            clock=clock,
        )
        self._orders: dict[int, QueuedOrder] = {}  # the open ones by id, the oldest first
        self._ends: dict[int, asyncio.Future[None]] = {}  # what `run` waits for, by order id
        self._sending_since: float | None = None
        self._worker: asyncio.Task[None] | None = None
        self._wakeup: asyncio.Future[None] | None = None
        self._is_resumed = False

    async def run(self, accepted: AcceptedOrder, *, may_ask: bool = True) -> None:
        """Carry out an order that has just been acknowledged; return when it is closed.

        Args:
            may_ask: whether the actor is asked first where it turns out to be about many units.
        """
        order = accepted.order
        queued = self._add(accepted, may_ask=may_ask)
        end = self._ends[order.id] = asyncio.get_running_loop().create_future()
        try:
            await self._clock.wait_for(end)
            end.result()
        except Exception:
            if queued.order.state.is_open:
                # The actor is told of a fault, so the next start must not take the order up.
                with contextlib.suppress(StorageError):
                    await self.withdraw(order)
            raise
        finally:
            self._ends.pop(order.id, None)

    async def resume(self) -> None:
        """Take up what was left when the bot stopped; only the first call does."""
        if self._is_resumed:
            return
        self._is_resumed = True
        for order in await self._store.unfinished():
            accepted = AcceptedOrder.from_stored(order)
            if order.state.is_open:
                self._add(accepted)
            else:
                closed = QueuedOrder.load(accepted, entered_at=self._clock.monotonic())
                self._tasks.spawn(self._completion.announce(closed), f"outcome of order {order.id}")

    async def cancel(self, order_id: int, actor_id: int) -> bool:
        """Close an actor's order that has not been sent; False if it is too late for that."""
        queued = self._orders.get(order_id)
        if queued is None or queued.order.actor_id != actor_id:
            return False
        if queued.order.state is not OrderState.QUEUED:
            return False
        await self._completion.finish([queued], OrderState.CANCELLED)
        return True

    async def withdraw(self, order: Order) -> None:
        """Close an order whose actor was told that it failed, or raise StorageError."""
        await self._completion.withdraw(order)

    async def drain(self, seconds: float) -> None:
        """Leave the waiting orders to the next start, and finish what is being sent."""
        self._tasks.cancel_waiting()
        self._release_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tasks.join()

    # The worker

    async def _work(self) -> None:
        """Do what the scheduler says until no order is left."""
        try:
            while self._orders and not self._tasks.is_stopping:
                self._wakeup = asyncio.get_running_loop().create_future()
                decision = scheduler.decide(self._orders.values(), self._situation())
                await self._carry_out(decision, self._wakeup)
        except Exception as error:  # noqa: BLE001 - each actor is told
            for queued in [*self._orders.values()]:
                self._failed(queued, error)
        self._worker = None

    async def _carry_out(self, decision: Decision, wakeup: asyncio.Future[None]) -> None:
        match decision:
            case Close(orders, state):
                await self._completion.finish(orders, state)
            case Resolve(orders):
                for queued in orders:
                    queued.lookup = replace(queued.lookup, is_running=True, asked_at=None)
                    self._tasks.spawn(self._resolve(queued), f"lookup of order {queued.order.id}")
            case Send(orders):
                self._sending_since = self._clock.monotonic()
                for queued in orders:
                    queued.order = replace(queued.order, state=OrderState.SENDING)
                self._tasks.spawn(self._send(orders), f"request for {len(orders)} orders")
            case _:
                for notice in decision.notices:
                    limiter = KINDS[notice.queued.order.action].limiter(self._cad)
                    until = notice.until.replace(microsecond=0)
                    self._notifier.show_waiting(
                        notice.queued, WaitNotice(until, notice.error, limiter.per_minute)
                    )
                if decision.unsaved:
                    await self._save_resolutions(decision.unsaved)
                seconds = max(_SHORTEST_SLEEP, decision.until - self._clock.monotonic())
                await self._clock.wait_for(wakeup, seconds if seconds < math.inf else None)

    def _wake(self) -> None:
        """Have the worker look at the orders again; start it if it has ended."""
        if self._worker is None and self._orders and not self._tasks.is_stopping:
            self._worker = self._tasks.spawn(self._work(), "order queue")
        elif self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    def _situation(self) -> Situation:
        return Situation(
            self._clock.monotonic(),
            self._clock.now(),
            self._sending_since,
            self._backoff.retry_at,
            self._backoff.error,
            self._backoff.failures,
            cache(self._limit),
        )

    def _limit(self, action: OrderAction) -> LimitState:
        kind = KINDS[action]
        limiter, capacity = kind.limiter(self._cad), kind.capacity(self._cad)
        usage = None
        if kind.is_held and capacity == 1:
            usage = Usage.of(limiter)
        return LimitState(limiter.wait(), capacity, usage)

    # The orders

    def _add(self, accepted: AcceptedOrder, *, may_ask: bool = True) -> QueuedOrder:
        """Take an order into the queue; raise CancelledError while the bot stops."""
        if self._tasks.is_stopping:
            raise asyncio.CancelledError
        queued = QueuedOrder.load(
            accepted,
            entered_at=self._clock.monotonic(),
            is_alone=not self._orders,
            may_ask=may_ask,
        )
        if len(self._orders) == 1:
            for other in self._orders.values():
                other.is_alone = False
        self._orders[accepted.order.id] = queued
        self._wake()
        return queued

    def _closed(self, queued: QueuedOrder) -> None:
        """Let go of an order whose end is stored."""
        self._orders.pop(queued.order.id, None)
        end = self._ends.get(queued.order.id)
        if end is not None and not end.done():
            end.set_result(None)
        self._wake()

    def _failed(self, queued: QueuedOrder, error: Exception) -> None:
        """Let go of an order after a fault of the bot: its actor is told, or the next start
        takes it up."""
        self._orders.pop(queued.order.id, None)
        end = self._ends.get(queued.order.id)
        if end is not None and not end.done():
            end.set_exception(error)
        else:
            _log.error("order %s is left to the next start", queued.order.id, exc_info=error)
        self._wake()

    def _release_waiting(self) -> None:
        """Let go of the orders that wait: the next start takes them up."""
        for queued in [*self._orders.values()]:
            if queued.order.state is OrderState.QUEUED:
                del self._orders[queued.order.id]
                end = self._ends.get(queued.order.id)
                if end is not None:
                    end.cancel()
        self._wake()

    # The tasks

    async def _resolve(self, queued: QueuedOrder) -> None:
        """Find out which units an order is about, as far as that can be said now."""

        def asks() -> None:
            queued.lookup = replace(queued.lookup, asked_at=self._clock.monotonic())
            self._wake()

        lookup, failures = CadLookup(asks), self._backoff.failures
        try:
            with self._tasks.cancellable():
                resolution = await self._resolver.resolve_order(
                    AcceptedOrder(queued.order, queued.terms), lookup
                )
        except Exception as error:  # noqa: BLE001 - the actor is told
            self._failed(queued, error)
            return
        if queued.order.state is not OrderState.QUEUED:
            return  # closed meanwhile
        queued.resolution = resolution
        # Those who are known go ahead; before a further attempt, the CAD is asked for the others.
        is_resolved = lookup.error is None or bool(resolution.assignees)
        queued.lookup = LookupState(is_resolved, error=lookup.error, failures=failures)
        if lookup.error is not None and not is_resolved:
            queued.retry_at = self._clock.monotonic() + (lookup.error.retry_after or RESOLVE_RETRY)
        if lookup.error is None and lookup.was_asked:
            self._retry_unresolved()
        self._wake()

    def _retry_unresolved(self) -> None:
        """Have the CAD asked at once for the units that it did not name: it answers now."""
        for queued in self._orders.values():
            if queued.lookup.error is not None and not queued.lookup.is_resolved:
                queued.retry_at = -math.inf

    async def _send(self, batch: Sequence[QueuedOrder]) -> None:
        """Send one request, and close or put back its orders."""
        was_down = self._backoff.error is not None
        try:
            await self._completion.save(batch)
            result = await self._sender.send(batch)
            for queued in result.retry:
                if queued.lookup.error is not None and not queued.may_have_been_sent:
                    # Before the next attempt the CAD is asked again which units are meant.
                    queued.lookup = replace(queued.lookup, is_resolved=False)
            await self._completion.set_state(result.retry, OrderState.QUEUED)
            for orders, state in (
                (result.done, OrderState.DONE),
                (result.refused, OrderState.REFUSED),
            ):
                if orders:
                    await self._completion.finish(
                        [*orders, *self._duplicates_of(orders)],
                        state,
                        error=result.error,
                        receipt=result.receipt,
                    )
            if was_down and self._backoff.error is None:
                self._retry_unresolved()
        except Exception as error:  # noqa: BLE001 - each actor is told
            for queued in batch:
                if queued.order.id in self._orders:
                    self._failed(queued, error)
        self._sending_since = None
        if self._tasks.is_stopping:
            self._release_waiting()
        self._wake()

    def _duplicates_of(self, sent: Sequence[QueuedOrder]) -> list[QueuedOrder]:
        """Return the orders that came meanwhile and ask for the same; they get the same answer."""
        return scheduler.duplicates_of(sent, self._orders.values(), self._situation())

    async def _save_resolutions(self, orders: Sequence[QueuedOrder]) -> None:
        """Store which units orders are about: after a restart the CAD may not be there to ask."""
        for queued in orders:
            queued.lookup = replace(queued.lookup, is_stored=True)
        await self._completion.save(orders)
