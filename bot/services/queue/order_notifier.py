"""Tells people what their order is waiting for and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.common.clock import Clock
from bot.services.orders.outcomes import OrderView, WaitNotice
from bot.services.queue.queued_order import Job
from bot.storage.stores.order_store import OrderState

EDIT_GAP = 3.0  # seconds between two edits of a reply

_log = logging.getLogger(__name__)


class Announcer(Protocol):
    """The only way from the orders to Discord. Neither method raises."""

    async def show(self, view: OrderView) -> bool:
        """Bring an order's reply up to date, or say it elsewhere; False if nobody could be told."""

    async def report(self, view: OrderView) -> None:
        """Write the end of an order where the staff can read it."""


class Telling:
    """Shows an order's latest state, never an older one over a newer, at most every 3 s.

    Args:
        pause: a sleep that may be broken off for good, because the bot stops.
    """

    def __init__(
        self,
        announcer: Announcer,
        *,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._announcer = announcer
        self._clock = clock
        self._pause = pause

    async def waits(self, job: Job, waiting: WaitNotice) -> None:
        """Say why an order waits, unless that is what its reply says."""
        job.to_show = waiting
        if job.showing.locked():
            return  # whoever shows something now will look again
        async with job.showing:
            while job.order.state is OrderState.QUEUED and job.to_show != job.shown:
                if gap := self._gap(job):
                    await self._pause(gap)
                else:
                    await self._show(job, job.to_show)

    async def ended(self, job: Job) -> bool:
        """Say what became of an order; False if nobody could be told."""
        async with job.showing:
            if gap := self._gap(job):
                await self._clock.sleep(gap)
            told = await self._show(job, None)
        if not told:
            _log.error("nobody could be told about order %s (%s)", job.order.id, job.order.state)
        return told

    async def report(self, job: Job) -> None:
        """Write the end of an order for the staff."""
        await self._announcer.report(job.view())

    def _gap(self, job: Job) -> float:
        if job.shown_at is None:
            return 0.0
        return max(0.0, job.shown_at + EDIT_GAP - self._clock.monotonic())

    async def _show(self, job: Job, waiting: WaitNotice | None) -> bool:
        told = await self._announcer.show(job.view(waiting))
        job.shown, job.shown_at = waiting, self._clock.monotonic()
        return told
