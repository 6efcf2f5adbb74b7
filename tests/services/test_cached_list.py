from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from bot.cad.errors import CadError, CadRateLimited
from bot.cad.http.rate_limits import background_queries
from bot.services.cached_list import BACKOFF, MAX_AGE, CachedList
from tests.manual_clock import ManualClock


class Gone(Exception):
    """The expected error of a load."""


class Source:
    """Answers when the test allows it; counts the loads."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.asked = 0
        self.fault: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self) -> tuple[int, ...]:
        self.asked += 1
        answer, fault = (self.asked,), self.fault
        await self.open.wait()
        if fault is not None:
            raise fault
        return answer


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def remembered(source: Source) -> AsyncIterator[CachedList[int]]:
    one = CachedList("the units", source.ask, expected=Gone, clock=source.clock)
    yield one
    await one.close()


async def turns() -> None:
    """Let every ready task run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def begun(coroutine) -> asyncio.Task[tuple[int, ...]]:
    task = asyncio.create_task(coroutine)
    await turns()
    return task


async def test_nothing_is_known_and_nothing_is_asked_at_first(remembered, source) -> None:
    await turns()
    assert remembered.items == ()
    assert source.asked == 0


async def test_fresh_asks_and_remembers(remembered) -> None:
    assert await remembered.fetch() == (1,)
    assert await remembered.fetch() == (2,)
    assert remembered.items == (2,)


async def test_callers_during_a_load_share_the_next_one(remembered, source) -> None:
    source.open.clear()
    first = await begun(remembered.fetch())
    late = [await begun(remembered.fetch()) for _ in range(20)]
    source.open.set()
    assert await first == (1,)
    assert await asyncio.gather(*late) == [(2,)] * 20
    assert source.asked == 2


async def test_a_failure_is_shared_too_and_no_caller_gets_the_old_list(remembered, source) -> None:
    await remembered.fetch()
    source.open.clear()
    source.fault = Gone()
    callers = [await begun(remembered.fetch()) for _ in range(5)]
    source.open.set()
    assert await asyncio.gather(*callers, return_exceptions=True) == [source.fault] * 5
    assert source.asked == 3
    assert remembered.items == (1,)


@pytest.mark.parametrize("cut", ["cancelled", "surprised"])
async def test_a_caller_behind_a_question_that_failed_asks_anew(remembered, source, cut) -> None:
    source.open.clear()
    source.fault = RuntimeError("a bug")
    first = await begun(remembered.fetch())
    second = await begun(remembered.fetch())
    if cut == "cancelled":
        first.cancel()
    source.fault = None
    source.open.set()
    with pytest.raises(asyncio.CancelledError if cut == "cancelled" else RuntimeError):
        await first
    assert await second == (2,)


async def test_look_answers_from_memory_and_asks_behind_it(remembered, source) -> None:
    remembered.refresh()
    assert remembered.items == ()
    await turns()
    assert remembered.items == (1,)


async def test_looks_are_at_least_15_seconds_apart(remembered, source) -> None:
    for seconds in (0, 0, 14.9, 0.1, 0, 15):
        source.clock.seconds += seconds
        remembered.refresh()
        await turns()
    assert source.asked == 3


async def test_a_look_does_not_overtake_the_one_before(remembered, source) -> None:
    source.open.clear()
    for _ in range(3):
        remembered.refresh()
        await turns()
        source.clock.seconds += MAX_AGE
    assert source.asked == 1
    source.open.set()
    await turns()
    remembered.refresh()
    await turns()
    assert remembered.items == (2,)


async def test_closing_ends_a_look_that_still_waits(remembered, source) -> None:
    source.open.clear()
    remembered.refresh()
    await turns()
    await remembered.close()
    source.open.set()
    await turns()
    assert remembered.items == ()


async def test_an_outage_is_logged_once_and_so_is_its_end(remembered, source, caplog) -> None:
    caplog.set_level(logging.INFO)
    for fault in (None, Gone("no route"), Gone("no route"), None, None, Gone("no route")):
        source.fault = fault
        source.clock.seconds += BACKOFF.longest
        remembered.refresh()
        await turns()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "the units cannot be refreshed: Gone('no route')"),
        ("INFO", "the units can be refreshed again"),
        ("WARNING", "the units cannot be refreshed: Gone('no route')"),
    ]
    assert remembered.items == (5,)


async def test_too_many_questions_are_no_outage_and_wait_their_turn(source, caplog) -> None:
    one = CachedList("the units", source.ask, expected=CadError, clock=source.clock)
    source.fault = CadRateLimited(retry_after=40.0)
    one.refresh()
    await turns()
    source.clock.seconds += 39
    one.refresh()
    await turns()
    assert source.asked == 1
    source.clock.seconds += 1
    one.refresh()
    await turns()
    assert source.asked == 2
    assert caplog.records == []
    await one.close()


async def test_a_caller_that_waits_does_not_share_the_limit_of_the_background(source) -> None:
    one = CachedList("the units", source.ask, expected=CadError, clock=source.clock)
    source.open.clear()
    source.fault = CadRateLimited(retry_after=40.0)
    one.refresh()
    await turns()
    source.fault = None
    waiting = await begun(one.fetch())
    source.open.set()
    assert await waiting == (2,)
    await one.close()


async def test_a_caller_that_waits_learns_of_the_limit_in_the_end(source) -> None:
    one = CachedList("the units", source.ask, expected=CadError, clock=source.clock)
    source.fault = CadRateLimited(retry_after=40.0)
    one.refresh()
    with pytest.raises(CadRateLimited):
        await one.fetch()
    await one.close()


async def test_a_caller_that_waits_does_not_wait_behind_the_background(source) -> None:
    one = CachedList("the units", source.ask, expected=CadError, clock=source.clock)
    source.open.clear()
    with background_queries():
        joined = [await begun(one.fetch()), await begun(one.fetch())]
    waiting = await begun(one.fetch())
    assert source.asked == 2  # it does not wait for the first to end
    late = await begun(one.fetch())
    source.open.set()
    assert await waiting == (2,)
    # The load that takes their place serves those that it has pushed aside.
    assert await asyncio.gather(*joined) == [(2,), (2,)]
    assert await late == (3,)
    await one.close()


async def test_closing_ends_those_that_wait(source) -> None:
    one = CachedList("the units", source.ask, expected=CadError, clock=source.clock)
    source.open.clear()
    with background_queries():
        waiting = [await begun(one.fetch()), await begun(one.fetch())]
    await one.close()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2
    assert source.asked == 1
