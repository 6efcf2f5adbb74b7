"""One transaction for what many ask for at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from bot.storage.errors import StorageError, ValueNotStorable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Coalescer(Generic[ItemT, ResultT]):
    """Does one piece of work for many items at once; a lone item does not wait.

    Args:
        work: does it for all items in one go, all or none, and returns a result for each, in
            their order.
    """

    def __init__(self, work: Callable[[list[ItemT]], Awaitable[Sequence[ResultT]]]) -> None:
        self._work = work
        self._waiting: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        self._working: asyncio.Task[None] | None = None

    async def submit(self, item: ItemT) -> ResultT:
        """Have the work done for an item; return its result, or raise its error."""
        mine: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, mine))
        if self._working is None:
            # Its own task: a caller that is cancelled does not stop the work of the others.
            self._working = asyncio.create_task(self._drain())
        return await mine

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    results = await self._work([item for item, _ in batch])
                except Exception as error:  # noqa: BLE001 - it is raised again, for each
                    await self._fail(batch, error)
                    continue
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():  # the caller does not wait any more
                        future.set_result(result)
        finally:
            self._working = None

    async def _fail(
        self, batch: list[tuple[ItemT, asyncio.Future[ResultT]]], error: Exception
    ) -> None:
        """Raise an error for each item; where it is one item's fault, for that item alone."""
        is_of_one = isinstance(error, ValueNotStorable) or not isinstance(error, StorageError)
        for item, future in batch:
            if len(batch) > 1 and is_of_one:
                try:
                    (result,) = await self._work([item])
                except Exception as own_error:  # noqa: BLE001 - it is raised again
                    if not future.done():
                        future.set_exception(own_error)
                    continue
                if not future.done():
                    future.set_result(result)
            elif not future.done():
                future.set_exception(error)
