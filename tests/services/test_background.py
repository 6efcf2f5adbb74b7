from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.cad.errors import CadUnavailable
from bot.common.backoff import Backoff
from bot.services.background import BackgroundTasks
from tests.manual_clock import NoWait


class BlockingSleep:
    """Sleeps that last until `wake` is set."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.wake.wait()


@pytest.fixture
def blocking_sleep() -> BlockingSleep:
    return BlockingSleep()


@pytest.fixture
def tasks(blocking_sleep: BlockingSleep) -> BackgroundTasks:
    return BackgroundTasks(blocking_sleep.sleep)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_pause_lasts_as_long_as_it_is_told(
    tasks: BackgroundTasks, blocking_sleep: BlockingSleep
) -> None:
    pausing = asyncio.create_task(tasks.sleep(5.0))
    await turns()
    assert not pausing.done()
    blocking_sleep.wake.set()
    await pausing
    assert blocking_sleep.slept == [5.0]


async def test_stopping_ends_every_pause(tasks: BackgroundTasks) -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        try:
            await tasks.sleep(5.0)
        finally:
            done.append(name)

    tasks.spawn(work("spawned"))
    other = asyncio.create_task(work("not spawned"))
    await turns()
    tasks.cancel_waiting()
    await tasks.join()
    await turns()
    assert other.cancelled()
    assert sorted(done) == ["not spawned", "spawned"]


async def test_no_task_falls_asleep_any_more(
    tasks: BackgroundTasks, blocking_sleep: BlockingSleep
) -> None:
    tasks.cancel_waiting()
    with pytest.raises(asyncio.CancelledError):
        await tasks.sleep(5.0)
    assert blocking_sleep.slept == []


async def test_a_task_that_does_not_sleep_is_waited_for(tasks: BackgroundTasks) -> None:
    gate, done = asyncio.Event(), list[str]()

    async def inner() -> None:
        done.append("inner")

    async def outer() -> None:
        await gate.wait()
        tasks.spawn(inner())  # work that makes work
        done.append("outer")

    tasks.spawn(outer())
    tasks.cancel_waiting()
    joining = asyncio.create_task(tasks.join())
    await turns()
    assert not joining.done()
    gate.set()
    await joining
    assert done == ["outer", "inner"]


async def test_abandoning_cancels_every_task(tasks: BackgroundTasks) -> None:
    done = list[str]()

    async def work() -> None:
        await asyncio.Event().wait()
        done.append("work")

    tasks.spawn(work())
    await turns()
    tasks.abandon()
    await tasks.join()
    assert tasks.is_stopping
    assert done == []


async def test_giving_up_waiting_stops_no_task(tasks: BackgroundTasks) -> None:
    gate, done = asyncio.Event(), list[str]()

    async def work() -> None:
        await gate.wait()
        done.append("work")

    tasks.spawn(work())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tasks.join(), 0.001)
    await tasks.close(0.001)
    assert tasks.is_stopping
    assert done == []
    gate.set()
    await tasks.close()
    assert done == ["work"]


async def test_a_failure_goes_into_the_log(
    tasks: BackgroundTasks, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        raise ZeroDivisionError("by nought")

    tasks.spawn(work(), "doing sums")
    await tasks.join()
    await turns()
    assert "background task doing sums failed" in caplog.text
    assert "by nought" in caplog.text


async def test_without_tasks_joining_does_not_wait(tasks: BackgroundTasks) -> None:
    await tasks.join()


def steps(*results: float | Exception | None) -> Callable[[], Awaitable[float | None]]:
    """Return a step that returns or raises one result after the other."""
    left = list(results)

    async def step() -> float | None:
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return step


async def test_a_step_says_when_the_next_one_is_due_and_when_it_is_the_last() -> None:
    clock = NoWait()
    tasks = BackgroundTasks(clock.sleep)
    tasks.repeat("counting", steps(7.0, 0.0, 8.0, None), first_wait=30.0)
    await tasks.join()
    assert clock.slept == [30.0, 7.0, 8.0]


async def test_after_a_failure_the_next_step_waits_longer_or_as_long_as_the_cad_asks() -> None:
    clock, error = NoWait(), OSError("down")
    tasks = BackgroundTasks(clock.sleep)
    asked_for = CadUnavailable(status=503, retry_after=60.0)
    results = (error, error, error, asked_for, CadUnavailable(status=503), 1.0, error, None)
    tasks.repeat("counting", steps(*results), Backoff(2.0, 8.0))
    await tasks.join()
    assert clock.slept == [2.0, 4.0, 8.0, 60.0, 8.0, 1.0, 2.0]


async def test_only_a_fault_of_the_bot_is_logged_with_its_origin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = BackgroundTasks(NoWait().sleep)
    tasks.repeat("one", steps(CadUnavailable(status=503), None))
    tasks.repeat("two", steps(KeyError("bug"), None))
    tasks.repeat("three", steps(KeyError("known"), None), expected=KeyError)
    await tasks.join()
    warnings = [(one.levelname, one.getMessage(), bool(one.exc_info)) for one in caplog.records]
    assert warnings == [
        ("WARNING", "one failed: CadUnavailable('CadUnavailable')", False),
        ("ERROR", "two failed: KeyError('bug')", True),
        ("WARNING", "three failed: KeyError('known')", False),
    ]


async def test_a_stop_ends_the_repetition_after_the_step(
    tasks: BackgroundTasks, blocking_sleep: BlockingSleep
) -> None:
    taken: list[float] = []

    async def step() -> float:
        taken.append(5.0)
        await asyncio.sleep(0)
        return 5.0

    tasks.repeat("counting", step)
    await turns()
    assert (taken, blocking_sleep.slept) == ([5.0], [5.0])
    tasks.cancel_waiting()
    await tasks.join()
    tasks.repeat("counting again", step)
    await tasks.join()
    assert taken == [5.0]
