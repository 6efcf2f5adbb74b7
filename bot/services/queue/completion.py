"""What becomes of an order: stored, shown to its actor, confirmed by the CAD and reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from typing import TypeAlias

from bot.cad.errors import CadError
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.discord_limits import EDIT_GAP, INTERACTION_LIFETIME
from bot.common.outage_log import OutageLog
from bot.services.background import BackgroundTasks
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import OrderView, Outcome, StoredError, WaitNotice
from bot.services.orders.stored_replies import Announcer
from bot.services.queue import board_check
from bot.services.queue.batch_sender import SendResult
from bot.services.queue.looks import note_moves
from bot.services.queue.queued_order import QueuedOrder
from bot.services.reply import Delivery
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import OrderState, OrderStore

BACKOFF = Backoff(first=5.0, longest=60.0)  # before Discord is asked again

OnDone: TypeAlias = Callable[[OrderView], Coroutine[None, None, None]]

_log = logging.getLogger(__name__)


class OrderNotifier:
    """Shows an order's latest state, never an older one over a newer, at most every 3 s."""

    def __init__(self, announcer: Announcer, tasks: BackgroundTasks, *, clock: Clock) -> None:
        self._announcer = announcer
        self._tasks = tasks
        self._clock = clock

    def show_waiting(self, queued: QueuedOrder, notice: WaitNotice) -> None:
        """Have the reply say why an order waits, unless it does already."""
        reply = queued.reply
        reply.wanted = notice
        if notice != reply.shown and not reply.is_updating:
            reply.is_updating = True
            self._tasks.spawn(self._update(queued), f"waiting reply {queued.order.id}")

    async def show_result(self, queued: QueuedOrder) -> bool:
        """Show what became of an order; False if that was not possible.

        Once nothing more will become known of the order, it is tried until Discord answers, and a
        message takes the place of a reply that is gone.
        """
        while True:
            async with queued.reply.lock:
                if queued.reply.is_replaced:
                    return True
                if not (gap := self._gap(queued)):
                    delivery = await self._show(queued, None)
                    if delivery is not Delivery.FAILED or queued.is_unconfirmed:
                        break
            # A stop of the bot does not wait for Discord; the next start goes on.
            await (self._tasks if queued.reply.failures else self._clock).sleep(gap)
        if delivery is Delivery.IMPOSSIBLE and not queued.is_unconfirmed:
            _log.error(
                "the outcome of order %s (%s) could not be shown",
                queued.order.id,
                queued.order.state,
            )
        return delivery is Delivery.DONE

    async def show_restart(self, queued: QueuedOrder) -> None:
        """Show at once that an order goes on after a restart."""
        async with queued.reply.lock:
            await self._show(queued, WaitNotice(queued.expires_at, None, 0, is_restart=True))

    async def report(self, queued: QueuedOrder) -> None:
        """Write the end of an order for the staff."""
        await self._announcer.report(queued.view())

    async def _update(self, queued: QueuedOrder) -> None:
        reply = queued.reply
        try:
            while queued.order.state is OrderState.QUEUED and reply.wanted != reply.shown:
                async with reply.lock:
                    gap = self._gap(queued)
                    # The outcome may have been shown while this task waited for the lock.
                    if not gap and queued.order.state is OrderState.QUEUED:
                        await self._show(queued, reply.wanted)
                await self._tasks.sleep(gap)
        finally:
            reply.is_updating = False

    def _gap(self, queued: QueuedOrder) -> float:
        """Return the seconds until the reply may be edited again."""
        reply = queued.reply
        pause = BACKOFF.delay(reply.failures) if reply.failures else EDIT_GAP
        return max(0.0, reply.shown_at + pause - self._clock.monotonic())

    async def _show(self, queued: QueuedOrder, notice: WaitNotice | None) -> Delivery:
        reply, view, delivery = queued.reply, queued.view(notice), Delivery.IMPOSSIBLE
        is_expired = self._clock.now() - queued.order.created_at >= INTERACTION_LIFETIME
        if not reply.is_gone and not is_expired:
            delivery = await self._announcer.show(view)
            reply.is_gone = delivery is Delivery.IMPOSSIBLE
        if delivery is Delivery.IMPOSSIBLE and not notice and not queued.is_unconfirmed:
            is_told = view.outcome is not None and view.outcome.is_shown
            delivery = Delivery.DONE if is_told else await self._announcer.send(view)
        if delivery is Delivery.FAILED:
            reply.failures += 1
        else:
            reply.shown, reply.failures = notice, 0
        reply.shown_at = self._clock.monotonic()
        return delivery


class OrderCompletion:
    """Stores where orders stand, and does everything that their end brings with it.

    Args:
        on_done: does what follows from an order that the CAD has taken, in the background.
        on_closed: called for each order once its end is stored.
    """

    def __init__(
        self,
        store: OrderStore,
        board: Board,
        notifier: OrderNotifier,
        tasks: BackgroundTasks,
        *,
        on_done: OnDone,
        on_closed: Callable[[QueuedOrder], None],
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._notifier = notifier
        self._tasks = tasks
        self._on_done = on_done
        self._on_closed = on_closed
        self._clock = clock
        self._announcing: dict[int, QueuedOrder] = {}  # by id
        self._outage = OutageLog(_log, "orders cannot be written", "orders can be written again")

    async def save(self, orders: Sequence[QueuedOrder]) -> bool:
        """Store orders; False where that fails, which must not keep an actor from an answer."""
        try:
            await self._store.save([queued.to_order() for queued in orders])
        except StorageError as error:
            self._outage.record_failure(error)
            return False
        if self._outage.failures:
            self._outage.record_success()
        return True

    async def apply(
        self,
        result: SendResult,
        duplicates_of: Callable[[Sequence[QueuedOrder]], Sequence[QueuedOrder]] | None,
        waiting: Collection[QueuedOrder] = (),
    ) -> None:
        """Close the orders of a request, or put them back, as the CAD's answer says.

        Args:
            duplicates_of: returns those of `waiting` that the same answer closes; None where
                no order waits.
        """
        for queued in result.retry:
            if queued.lookup.error is not None and not queued.may_have_been_sent:
                # Before the next attempt the CAD is asked again which units are meant.
                queued.lookup = replace(queued.lookup, is_resolved=False)
            queued.order = replace(queued.order, state=OrderState.QUEUED)
        if result.retry:
            await self.save(result.retry)
        closed = [*result.done, *(duplicates_of(result.done) if duplicates_of else ())]
        for queued in closed:
            queued.receipt = result.sent.receipt or queued.receipt
            queued.calls_read = result.sent.calls_read.get(queued.order.server_id)
            if result.sent.call_id is not None:
                queued.order = replace(queued.order, call_id=result.sent.call_id)
        done = [*closed, *result.seen]
        # In one write: a restart would take the units of those that wait for moved by another
        # dispatcher.
        changed = note_moves(waiting, done, done[0].step) if waiting and done else []
        ended = [one for one in done if one.step is one.kind.steps[-1]]
        if len(ended) < len(done):
            changed += self._advance([one for one in done if one not in ended])
        if ended:
            await self.finish(ended, OrderState.DONE, also=changed)
        elif changed:
            await self.save(changed)
        if result.refused:
            closed = [*result.refused, *(duplicates_of(result.refused) if duplicates_of else ())]
            await self.finish(closed, OrderState.REFUSED, error=result.error)

    def _advance(self, orders: Sequence[QueuedOrder]) -> Sequence[QueuedOrder]:
        """Have orders go on to their next step; the board shows at once what this one has done."""
        for queued in orders:
            done = queued.step.events(queued.view(), queued.resolution.assignees)
            self._board.apply(queued.order.server_id, done)
            queued.advance()
        return orders

    async def finish(
        self,
        orders: Sequence[QueuedOrder],
        state: OrderState,
        *,
        error: CadError | None = None,
        also: Sequence[QueuedOrder] = (),
    ) -> None:
        """Close orders, store that and what `also` has changed, and have their actors told.

        Args:
            error: why the CAD refused them.
        """
        now = self._clock.now()
        for queued in orders:
            order, assignees = queued.order, queued.resolution.assignees
            is_incomplete = queued.step.is_optional and state is not OrderState.DONE
            call = self._board.call(order.server_id, order.call_id or 0)
            puts_on_call = queued.kind.puts_on_call
            goes_to = order.call_id if puts_on_call else None
            moved = assignees if puts_on_call is not None else ()
            # Where no unit was left, the CAD was not asked.
            is_asked = bool(assignees) or not queued.kind.needs_units
            queued.outcome = Outcome(
                failure=StoredError.from_error(error) if error and is_asked else None,
                seconds=(now - order.created_at).total_seconds(),
                call_title=call.title if call else "",
                is_unsure=queued.may_have_been_sent,
                is_incomplete=is_incomplete,
                unmoved=tuple([one.reference for one in moved if one.call_id == goes_to]),
            )
            if queued.receipt or queued.calls_read:
                queued.outcome = board_check.compare_answer(queued, queued.outcome)
            end = OrderState.DONE if is_incomplete else state
            queued.order = replace(order, state=end, finished_at=now)
        done = [one.view() for one in orders if one.order.state is OrderState.DONE]
        await self.save([*orders, *also])
        for queued in orders:
            self._on_closed(queued)
            self._tasks.spawn(self.announce(queued), f"outcome of order {queued.order.id}")
        for view in done:  # after all actors have been told
            self._tasks.spawn(self._on_done(view), f"work after order {view.order.id}")

    def replace_reply(self, undo: QueuedOrder) -> None:
        """Have the reply of an order take the place of the one that it undoes, for good."""
        if done := self._announcing.get(undo.detail.undone_id or 0):
            done.reply.is_replaced = True
            undo.reply.lock = done.reply.lock  # an edit that is under way comes first

    async def announce(self, queued: QueuedOrder) -> None:
        """Show what became of a closed order; have the CAD confirm it, and show that too."""
        self._announcing[queued.order.id] = queued
        outcome = queued.outcome
        is_shown = outcome is not None and outcome.is_shown
        is_shown = is_shown or await self._notifier.show_result(queued)
        if queued.is_unconfirmed and outcome:
            try:
                with self._tasks.cancellable():  # the reads may take as long as the pauses
                    queued.outcome = await board_check.confirm_on_board(
                        queued, outcome, self._board, self._store.later_than, clock=self._clock
                    )
            except asyncio.CancelledError:
                if self._tasks.is_stopping:  # the next start goes on, and tells nothing twice
                    queued.outcome = replace(outcome, is_shown=is_shown)
                    await self.save([queued])
                raise
            is_shown = await self._notifier.show_result(queued)
        queued.order = replace(queued.order, answered=is_shown)
        # First, for the log channel may be slow: a restart must not tell the actors again.
        await self.save([queued])
        del self._announcing[queued.order.id]
        await self._notifier.report(queued)
