"""Work that runs beside what a user waits for, and ends in good order when the bot stops."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

from bot.cad.errors import CadError
from bot.common.backoff import Backoff
from bot.common.outage_log import OutageLog
from bot.storage.errors import StorageError

BACKOFF = Backoff(first=15.0, longest=600.0)  # before a job that failed runs again

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

    def repeat(
        self,
        name: str,
        step: Callable[[], Awaitable[float | None]],
        backoff: Backoff = BACKOFF,
        *,
        first_wait: float = 0.0,
        expected: type[Exception] | tuple[type[Exception], ...] = (StorageError, CadError),
        context: contextvars.Context | None = None,
    ) -> None:
        """Take a step again and again until the bot stops, whatever a step raises.

        After a failure it is taken again later and later; the log has the first failure in a row
        and the recovery.

        Args:
            name: what the steps do, for the log.
            step: returns the seconds until the next one, None for the end.
            backoff: the seconds after failures, or more where the CAD asks for more.
            first_wait: the seconds before the first step.
            expected: the errors that are no fault of the bot; others are logged with a traceback.
            context: that of the task; None for one of its own, because it outlives its starter.
        """
        outage = OutageLog(_log, f"{name} failed", f"{name} works again")

        async def take() -> float | None:
            try:
                wait = await step()
            except Exception as error:  # noqa: BLE001 - nothing would start the task again
                outage.record_failure(error, traceback=not isinstance(error, expected))
                asked_for = error.retry_after if isinstance(error, CadError) else None
                return max(backoff.delay(outage.failures), asked_for or 0.0)
            outage.record_success()
            return wait

        loop = self._take_repeatedly(take, first_wait)
        (context or contextvars.Context()).run(self.spawn, loop, name)

    async def _take_repeatedly(
        self, step: Callable[[], Awaitable[float | None]], first_wait: float
    ) -> None:
        wait: float | None = first_wait
        while wait is not None and not self.is_stopping:
            if wait:
                await self.sleep(wait)
            wait = await step()

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

    def abandon(self) -> None:
        """Cancel every task, wherever it is."""
        self.is_stopping = True
        for task in self._running:
            task.cancel()

    async def close(self, seconds: float | None = None) -> None:
        """Cancel what only waits, and let the rest end: within some seconds, or in its own time."""
        self.cancel_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.join()

    async def join(self) -> None:
        """Wait until every task that was spawned has ended."""
        while self._running:
            await asyncio.wait(self._running)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("background task %s failed", task.get_name(), exc_info=error)
