"""The queue of orders: takes what has been stored, and sees to it that every order is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.cad.client import CadClient
from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.board.live_board import Board
from bot.services.cad_backoff import CadBackoff
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import OrderView
from bot.services.orders.stored_replies import Announcer, StoredReplies
from bot.services.queue.batch_sender import BatchSender
from bot.services.queue.completion import OnDone, OrderCompletion, OrderNotifier
from bot.services.queue.looks import LATE_AFTER
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.queued_order import QueuedOrder
from bot.services.queue.worker import QueueWorker, ResolveOrder
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order, OrderState, OrderStore

TELL_WITHIN = 2.0  # seconds before the bot stops, in which actors are told that their orders wait

_log = logging.getLogger(__name__)


class OrderQueue:
    """Carries out stored orders; the one writer of their states.

    Args:
        on_done: does what follows from an order that the CAD has taken, in the background.
        server_labels: see `CadServers.labels`.
        jitter: a number between 0 and 1; spreads the attempts of many bots.

    Attributes:
        replies: the replies of orders that the queue has let go of.
    """

    def __init__(
        self,
        store: OrderStore,
        cad: CadClient,
        board: Board,
        resolve: ResolveOrder,
        announcer: Announcer,
        *,
        on_done: OnDone,
        server_labels: Mapping[int, str],
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._server_labels = server_labels
        self._clock = clock
        self._tasks = BackgroundTasks(clock.sleep)
        backoff = CadBackoff(clock, jitter)
        self._announcer = announcer
        self.replies = StoredReplies(store, announcer, server_labels=server_labels, clock=clock)
        self._notifier = notifier = OrderNotifier(announcer, self._tasks, clock=clock)
        self._completion = OrderCompletion(
            store,
            board,
            notifier,
            self._tasks,
            on_done=on_done,
            on_closed=self._on_closed,
            clock=clock,
        )
        self._worker = QueueWorker(
            cad,
            resolve,
            BatchSender(cad, board, backoff, clock=clock),
            self._completion,
            notifier,
            backoff=backoff,
            tasks=self._tasks,
            on_failed=self._on_failed,
            clock=clock,
        )
        self._ends: dict[int, asyncio.Future[None]] = {}  # what `run` waits for, by order id
        self._is_resumed = False

    async def run(self, accepted: AcceptedOrder, *, may_ask: bool = True) -> None:
        """Carry out an order that has just been acknowledged; return when it is closed.

        Args:
            may_ask: whether the actor is asked first where it turns out to be about many units.
        """
        entered_at = self._clock.monotonic()
        queued = QueuedOrder.load(
            accepted,
            entered_at=entered_at,
            server=self._server_labels[accepted.order.server_id],
            may_ask=may_ask,
        )
        if self._tasks.is_stopping:
            await self._notifier.show_restart(queued)
            raise asyncio.CancelledError  # the next start takes it up
        if queued.kind.undoes:
            self._completion.replace_reply(queued)
        self._worker.add(queued)
        end = asyncio.get_running_loop().create_future()
        self._ends[queued.order.id] = end
        try:
            await self._clock.wait_for(end)
            end.result()
        except Exception:
            if queued.order.state.is_open:
                # The actor is told of a fault, so the next start must not take the order up.
                with contextlib.suppress(StorageError):
                    await self.withdraw(accepted.order)
            raise
        finally:
            self._ends.pop(queued.order.id, None)

    async def resume(self, guild_id: int) -> None:
        """Take up what a guild had left when the bot stopped; only the first call does."""
        if self._is_resumed:
            return
        self._is_resumed = True
        for order in await self._store.unfinished(guild_id):
            view = outcomes.decode_view(order)
            if not _is_readable(view):
                self._tasks.spawn(self._abandon(view), f"outcome of order {order.id}")
                continue
            accepted = AcceptedOrder.from_stored(order)
            queued = QueuedOrder.load(
                accepted,
                entered_at=self._clock.monotonic(),
                server=self._server_labels[order.server_id],
            )
            queued.is_late |= self._clock.now() - order.created_at > timedelta(seconds=LATE_AFTER)
            if order.state.is_open:
                self._worker.add(queued)
            else:
                self._tasks.spawn(self._completion.announce(queued), f"outcome of order {order.id}")

    async def _abandon(self, view: OrderView) -> None:
        """Close an order that this version cannot read, and say so; the others go on."""
        _log.error("order %s cannot be read, and is closed", view.order.id)
        unreadable = replace(view.order, state=OrderState.UNREADABLE)
        await self._announcer.show(OrderView(unreadable))
        await self._store.abandon(view.order.id, self._clock.now())

    async def cancel(self, order_id: int, actor_id: int, message_id: int | None = None) -> bool:
        """Close an actor's order that has not been sent; False if it is too late for that.

        Args:
            message_id: the message of the button; one that is not the order's reply cancels
                nothing.
        """
        queued = self._worker.orders.get(order_id)
        if queued is None or queued.order.actor_id != actor_id:
            return False
        if not queued.order.is_shown_in(message_id):
            return False
        if queued.order.state is not OrderState.QUEUED:
            return False
        await self._completion.finish([queued], OrderState.CANCELLED)
        return True

    async def withdraw(self, order: Order) -> None:
        """Close an order whose actor was told that it failed, or raise StorageError."""
        end, now = OrderState.CANCELLED, self._clock.now()
        await self._store.save([replace(order, state=end, answered=True, finished_at=now)])

    async def drain(self, seconds: float) -> None:
        """Finish what can be finished; leave the rest to the next start, and say so."""
        stop_at = asyncio.get_running_loop().time() + seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(stop_at - TELL_WITHIN):
                await self._worker.drain(seconds - TELL_WITHIN)
        self._tasks.cancel_waiting()
        waiting = [*self._worker.orders.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(stop_at):
                await asyncio.gather(*map(self._notifier.show_restart, waiting))
                self._release([one for one in waiting if one.order.state is OrderState.QUEUED])
                await self._tasks.join()
        self._release(
            [*self._worker.orders.values()]
        )  # what was sent, and the CAD has not answered

    def abandon(self) -> None:
        """Leave all orders to another process, without a word; one that is sent may be done."""
        self._tasks.abandon()
        self._release([*self._worker.orders.values()])

    def _on_closed(self, queued: QueuedOrder) -> None:
        """Let go of an order whose end is stored."""
        self._worker.remove(queued)
        end = self._ends.get(queued.order.id)
        if end is not None and not end.done():
            end.set_result(None)

    def _on_failed(self, queued: QueuedOrder, error: Exception) -> None:
        """Have an actor told of a fault of the bot; the next start takes up a resumed order."""
        end = self._ends.get(queued.order.id)
        if end is not None and not end.done():
            end.set_exception(error)
        else:
            _log.error("order %s is left to the next start", queued.order.id, exc_info=error)

    def _release(self, orders: Sequence[QueuedOrder]) -> None:
        """Let go of orders that go on after a restart."""
        for queued in orders:
            self._worker.remove(queued)
            if end := self._ends.get(queued.order.id):
                end.cancel()


def _is_readable(view: OrderView) -> bool:
    """Tell whether this version knows what an order says, and the step that it is at."""
    order = view.order
    if order.state is OrderState.UNREADABLE:
        return False
    return order.step < len(KINDS[order.action].steps)
