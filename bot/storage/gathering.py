"""One transaction for everyone who asks while another one is under way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Gathering(Generic[ItemT, ResultT]):
    """Does a piece of work for many items at once; a lone item is not kept waiting.

    Args:
        work: does it for all items in one go and returns a result for each, in their order. If
            it raises, everyone whose item was among them gets the error.
    """

    def __init__(self, work: Callable[[list[ItemT]], Awaitable[list[ResultT]]]) -> None:
        self._work = work
        self._waiting: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        self._working = asyncio.Lock()

    async def add(self, item: ItemT) -> ResultT:
        """Have the work done for an item and return its result."""
        mine: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, mine))
        async with self._working:
            if not mine.done():
                await self._do_all()
        return mine.result()

    async def _do_all(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is raised again, for each
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
