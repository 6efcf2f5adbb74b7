"""The machine's time, that of a server, and the two clocks that stand for it in tests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.common.clock import SYSTEM_CLOCK, ServerClock
from tests.manual_clock import ManualClock, NoWait


async def test_the_time_of_the_machine():
    before = SYSTEM_CLOCK.monotonic()
    await SYSTEM_CLOCK.sleep(0)
    assert SYSTEM_CLOCK.monotonic() >= before
    assert SYSTEM_CLOCK.uptime() <= SYSTEM_CLOCK.uptime()
    assert SYSTEM_CLOCK.now().tzinfo is UTC
    assert abs(datetime.now(UTC) - SYSTEM_CLOCK.now()) < timedelta(minutes=1)


async def test_waiting_for_a_future_ends_with_it_or_with_the_time():
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    await SYSTEM_CLOCK.wait_for(future, 0)
    assert not future.done()
    future.set_exception(ZeroDivisionError())
    await SYSTEM_CLOCK.wait_for(future)  # however it ends
    assert isinstance(future.exception(), ZeroDivisionError)


async def test_the_date_is_that_of_the_server_and_the_waits_are_the_machines():
    said = datetime(2020, 1, 1, tzinfo=UTC)
    clock = ServerClock(lambda: said)
    assert clock.now() == said
    assert clock.monotonic() - SYSTEM_CLOCK.monotonic() < 60


async def test_only_sleeping_moves_a_manual_clock():
    clock = ManualClock(1000)
    before = clock.now()
    assert clock.monotonic() == clock.monotonic() == 1000
    await clock.sleep(2.5)
    assert clock.monotonic() == 1002.5
    assert clock.now() - before == timedelta(seconds=2.5)
    assert clock.slept == [2.5]


async def test_a_clock_without_waits_stands_still():
    clock = NoWait(1000)
    await clock.sleep(60)
    assert (clock.monotonic(), clock.slept) == (1000, [60])
