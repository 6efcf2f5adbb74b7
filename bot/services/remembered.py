"""A list that lives elsewhere, kept in memory."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.items: tuple[T, ...] = ()
        self._name = name
        self._ask = ask
        self._expected = expected
        self._clock = clock
        self._asking = asyncio.Lock()
        self._asked = 0
        self._looked_at = -math.inf
        self._looking: asyncio.Task[None] | None = None
        self._failing = False

    async def fresh(self) -> tuple[T, ...]:
        """Return a list that was asked for after this call; callers at once share one question."""
        asked_before = self._asked
        async with self._asking:
            if self._asked == asked_before:
                self._asked += 1
                self.items = await self._ask()
        return self.items

    def look(self) -> None:
        """Ask again in the background, unless that was done just now."""
        now = self._clock()
        if now - self._looked_at < MAX_AGE:
            return
        self._looked_at = now
        # A context of its own: the answer outlives whatever interaction made us look.
        self._looking = contextvars.Context().run(asyncio.create_task, self._refresh())

    async def close(self) -> None:
        """Stop asking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _refresh(self) -> None:
        try:
            await self.fresh()
        except self._expected as error:
            if not self._failing:
                _log.warning("%s cannot be refreshed: %r", self._name, error)
            self._failing = True
        else:
            if self._failing:
                _log.info("%s can be refreshed again", self._name)
            self._failing = False
