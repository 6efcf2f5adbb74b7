"""One reply, brought up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.orders.outcomes import OrderView, Outcome, WaitNotice
from bot.services.queue.order_notifier import EDIT_GAP, Telling
from bot.services.queue.queued_order import Job
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.fake_time import FakeTime

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Reader:
    """The Announcer: reads at their own pace."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.read: list[tuple[float, object]] = []
        self.reports: list[OrderView] = []
        self.seconds = 0.0
        self.hears = True

    async def show(self, view: OrderView) -> bool:
        await self.time.sleep(self.seconds)
        said = view.waiting.orders_per_minute if view.waiting else view.order.state
        self.read.append((self.time.monotonic(), said))
        return self.hears

    async def report(self, view: OrderView) -> None:
        self.reports.append(view)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def reader(time: FakeTime) -> Reader:
    return Reader(time)


@pytest.fixture
def telling(time: FakeTime, reader: Reader) -> Telling:
    return Telling(reader, clock=time, pause=time.sleep)


@pytest.fixture
def job() -> Job:
    return Job(Order(1, 2, 1, OrderAction.ATTACH, 100, "me", 5, NOW, 6, "secret"))


def why(number: int) -> WaitNotice:
    return WaitNotice(NOW, None, number)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def begin(work: Awaitable[object]) -> asyncio.Future[object]:
    task = asyncio.ensure_future(work)
    await settle()
    return task


def end(job: Job, state: OrderState = OrderState.DONE) -> None:
    job.order = replace(job.order, state=state)
    job.outcome = Outcome(None, 1.0)


async def test_the_first_is_shown_at_once(telling, reader, job) -> None:
    await telling.waits(job, why(1))
    assert reader.read == [(0.0, 1)]


async def test_what_is_shown_already_is_not_shown_again(telling, reader, job, time) -> None:
    await telling.waits(job, why(1))
    await time.advance(10, settle)
    await telling.waits(job, why(1))
    assert len(reader.read) == 1


async def test_edits_are_three_seconds_apart(telling, reader, job, time) -> None:
    await telling.waits(job, why(1))
    await begin(telling.waits(job, why(2)))
    await time.advance(2.9, settle)
    assert len(reader.read) == 1
    await time.advance(0.1, settle)
    assert reader.read == [(0.0, 1), (EDIT_GAP, 2)]


async def test_of_what_comes_in_between_only_the_latest_is_shown(
    telling, reader, job, time
) -> None:
    for number in (1, 2, 3, 4):
        await begin(telling.waits(job, why(number)))
    await time.advance(60, settle)
    assert reader.read == [(0.0, 1), (3.0, 4)]


async def test_nobody_queues_behind_a_slow_edit(telling, reader, job, time) -> None:
    reader.seconds = 5.0
    first = await begin(telling.waits(job, why(1)))
    second = await begin(telling.waits(job, why(2)))
    assert (first.done(), second.done()) == (False, True)
    await time.advance(60, settle)
    assert [said for _, said in reader.read] == [1, 2]


async def test_back_to_what_is_shown_needs_no_edit(telling, reader, job, time) -> None:
    for number in (1, 2, 1):
        await begin(telling.waits(job, why(number)))
    await time.advance(60, settle)
    assert reader.read == [(0.0, 1)]


async def test_the_gap_counts_from_when_it_could_be_read(telling, reader, job, time) -> None:
    reader.seconds = 5.0
    await begin(telling.waits(job, why(1)))
    await begin(telling.waits(job, why(2)))
    await time.advance(60, settle)
    assert reader.read == [(5.0, 1), (13.0, 2)]


async def test_the_end_waits_for_the_gap_and_nothing_comes_after_it(
    telling, reader, job, time
) -> None:
    await telling.waits(job, why(1))
    await begin(telling.waits(job, why(2)))
    end(job)
    ended = await begin(telling.ended(job))
    await begin(telling.waits(job, why(3)))
    await time.advance(60, settle)
    assert reader.read == [(0.0, 1), (3.0, OrderState.DONE)]
    assert await ended is True


async def test_the_end_waits_for_an_edit_under_way(telling, reader, job, time) -> None:
    reader.seconds = 5.0
    await begin(telling.waits(job, why(1)))
    end(job)
    await begin(telling.ended(job))
    await time.advance(60, settle)
    assert reader.read == [(5.0, 1), (13.0, OrderState.DONE)]


async def test_the_end_of_an_order_nobody_was_told_about_is_shown_at_once(
    telling, reader, job
) -> None:
    end(job)
    assert await telling.ended(job)
    assert reader.read == [(0.0, OrderState.DONE)]


@pytest.mark.parametrize("state", [OrderState.SENDING, OrderState.DONE])
async def test_only_what_waits_is_said_to_wait(telling, reader, job, state) -> None:
    end(job, state)
    await telling.waits(job, why(1))
    assert reader.read == []


async def test_who_cannot_be_told_is_named(telling, reader, job, caplog) -> None:
    reader.hears = False
    end(job, OrderState.EXPIRED)
    assert await telling.ended(job) is False
    assert "nobody could be told about order 1 (expired)" in caplog.text
    assert "secret" not in caplog.text


async def test_the_pause_between_two_waiting_replies_may_be_broken_off(reader, job, time) -> None:
    async def stop(seconds: float) -> None:
        raise asyncio.CancelledError

    telling = Telling(reader, clock=time, pause=stop)
    await telling.waits(job, why(1))
    with pytest.raises(asyncio.CancelledError):
        await telling.waits(job, why(2))
    end(job)
    await begin(telling.ended(job))
    await time.advance(3, settle)
    assert reader.read == [(0.0, 1), (3.0, OrderState.DONE)]


async def test_the_staff_read_the_end(telling, reader, job) -> None:
    end(job)
    await telling.report(job)
    assert reader.reports == [job.view()]


def test_the_gap_is_what_discord_allows() -> None:
    assert EDIT_GAP == 3.0
