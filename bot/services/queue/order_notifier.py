"""Shows actors what their orders wait for and what became of them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Protocol

from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.orders.outcomes import OrderView, WaitNotice
from bot.services.queue.queued_order import QueuedOrder
from bot.storage.stores.order_store import OrderState

EDIT_GAP = 3.0  # seconds between two edits of a reply

_log = logging.getLogger(__name__)


class Announcer(Protocol):
    """The only way from the orders to Discord. Neither method raises."""

    async def show(self, view: OrderView) -> bool:
        """Edit an order's reply, or send the text elsewhere; False if neither was possible."""

    async def report(self, view: OrderView) -> None:
        """Write the end of an order where the staff can read it."""


@dataclass(slots=True)
class _Reply:
    """The reply of one order.

    Attributes:
        wanted: the notice that the reply is to show.
        shown: the notice that it shows; None for none.
        shown_at: monotonic seconds of the last edit; None before the first.
    """

    wanted: WaitNotice | None = None
    shown: WaitNotice | None = None
    shown_at: float | None = None
    is_updating: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class OrderNotifier:
    """Shows an order's latest state, never an older one over a newer, at most every 3 s."""

    def __init__(self, announcer: Announcer, tasks: BackgroundTasks, *, clock: Clock) -> None:
        self._announcer = announcer
        self._tasks = tasks
        self._clock = clock
        self._replies: dict[int, _Reply] = {}  # by order id, until the order is reported

    def show_waiting(self, queued: QueuedOrder, notice: WaitNotice) -> None:
        """Have the reply say why an order waits, unless it does already."""
        reply = self._replies.setdefault(queued.order.id, _Reply())
        reply.wanted = notice
        if notice != reply.shown and not reply.is_updating:
            reply.is_updating = True
            self._tasks.spawn(self._update(queued, reply), f"waiting reply {queued.order.id}")

    async def show_result(self, queued: QueuedOrder) -> bool:
        """Show what became of an order; False if that was not possible."""
        reply = self._replies.setdefault(queued.order.id, _Reply())
        async with reply.lock:
            if gap := self._gap(reply):
                await self._clock.sleep(gap)
            is_shown = await self._show(queued, reply, None)
        if not is_shown:
            _log.error(
                "the outcome of order %s (%s) could not be shown",
                queued.order.id,
                queued.order.state,
            )
        return is_shown

    async def report(self, queued: QueuedOrder) -> None:
        """Write the end of an order for the staff; nothing more is shown of it after that."""
        self._replies.pop(queued.order.id, None)
        await self._announcer.report(queued.view())

    async def _update(self, queued: QueuedOrder, reply: _Reply) -> None:
        try:
            async with reply.lock:
                while queued.order.state is OrderState.QUEUED and reply.wanted != reply.shown:
                    if gap := self._gap(reply):
                        await self._tasks.sleep(gap)
                    else:
                        await self._show(queued, reply, reply.wanted)
        finally:
            reply.is_updating = False

    def _gap(self, reply: _Reply) -> float:
        if reply.shown_at is None:
            return 0.0
        return max(0.0, reply.shown_at + EDIT_GAP - self._clock.monotonic())

    async def _show(self, queued: QueuedOrder, reply: _Reply, notice: WaitNotice | None) -> bool:
        is_shown = await self._announcer.show(queued.view(notice))
        reply.shown, reply.shown_at = notice, self._clock.monotonic()
        return is_shown
