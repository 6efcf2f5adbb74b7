"""Items that come while a transaction is under way share the next one."""

from __future__ import annotations

import asyncio

from bot.storage.database import Coalescer
from bot.storage.errors import DatabaseUnavailable, ValueNotStorable


class Work:
    """Doubles numbers, behind a door; remembers what it was given at once."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.door = asyncio.Event()
        self.bad: dict[int, Exception] = {}

    async def __call__(self, items: list[int]) -> list[int]:
        self.batches.append(list(items))
        await self.door.wait()
        for one in items:
            if one in self.bad:
                raise self.bad[one]
        return [2 * one for one in items]


async def begun(work: Work, *items: int) -> tuple[Coalescer[int, int], list[asyncio.Task[int]]]:
    """Ask for the first item, and for the others while it is being worked on."""
    gathering = Coalescer(work)
    tasks = [asyncio.create_task(gathering.submit(items[0]))]
    while not work.batches:  # noqa: ASYNC110 - there is no event for that
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(gathering.submit(one)) for one in items[1:]]
    await asyncio.sleep(0)
    return gathering, tasks


async def test_items_that_come_meanwhile_share_the_next_round() -> None:
    work = Work()
    _, tasks = await begun(work, 1, 2, 3)
    work.door.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6]
    assert work.batches == [[1], [2, 3]]


async def test_a_lone_one_does_not_wait_and_the_next_finds_it_idle() -> None:
    work = Work()
    work.door.set()
    gathering = Coalescer(work)
    assert [await gathering.submit(one) for one in (1, 2)] == [2, 4]
    assert work.batches == [[1], [2]]


async def test_a_database_that_fails_fails_for_all_of_a_round() -> None:
    work = Work()
    _, tasks = await begun(work, 1, 2, 3)
    work.bad[2] = DatabaseUnavailable("dispatch.db", "disk I/O error")
    work.door.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found == [2, work.bad[2], work.bad[2]]
    assert work.batches == [[1], [2, 3]]


async def test_a_bad_item_harms_no_other() -> None:
    work = Work()
    _, tasks = await begun(work, 1, 2, 3)
    work.bad[2] = ValueError("two")
    work.door.set()
    assert await asyncio.gather(*tasks, return_exceptions=True) == [2, work.bad[2], 6]


async def test_a_caller_that_gives_up_stops_no_other() -> None:
    work = Work()
    gathering, tasks = await begun(work, 1, 2, 3)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.sleep(0)
    work.door.set()
    assert await tasks[2] == 6
    assert await gathering.submit(4) == 8


async def test_a_value_that_cannot_be_stored_fails_for_its_item_alone() -> None:
    work = Work()
    _, tasks = await begun(work, 1, 2, 3)
    error = work.bad[2] = ValueNotStorable("dispatch.db", "surrogates not allowed")
    work.door.set()
    assert await asyncio.gather(*tasks, return_exceptions=True) == [2, error, 6]
