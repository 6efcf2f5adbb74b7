"""Work that runs beside what a user waits for, and ends in good order when the bot stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)


class BackgroundTasks:
    """Holds the running tasks, and cancels those that only wait when the bot stops.

    Args:
        sleep: waits for a number of seconds.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.is_stopping = False
        self._sleep = sleep
        self._running: set[asyncio.Task[None]] = set()
        self._cancellable: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[None, None, None], name: str = "") -> asyncio.Task[None]:
        """Start a task that nothing awaits; its failure is logged.

        Args:
            name: for the log.
        """
        task = asyncio.create_task(work, name=name or None)
        self._running.add(task)
        task.add_done_callback(self._on_done)
        return task

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Mark a part of a task that may be cancelled when the bot stops; parts do not nest."""
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
        """Sleep as a part that may be cancelled."""
        with self.cancellable():
            await self._sleep(seconds)

    def cancel_waiting(self) -> None:
        """Cancel the parts that are marked as cancellable, also those that begin later."""
        self.is_stopping = True
        for task in self._cancellable:
            task.cancel()

    async def join(self) -> None:
        """Wait until every task that was spawned has ended."""
        while self._running:
            await asyncio.wait(self._running)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("background task %s failed", task.get_name(), exc_info=error)
