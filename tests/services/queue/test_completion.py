"""One reply, brought up to date; the scenarios hold the rest of what becomes of an order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from bot.services.background import BackgroundTasks
from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome, WaitNotice
from bot.services.queue.completion import OrderNotifier
from bot.services.queue.queued_order import QueuedOrder
from bot.services.reply import Delivery
from bot.storage.stores.order_store import OrderState
from tests.fake_time import FakeTime
from tests.services.queue import samples
from tests.services.queue.samples import NOW, queued_order


class RecordingAnnouncer:
    """An OrderAnnouncer that takes `seconds` to show a reply, and records it."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.read: list[tuple[float, object]] = []
        self.reports: list[OrderView] = []
        self.seconds = 0.0
        self.deliveries: list[Delivery] = []  # of the next attempts; then all succeed
        self.sent: list[OrderView] = []

    async def show(self, view: OrderView) -> Delivery:
        await self.time.sleep(self.seconds)
        said = view.waiting.orders_per_minute if view.waiting else view.order.state
        self.read.append((self.time.monotonic(), said))
        return self.deliveries.pop(0) if self.deliveries else Delivery.DONE

    async def send(self, view: OrderView) -> Delivery:
        self.sent.append(view)
        return Delivery.DONE

    async def report(self, view: OrderView) -> None:
        self.reports.append(view)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def announcer(time: FakeTime) -> RecordingAnnouncer:
    return RecordingAnnouncer(time)


@pytest.fixture
def tasks(time: FakeTime) -> BackgroundTasks:
    return BackgroundTasks(time.sleep)


@pytest.fixture
def notifier(
    time: FakeTime, announcer: RecordingAnnouncer, tasks: BackgroundTasks
) -> OrderNotifier:
    return samples.notifier(announcer, tasks, time)


@pytest.fixture
def queued(time: FakeTime) -> QueuedOrder:
    one = queued_order()
    one.order = replace(one.order, created_at=time.now())
    return one


def why(number: int) -> WaitNotice:
    return WaitNotice(NOW, None, number)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def wait(notifier: OrderNotifier, queued: QueuedOrder, notice: WaitNotice) -> None:
    notifier.show_waiting(queued, notice)
    await settle()


async def begin(work: Awaitable[object]) -> asyncio.Future[object]:
    task = asyncio.ensure_future(work)
    await settle()
    return task


def end(queued: QueuedOrder, state: OrderState = OrderState.DONE) -> None:
    queued.order = replace(queued.order, state=state)
    queued.outcome = Outcome(None, 1.0)


async def test_the_first_is_shown_at_once(notifier, announcer, queued) -> None:
    await wait(notifier, queued, why(1))
    assert announcer.read == [(0.0, 1)]


async def test_what_is_shown_already_is_not_shown_again(notifier, announcer, queued, time) -> None:
    await wait(notifier, queued, why(1))
    await time.advance(10, settle)
    await wait(notifier, queued, why(1))
    assert len(announcer.read) == 1


async def test_edits_are_three_seconds_apart(notifier, announcer, queued, time) -> None:
    await wait(notifier, queued, why(1))
    await wait(notifier, queued, why(2))
    await time.advance(2.9, settle)
    assert len(announcer.read) == 1
    await time.advance(0.1, settle)
    assert announcer.read == [(0.0, 1), (3.0, 2)]


async def test_of_what_comes_in_between_only_the_latest_is_shown(
    notifier, announcer, queued, time
) -> None:
    for number in (1, 2, 3, 4):
        await wait(notifier, queued, why(number))
    await time.advance(60, settle)
    assert announcer.read == [(0.0, 1), (3.0, 4)]


async def test_a_slow_edit_is_followed_by_the_latest(notifier, announcer, queued, time) -> None:
    announcer.seconds = 5.0
    for number in (1, 2):
        await wait(notifier, queued, why(number))
    await time.advance(60, settle)
    assert [said for _, said in announcer.read] == [1, 2]


async def test_back_to_what_is_shown_needs_no_edit(notifier, announcer, queued, time) -> None:
    for number in (1, 2, 1):
        await wait(notifier, queued, why(number))
    await time.advance(60, settle)
    assert announcer.read == [(0.0, 1)]


async def test_the_gap_counts_from_when_it_could_be_read(notifier, announcer, queued, time) -> None:
    announcer.seconds = 5.0
    await wait(notifier, queued, why(1))
    await wait(notifier, queued, why(2))
    await time.advance(60, settle)
    assert announcer.read == [(5.0, 1), (13.0, 2)]


async def test_the_end_waits_for_the_gap_and_nothing_comes_after_it(
    notifier, announcer, queued, time
) -> None:
    await wait(notifier, queued, why(1))
    await wait(notifier, queued, why(2))
    end(queued)
    ended = await begin(notifier.show_result(queued))
    await wait(notifier, queued, why(3))
    await time.advance(60, settle)
    assert announcer.read == [(0.0, 1), (3.0, OrderState.DONE)]
    assert await ended is True


async def test_the_end_waits_for_an_edit_under_way(notifier, announcer, queued, time) -> None:
    announcer.seconds = 5.0
    await wait(notifier, queued, why(1))
    end(queued)
    await begin(notifier.show_result(queued))
    await time.advance(60, settle)
    assert announcer.read == [(5.0, 1), (13.0, OrderState.DONE)]


async def test_the_end_of_an_order_without_a_notice_is_shown_at_once(
    notifier, announcer, queued
) -> None:
    end(queued)
    assert await notifier.show_result(queued)
    assert announcer.read == [(0.0, OrderState.DONE)]


@pytest.mark.parametrize("state", [OrderState.SENDING, OrderState.DONE])
async def test_only_what_waits_is_said_to_wait(notifier, announcer, queued, state) -> None:
    end(queued, state)
    await wait(notifier, queued, why(1))
    assert announcer.read == []


async def test_who_cannot_be_told_is_named(
    notifier, announcer, queued, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(announcer, "send", announcer.show)
    announcer.deliveries = [Delivery.IMPOSSIBLE] * 2
    end(queued, OrderState.EXPIRED)
    assert await notifier.show_result(queued) is False
    assert "the outcome of order 1 (expired) could not be shown" in caplog.text
    assert "secret" not in caplog.text


async def test_an_outcome_is_shown_once_discord_answers(notifier, announcer, queued, time) -> None:
    announcer.deliveries = [Delivery.FAILED] * 3
    end(queued, OrderState.EXPIRED)
    ended = await begin(notifier.show_result(queued))
    await time.advance(60, settle)
    assert announcer.read == [(at, OrderState.EXPIRED) for at in (0.0, 5.0, 15.0, 35.0)]
    assert await ended is True
    assert announcer.sent == []


async def test_an_outage_that_outlives_the_token_ends_with_a_message(
    notifier, announcer, queued, time
) -> None:
    announcer.deliveries = [Delivery.FAILED] * 60
    end(queued, OrderState.EXPIRED)
    ended = await begin(notifier.show_result(queued))
    await time.advance(16 * 60, settle)
    assert await ended is True
    assert 14 * 60 < announcer.read[-1][0] < 15 * 60
    assert [one.order.state for one in announcer.sent] == [OrderState.EXPIRED]


async def test_a_reply_that_is_gone_is_not_edited_again(notifier, announcer, queued, time) -> None:
    announcer.deliveries = [Delivery.IMPOSSIBLE]
    await wait(notifier, queued, why(1))
    await wait(notifier, queued, why(2))
    end(queued, OrderState.EXPIRED)
    await begin(notifier.show_result(queued))
    await time.advance(60, settle)
    assert announcer.read == [(0.0, 1)]
    assert len(announcer.sent) == 1


async def test_one_message_tells_the_outcome_that_the_cad_has_confirmed(
    notifier, announcer, queued, time
) -> None:
    announcer.deliveries = [Delivery.IMPOSSIBLE]
    end(queued)
    queued.outcome = Outcome(None, 0.0)
    assert await notifier.show_result(queued) is False
    assert announcer.sent == []  # what the CAD shows is still to come
    queued.outcome = Outcome(None, 0.0, confirmation=BoardConfirmation.CONFIRMED)
    ended = await begin(notifier.show_result(queued))
    await time.advance(60, settle)
    assert await ended is True
    assert len(announcer.sent) == 1


async def test_a_notice_that_discord_did_not_take_is_shown_later(
    notifier, announcer, queued, time
) -> None:
    announcer.deliveries = [Delivery.FAILED]
    await wait(notifier, queued, why(1))
    await time.advance(60, settle)
    assert announcer.read == [(0.0, 1), (5.0, 1)]


async def test_a_stop_of_the_bot_does_not_wait_for_discord(
    notifier, announcer, tasks, queued, time
) -> None:
    announcer.deliveries = [Delivery.FAILED] * 9
    end(queued, OrderState.EXPIRED)
    ended = await begin(notifier.show_result(queued))
    tasks.cancel_waiting()
    await settle()
    assert ended.cancelled()


async def test_the_pause_between_two_waiting_replies_ends_when_the_bot_stops(
    notifier, announcer, tasks, queued, time
) -> None:
    await wait(notifier, queued, why(1))
    await wait(notifier, queued, why(2))
    tasks.cancel_waiting()
    await tasks.join()
    end(queued)
    await begin(notifier.show_result(queued))
    await time.advance(3, settle)
    assert announcer.read == [(0.0, 1), (3.0, OrderState.DONE)]


async def test_a_notice_that_an_attempt_kept_from_being_shown_is_shown_after_it(
    notifier, announcer, queued, time
) -> None:
    await wait(notifier, queued, why(1))
    await wait(notifier, queued, why(2))
    end(queued, OrderState.SENDING)
    await time.advance(10, settle)
    assert announcer.read == [(0.0, 1)]
    end(queued, OrderState.QUEUED)
    await wait(notifier, queued, why(2))
    assert announcer.read == [(0.0, 1), (10.0, 2)]


async def test_the_staff_read_the_end(notifier, announcer, queued) -> None:
    end(queued)
    await notifier.report(queued)
    assert announcer.reports == [queued.view()]
