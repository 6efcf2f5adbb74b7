"""Work that goes on by itself and can be let go of when the bot stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)


class WakeSignal:
    """Ends naps early."""

    def __init__(self) -> None:
        self.waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """End the naps of everyone who hears it; who does not nap now has missed nothing."""
        for nap in self.waiters:
            nap.cancel()  # leaves the set later, when the loop has come round


class BackgroundTasks:
    """Keeps hold of running work; whoever only waits can be stopped without harm."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.is_stopping = False
        self._sleep = sleep
        self._running: set[asyncio.Task[None]] = set()
        self._cancellable: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Begin work that nobody waits for; its failure goes into the log."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._on_done)

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Mark a part of a task in which stopping does no harm; such parts do not nest."""
        if self.is_stopping:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        if task is not None:
            self._cancellable.add(task)
        try:
            yield
        finally:
            self._cancellable.discard(task)

    async def sleep(self, seconds: float) -> None:
        """Sleep where stopping does no harm."""
        with self.cancellable():
            await self._sleep(seconds)

    async def wait(self, seconds: float, *signals: WakeSignal) -> None:
        """Sleep as `pause` does, until one of the bells rings at the latest."""
        nap = self.start_wait(seconds, *signals)
        try:
            await self.join_wait(nap)
        finally:
            nap.cancel()

    async def join_wait(self, waiter: asyncio.Future[None]) -> None:
        """Wait for the end of a nap that others wait for too."""
        with self.cancellable():
            await asyncio.wait([waiter])

    def start_wait(self, seconds: float, *signals: WakeSignal) -> asyncio.Future[None]:
        """Begin a nap that any of the bells ends; a task, so that it ends and not its sleeper."""
        nap = asyncio.ensure_future(self._sleep(seconds))
        for bell in signals:
            bell.waiters.add(nap)
            nap.add_done_callback(bell.waiters.discard)
        return nap

    def cancel_waiting(self) -> None:
        """Stop whoever only waits, spawned or not, now or later."""
        self.is_stopping = True
        for task in self._cancellable:
            task.cancel()

    async def join(self) -> None:
        """Wait until nothing runs that was spawned."""
        while self._running:
            await asyncio.wait(self._running)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("work in the background failed", exc_info=error)
