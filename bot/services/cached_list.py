"""A list that lives elsewhere, kept in memory."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.cad.errors import CadRateLimited
from bot.common.clock import SYSTEM_CLOCK, Clock

T = TypeVar("T")

MAX_AGE = 15.0  # seconds

_log = logging.getLogger(__name__)


class Remembered(Generic[T]):
    """The last known answer to a question that takes a while to ask.

    Reading `items` never waits. `look` asks again in the background, at most every `MAX_AGE`
    seconds; `fresh` waits for an answer to a question asked after the call.

    Args:
        name: for the log.
        ask: fetches the list.
        expected: the errors that asking may end with; they are logged once per outage.
    """

    def __init__(
        self,
        name: str,
        ask: Callable[[], Awaitable[tuple[T, ...]]],
        *,
        expected: type[Exception],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.items: tuple[T, ...] = ()
        self._name = name
        self._ask = ask
        self._expected = expected
        self._clock = clock
        self._asking: asyncio.Task[tuple[T, ...]] | None = None
        self._next: asyncio.Task[tuple[T, ...]] | None = None
        self._looked_at = -math.inf
        self._looking: set[asyncio.Task[None]] = set()
        self._failing = False

    async def fresh(self) -> tuple[T, ...]:
        """Return a list that was asked for after this call; callers at once share one question.

        They share its failure too: an older list would pass for a new one.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._ask_after(self._asking))
            self._next.add_done_callback(_heard)
        # Whoever gives up waiting does not take the answer from the others.
        return await asyncio.shield(self._next)

    def look(self) -> None:
        """Ask again in the background, unless that was done just now or is still going on."""
        if self._looking or self._clock.monotonic() - self._looked_at < MAX_AGE:
            return
        self.ask_again()

    def ask_again(self) -> None:
        """Ask in the background, however short a time ago that was done."""
        self._looked_at = self._clock.monotonic()
        # A context of its own: the answer outlives whatever interaction made us look.
        task = contextvars.Context().run(asyncio.create_task, self._refresh())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def close(self) -> None:
        """Stop asking."""
        tasks = [*self._looking, *(task for task in (self._asking, self._next) if task)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_after(self, before: asyncio.Task[tuple[T, ...]] | None) -> tuple[T, ...]:
        """Ask once the question that is under way has been answered."""
        if before is not None:
            await asyncio.wait({before})
        self._asking, self._next = self._next, None
        self.items = await self._ask()
        return self.items

    async def _refresh(self) -> None:
        try:
            await self.fresh()
        except CadRateLimited as error:
            # No outage: we would look more often than the CAD allows.
            wait = max(MAX_AGE, error.retry_after or 0.0)
            self._looked_at = self._clock.monotonic() + wait - MAX_AGE
        except self._expected as error:
            if not self._failing:
                _log.warning("%s cannot be refreshed: %r", self._name, error)
            self._failing = True
        else:
            if self._failing:
                _log.info("%s can be refreshed again", self._name)
            self._failing = False


def _heard(question: asyncio.Task[object]) -> None:
    """Take note of a failure that nobody waits for any more; whoever does is told it."""
    if not question.cancelled():
        question.exception()
