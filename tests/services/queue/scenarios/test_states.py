"""Every state that an order goes through, in the file and in the reply."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
    InvalidApiKey,
    UnitNotAddressable,
)
from bot.services.orders.accepted import AcceptedOrder
from bot.services.queue import scheduler
from bot.services.queue.order_kinds import KINDS
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1
from tests.services.queue_fixture import DANA, LIFETIME, QueueFixture

LAST = LIFETIME.total_seconds()
REFUSED = CadRefused("NO", status=400)
DOWN = CadUnreachable("Connection refused")
MAY_HAVE_ARRIVED = (CadTimeout(), CadBrokenOff("reset"), CadUnavailable(status=502))


async def test_an_order_is_sent_at_once_and_no_task_sleeps(queue_fixture: QueueFixture) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    queue_fixture.queue._tasks._sleep = sleep
    first = await queue_fixture.order("1 2")
    assert queue_fixture.sent == [[1, 2]]
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.text(first).startswith("✅ **#100**")
    assert slept == []


async def test_units_that_no_request_can_name_are_left_out_before_anything_is_sent(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults.append(UnitNotAddressable("2, 3", idents=(2, 3)))
    mixed = await queue_fixture.order("1 2")
    assert queue_fixture.text(mixed).startswith("⚠️ **#100**: <@1001> (A\\-1)\n")
    assert "Left out: <@1002>: the CAD shows no API id for this unit" in queue_fixture.text(mixed)
    assert await queue_fixture.state(mixed) is OrderState.DONE
    assert queue_fixture.sent[-1] == [1]
    queue_fixture.cad.faults.append(UnitNotAddressable("3", idents=(3,)))
    alone = await queue_fixture.order("3")
    assert await queue_fixture.state(alone) is OrderState.REFUSED
    assert queue_fixture.text(alone).startswith("❌ Not attached to **#100**")
    assert "Left out: <@1003>" in queue_fixture.text(alone)


async def test_a_unit_that_the_order_does_not_know_refuses_it(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = UnitNotAddressable("9", idents=(9,))
    first = await queue_fixture.order("1")
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert len(queue_fixture.sent) == 1


async def test_every_step_is_in_the_file_before_it_is_taken(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    first = await queue_fixture.order("1 2")
    stored = await queue_fixture.stored(first)
    assert stored.state is OrderState.SENDING
    assert stored.people == {1001, 1002}
    assert stored.resolution
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    stored = await queue_fixture.stored(first)
    assert (stored.state, stored.answered) == (OrderState.DONE, True)
    assert stored.finished_at
    assert stored.outcome
    assert queue_fixture.running[first].done()


async def test_a_refusal(queue_fixture: QueueFixture) -> None:
    first = await queue_fixture.order("1", 666)
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert queue_fixture.text(first) == (
        "❌ Not attached to **#666**. The CAD refused: `CALL NOT FOUND`.\nUnits: <@1001> (A\\-1)"
    )
    assert (await queue_fixture.stored(first)).answered
    assert len(queue_fixture.sent) == 1


@pytest.mark.parametrize("action", [one for one in KINDS if KINDS[one].needs_units])
async def test_an_order_about_no_unit_is_not_sent(
    queue_fixture: QueueFixture, action: OrderAction
) -> None:
    first = await queue_fixture.order("x", 100, action)
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert queue_fixture.text(first).startswith("❌ Not ")
    assert "Left out: `x`: no member or unit on duty is called this." in queue_fixture.text(first)
    assert queue_fixture.sent == []


@pytest.mark.parametrize("fault", [DOWN, *MAY_HAVE_ARRIVED, CadRateLimited(retry_after=2.0)])
async def test_a_fault_that_may_pass_puts_an_order_back(
    queue_fixture: QueueFixture, fault: CadError
) -> None:
    queue_fixture.cad.faults.append(fault)
    first = await queue_fixture.order("1")
    # What may have arrived stays in the file as being sent: a restart has to know.
    kept = OrderState.SENDING if fault.may_have_arrived else OrderState.QUEUED
    assert await queue_fixture.state(first) is kept
    await queue_fixture.advance(120)
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.sent == [[1], [1]]
    assert queue_fixture.text(first).startswith("✅")


@pytest.mark.parametrize("fault", [DOWN, CadRateLimited()])
async def test_an_order_expires_in_time_for_its_reply(
    queue_fixture: QueueFixture, fault: CadError
) -> None:
    queue_fixture.cad.fault = fault
    first = await queue_fixture.order("1")
    await queue_fixture.advance(LAST - 0.5)
    assert (await queue_fixture.state(first)).is_open
    await queue_fixture.advance(1)
    assert await queue_fixture.state(first) is OrderState.EXPIRED
    assert queue_fixture.text(first).startswith("❌ Not attached to **#100**")
    assert "did not take the order in time" in queue_fixture.text(first)
    assert queue_fixture.announcer.shown[first][-1].at <= LAST + 3
    assert all(one.at < LAST for one in queue_fixture.cad.sent)


@pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED)
async def test_what_may_have_been_done_is_not_called_undone(
    queue_fixture: QueueFixture, fault: CadError
) -> None:
    queue_fixture.cad.faults.append(fault)
    queue_fixture.cad.fault = DOWN  # says of itself that nothing can have arrived
    first = await queue_fixture.order("1")
    await queue_fixture.advance(LAST)
    assert await queue_fixture.state(first) is OrderState.EXPIRED
    assert queue_fixture.text(first).startswith(
        "❌ It is not certain whether the units were attached"
    )


@pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED)
async def test_a_refusal_after_a_broken_attempt_is_not_certain(
    queue_fixture: QueueFixture, fault: CadError
) -> None:
    queue_fixture.cad.faults.extend([fault, REFUSED])
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert queue_fixture.text(first).startswith(
        "❌ It is not certain whether the units were attached"
    )


async def test_an_answer_that_is_none_of_the_cads_is_not_certain(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults.append(CadUnreadable("Just a moment...", status=200))
    first = await queue_fixture.order("1")
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert queue_fixture.text(first).startswith(
        "❌ It is not certain whether the units were attached"
    )


async def test_cancelled_before_it_was_sent(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    queue_fixture.cad.fault = None
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(120)
    assert await queue_fixture.state(first) is OrderState.CANCELLED
    assert queue_fixture.text(first).startswith("❌ Cancelled. Not attached to **#100**")
    assert len(queue_fixture.sent) == 1
    assert queue_fixture.running[first].done()


async def test_cancelled_after_a_broken_attempt_is_not_certain(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = CadTimeout()
    first = await queue_fixture.order("1")
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(10)
    assert "It is not certain whether the units were attached" in queue_fixture.text(first)


async def test_only_the_giver_cancels(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    assert not await queue_fixture.queue.cancel(first, DANA + 1)
    assert not await queue_fixture.queue.cancel(first + 1, DANA)
    assert (await queue_fixture.state(first)).is_open


async def test_what_is_being_sent_or_closed_is_not_cancelled(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    first = await queue_fixture.order("1")
    assert not await queue_fixture.queue.cancel(first, DANA)
    queue_fixture.cad.gate.set()
    await queue_fixture.settle()
    assert not await queue_fixture.queue.cancel(first, DANA)
    assert await queue_fixture.state(first) is OrderState.DONE


async def test_cancelled_twice_is_told_once(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    assert await queue_fixture.queue.cancel(first, DANA)
    assert not await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.settle()
    assert len(queue_fixture.announcer.reported) == 1


async def test_cancelled_while_it_is_looked_up(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0
    first = await queue_fixture.order("1")
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(60)
    assert await queue_fixture.state(first) is OrderState.CANCELLED
    assert queue_fixture.sent == []
    assert len(queue_fixture.announcer.reported) == 1


async def test_an_order_that_joined_anothers_request_does_not_expire_meanwhile(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.order("1"), await queue_fixture.order("2")]
    await queue_fixture.advance(LAST - 20)
    queue_fixture.cad.fault, queue_fixture.cad.seconds = None, 40.0
    await queue_fixture.advance(19.9)
    assert await queue_fixture.states(*orders) == [OrderState.SENDING] * 2
    await queue_fixture.advance(60)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 2
    assert len(queue_fixture.announcer.reported) == 2


async def test_an_order_that_has_just_expired_is_not_sent(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults.append(DOWN)
    first = await queue_fixture.order("1")
    # The next attempt is in one second, the very moment at which this one expires.
    late = await queue_fixture.order(
        "2", created_at=queue_fixture.time.now() - (LIFETIME - timedelta(seconds=1))
    )
    await queue_fixture.advance(60)
    assert await queue_fixture.states(first, late) == [OrderState.DONE, OrderState.EXPIRED]
    assert queue_fixture.sent == [[1], [1]]


@pytest.mark.parametrize("fault", [InvalidApiKey("INVALID API KEY", status=400)])
async def test_an_error_that_concerns_all_is_not_split(
    queue_fixture: QueueFixture, fault: CadError
) -> None:
    queue_fixture.cad.gate.clear()
    busy = await queue_fixture.order("9", 104)
    others = [await queue_fixture.order(str(one)) for one in (1, 2, 3)]
    queue_fixture.cad.fault = fault
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert await queue_fixture.state(busy) is OrderState.DONE
    assert await queue_fixture.states(*others) == [OrderState.REFUSED] * 3
    assert queue_fixture.sent == [[9], [1, 2, 3]]
    assert all("INVALID API KEY" in queue_fixture.text(one) for one in others)


async def test_a_giver_who_is_told_of_a_fault_finds_the_order_withdrawn(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_fault = DatabaseUnavailable("dispatch.db", "disk I/O error")
    first = await queue_fixture.order("1")
    with pytest.raises(DatabaseUnavailable):
        await queue_fixture.running[first]
    queue_fixture.lookup_fault = None
    stored = await queue_fixture.stored(first)
    assert (stored.state, stored.answered) == (OrderState.CANCELLED, True)
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert queue_fixture.sent == []
    assert queue_fixture.texts(first) == []
    second = await queue_fixture.order("1")
    assert await queue_fixture.state(second) is OrderState.DONE


async def test_the_fault_is_told_even_if_the_order_cannot_be_withdrawn(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_fault = DatabaseUnavailable("dispatch.db", "one")
    order = await queue_fixture.accept("1")
    queue_fixture.database.broken = True
    with pytest.raises(DatabaseUnavailable, match="one"):
        await queue_fixture.queue.run(AcceptedOrder(order))
    queue_fixture.database.broken = False


async def test_a_database_that_fails_in_the_middle_keeps_no_actor_from_the_answer(
    queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    queue_fixture.cad.gate.clear()
    first = await queue_fixture.order("1")
    queue_fixture.database.broken = True
    queue_fixture.cad.gate.set()
    await queue_fixture.settle()
    assert queue_fixture.text(first).startswith("✅ **#100**")
    assert queue_fixture.cad.call_of(1) == 100
    queue_fixture.database.broken = False
    await queue_fixture.advance(60)
    assert "orders cannot be written" in caplog.text
    assert "secret" not in caplog.text


async def test_what_cannot_be_stored_as_being_sent_is_not_sent(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.gate.clear()
    await queue_fixture.order("1")
    second = await queue_fixture.order("2", 101)
    queue_fixture.database.broken = True
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(30)
    assert queue_fixture.sent == [[1]]
    queue_fixture.database.broken = False
    await queue_fixture.advance(10)
    assert queue_fixture.sent == [[1], [2]]
    assert await queue_fixture.state(second) is OrderState.DONE


async def test_a_fault_of_the_bot_leaves_no_order_without_an_answer(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.gate.clear()
    queue_fixture.cad.bugs = 1
    first = await queue_fixture.order("1")
    second = await queue_fixture.order("2", 100)
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    with pytest.raises(ZeroDivisionError):  # its giver is told of a fault in the bot
        await queue_fixture.running[first]
    assert await queue_fixture.states(first, second) == [OrderState.CANCELLED, OrderState.DONE]


async def test_an_order_outlives_the_task_that_gave_it(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first, second = await queue_fixture.order("1"), await queue_fixture.order("2")
    queue_fixture.cad.fault = None
    queue_fixture.cad.gate.clear()
    await queue_fixture.advance(1)
    assert await queue_fixture.states(first, second) == [OrderState.SENDING] * 2
    queue_fixture.running[first].cancel()
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert await queue_fixture.states(first, second) == [OrderState.DONE] * 2
    assert [queue_fixture.cad.call_of(one) for one in (1, 2)] == [100] * 2
    assert queue_fixture.sent[-1] == [1, 2]
    assert queue_fixture.text(first).startswith("✅")


async def test_the_actor_is_told_once_discord_answers(queue_fixture: QueueFixture) -> None:
    queue_fixture.announcer.is_reachable = False
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    stored = await queue_fixture.stored(first)
    assert (stored.state, stored.answered) == (OrderState.DONE, False)
    queue_fixture.announcer.is_reachable = True
    await queue_fixture.advance(60)
    assert queue_fixture.text(first).startswith("✅")
    assert (await queue_fixture.stored(first)).answered
    assert len(queue_fixture.sent) == 1


@v1
async def test_a_restart_during_a_slow_log_channel_tells_nothing_again(
    queue_fixture: QueueFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(queue_fixture.announcer, "report", never)
    orders = [await queue_fixture.order(str(one)) for one in range(1, 6)]
    await queue_fixture.advance(120)
    told = [len(queue_fixture.texts(one)) for one in orders]
    assert all(told)
    await queue_fixture.restart()
    await queue_fixture.advance(120)
    assert [len(queue_fixture.texts(one)) for one in orders] == told


@v1
async def test_an_outage_is_logged_once_and_its_end_once(
    queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.services")
    queue_fixture.cad.fault = DOWN
    for one in range(1, 6):
        await queue_fixture.submit(str(one))
    await queue_fixture.advance(300)
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    messages = [one.getMessage() for one in caplog.records]
    assert [one.partition(":")[0] for one in messages] == [
        "the CAD does not take orders",
        "the CAD takes orders again",
    ]


async def test_a_refusal_ends_an_outage(
    queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.services")
    queue_fixture.cad.faults.append(DOWN)
    await queue_fixture.order("1", 666)
    await queue_fixture.advance(10)
    assert caplog.messages[-1] == "the CAD takes orders again"


async def test_a_fault_of_the_scheduler_is_told_to_every_actor_and_ends(
    queue_fixture: QueueFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.order("1"), await queue_fixture.order("2")]

    def decide(*_arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(scheduler, "decide", decide)
        await queue_fixture.advance(60)
    for one in orders:
        with pytest.raises(ZeroDivisionError):
            await queue_fixture.running[one]
    assert await queue_fixture.states(*orders) == [OrderState.CANCELLED] * 2
    queue_fixture.cad.fault = None
    third = await queue_fixture.order("3")
    assert await queue_fixture.state(third) is OrderState.DONE


async def test_an_order_that_is_closed_while_it_fails_is_not_withdrawn(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0
    queue_fixture.lookup_fault = DatabaseUnavailable("dispatch.db", "disk I/O error")
    first = await queue_fixture.order("1")
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(10)
    assert await queue_fixture.state(first) is OrderState.CANCELLED
    assert queue_fixture.text(first).startswith("❌ Cancelled.")
    assert len(queue_fixture.announcer.reported) == 1
