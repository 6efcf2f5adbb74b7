"""Every state that an order goes through, in the file and in the reply."""

from __future__ import annotations

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
)
from bot.services.orders.accepted import AcceptedOrder
from bot.services.queue import scheduler
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1
from tests.services.office import DANA, LIFETIME, Office

LAST = LIFETIME.total_seconds()
REFUSED = CadRefused("NO", status=400)
DOWN = CadUnreachable("Connection refused")
MAY_HAVE_ARRIVED = (CadTimeout(), CadBrokenOff("reset"), CadUnavailable(status=502))


async def test_an_order_is_sent_at_once_and_nobody_sleeps(office: Office) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    office.queue._tasks._sleep = sleep
    first = await office.order("1 2")
    assert office.sent == [[1, 2]]
    assert await office.state(first) is OrderState.DONE
    assert office.text(first).startswith("✅ **#100**")
    assert slept == []


async def test_every_step_is_in_the_file_before_it_is_taken(office: Office) -> None:
    office.cad.door.clear()
    first = await office.order("1 2")
    stored = await office.stored(first)
    assert stored.state is OrderState.SENDING
    assert stored.people == {1001, 1002}
    assert stored.resolution
    office.cad.door.set()
    await office.passes(60)
    stored = await office.stored(first)
    assert (stored.state, stored.answered) == (OrderState.DONE, True)
    assert stored.finished_at
    assert stored.outcome
    assert office.running[first].done()


async def test_a_refusal(office: Office) -> None:
    first = await office.order("1", 666)
    assert await office.state(first) is OrderState.REFUSED
    assert office.text(first) == (
        "❌ Not attached to **#666**. The CAD refused: `CALL NOT FOUND`.\nUnits: <@1001> (A\\-1)"
    )
    assert (await office.stored(first)).answered
    assert len(office.sent) == 1


@pytest.mark.parametrize("action", list(OrderAction))
async def test_an_order_about_nobody_is_not_sent(office: Office, action: OrderAction) -> None:
    first = await office.order("x", 100, action)
    assert await office.state(first) is OrderState.REFUSED
    assert office.text(first).startswith("❌ Not ")
    assert "Left out: `x`: no unit on duty has this number." in office.text(first)
    assert office.sent == []


@pytest.mark.parametrize("fault", [DOWN, *MAY_HAVE_ARRIVED, CadRateLimited(retry_after=2.0)])
async def test_a_fault_that_may_pass_puts_an_order_back(office: Office, fault: CadError) -> None:
    office.cad.faults.append(fault)
    first = await office.order("1")
    # What may have arrived stays in the file as being sent: a restart has to know.
    kept = OrderState.SENDING if fault.may_have_arrived else OrderState.QUEUED
    assert await office.state(first) is kept
    await office.passes(120)
    assert await office.state(first) is OrderState.DONE
    assert office.sent == [[1], [1]]
    assert office.text(first).startswith("✅")


@pytest.mark.parametrize("fault", [DOWN, CadRateLimited()])
async def test_an_order_expires_in_time_for_its_reply(office: Office, fault: CadError) -> None:
    office.cad.fault = fault
    first = await office.order("1")
    await office.passes(LAST - 0.5)
    assert (await office.state(first)).is_open
    await office.passes(1)
    assert await office.state(first) is OrderState.EXPIRED
    assert office.text(first).startswith("❌ Not attached to **#100**")
    assert "did not take the order in time" in office.text(first)
    assert office.people.told[first][-1].at <= LAST + 3
    assert all(one.at < LAST for one in office.cad.sent)


@pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED)
async def test_what_may_have_been_done_is_not_called_undone(
    office: Office, fault: CadError
) -> None:
    office.cad.faults.append(fault)
    office.cad.fault = DOWN  # says of itself that nothing can have arrived
    first = await office.order("1")
    await office.passes(LAST)
    assert await office.state(first) is OrderState.EXPIRED
    assert office.text(first).startswith("❌ It is not certain whether the units were attached")


@pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED)
async def test_a_refusal_after_a_broken_attempt_is_not_certain(
    office: Office, fault: CadError
) -> None:
    office.cad.faults.extend([fault, REFUSED])
    first = await office.order("1")
    await office.passes(60)
    assert await office.state(first) is OrderState.REFUSED
    assert office.text(first).startswith("❌ It is not certain whether the units were attached")


async def test_an_answer_that_is_none_of_the_cads_is_not_certain(office: Office) -> None:
    office.cad.faults.append(CadUnreadable("Just a moment...", status=200))
    first = await office.order("1")
    assert await office.state(first) is OrderState.REFUSED
    assert office.text(first).startswith("❌ It is not certain whether the units were attached")


async def test_cancelled_before_it_was_sent(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    office.cad.fault = None
    assert await office.queue.cancel(first, DANA)
    await office.passes(120)
    assert await office.state(first) is OrderState.CANCELLED
    assert office.text(first).startswith("❌ Cancelled. Not attached to **#100**")
    assert len(office.sent) == 1
    assert office.running[first].done()


async def test_cancelled_after_a_broken_attempt_is_not_certain(office: Office) -> None:
    office.cad.fault = CadTimeout()
    first = await office.order("1")
    assert await office.queue.cancel(first, DANA)
    await office.passes(10)
    assert "It is not certain whether the units were attached" in office.text(first)


async def test_only_the_giver_cancels(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    assert not await office.queue.cancel(first, DANA + 1)
    assert not await office.queue.cancel(first + 1, DANA)
    assert (await office.state(first)).is_open


async def test_what_is_being_sent_or_closed_is_not_cancelled(office: Office) -> None:
    office.cad.door.clear()
    first = await office.order("1")
    assert not await office.queue.cancel(first, DANA)
    office.cad.door.set()
    await office.settle()
    assert not await office.queue.cancel(first, DANA)
    assert await office.state(first) is OrderState.DONE


async def test_cancelled_twice_is_told_once(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    assert await office.queue.cancel(first, DANA)
    assert not await office.queue.cancel(first, DANA)
    await office.settle()
    assert len(office.people.reported) == 1


async def test_cancelled_while_it_is_looked_up(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0
    first = await office.order("1")
    assert await office.queue.cancel(first, DANA)
    await office.passes(60)
    assert await office.state(first) is OrderState.CANCELLED
    assert office.sent == []
    assert len(office.people.reported) == 1


async def test_an_order_that_joined_anothers_request_does_not_expire_meanwhile(
    office: Office,
) -> None:
    office.cad.fault = DOWN
    orders = [await office.order("1"), await office.order("2")]
    await office.passes(LAST - 20)
    office.cad.fault, office.cad.seconds = None, 40.0
    await office.passes(19.9)
    assert await office.states(*orders) == [OrderState.SENDING] * 2
    await office.passes(60)
    assert await office.states(*orders) == [OrderState.DONE] * 2
    assert len(office.people.reported) == 2


async def test_nobody_else_sends_an_order_that_has_just_expired(office: Office) -> None:
    office.cad.faults.append(DOWN)
    first = await office.order("1")
    # The next attempt is in one second, the very moment at which this one expires.
    late = await office.order("2", created_at=office.time.now() - (LIFETIME - timedelta(seconds=1)))
    await office.passes(60)
    assert await office.states(first, late) == [OrderState.DONE, OrderState.EXPIRED]
    assert office.sent == [[1], [1]]


@pytest.mark.parametrize("fault", [InvalidApiKey("INVALID API KEY", status=400)])
async def test_an_error_that_concerns_all_is_not_split(office: Office, fault: CadError) -> None:
    office.cad.door.clear()
    busy = await office.order("9", 104)
    others = [await office.order(str(one)) for one in (1, 2, 3)]
    office.cad.fault = fault
    office.cad.door.set()
    await office.passes(60)
    assert await office.state(busy) is OrderState.DONE
    assert await office.states(*others) == [OrderState.REFUSED] * 3
    assert office.sent == [[9], [1, 2, 3]]
    assert all("INVALID API KEY" in office.text(one) for one in others)


async def test_a_giver_who_is_told_of_a_fault_finds_the_order_withdrawn(office: Office) -> None:
    office.lookup_fault = DatabaseUnavailable("dispatch.db", "disk I/O error")
    first = await office.order("1")
    with pytest.raises(DatabaseUnavailable):
        await office.running[first]
    office.lookup_fault = None
    stored = await office.stored(first)
    assert (stored.state, stored.answered) == (OrderState.CANCELLED, True)
    await office.restart()
    await office.passes(60)
    assert office.sent == []
    assert office.texts(first) == []
    second = await office.order("1")
    assert await office.state(second) is OrderState.DONE


async def test_the_fault_is_told_even_if_the_order_cannot_be_withdrawn(office: Office) -> None:
    office.lookup_fault = DatabaseUnavailable("dispatch.db", "one")
    order = await office.accept("1")
    office.database.broken = True
    with pytest.raises(DatabaseUnavailable, match="one"):
        await office.queue.run(AcceptedOrder(order))
    office.database.broken = False


async def test_a_database_that_fails_in_the_middle_keeps_nobody_from_their_answer(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.cad.door.clear()
    first = await office.order("1")
    office.database.broken = True
    office.cad.door.set()
    await office.settle()
    assert office.text(first).startswith("✅ **#100**")
    assert office.cad.call_of(1) == 100
    office.database.broken = False
    await office.passes(60)
    assert "1 orders cannot be written" in caplog.text
    assert "secret" not in caplog.text


async def test_a_fault_of_our_own_leaves_nobody_without_an_answer(office: Office) -> None:
    office.cad.door.clear()
    office.cad.bugs = 1
    first = await office.order("1")
    second = await office.order("2", 100)
    office.cad.door.set()
    await office.passes(60)
    with pytest.raises(ZeroDivisionError):  # its giver is told of a fault in the bot
        await office.running[first]
    assert await office.states(first, second) == [OrderState.CANCELLED, OrderState.DONE]


async def test_an_order_outlives_the_task_that_gave_it(office: Office) -> None:
    office.cad.fault = DOWN
    first, second = await office.order("1"), await office.order("2")
    office.cad.fault = None
    office.cad.door.clear()
    await office.passes(1)
    assert await office.states(first, second) == [OrderState.SENDING] * 2
    office.running[first].cancel()
    office.cad.door.set()
    await office.passes(60)
    assert await office.states(first, second) == [OrderState.DONE] * 2
    assert [office.cad.call_of(one) for one in (1, 2)] == [100] * 2
    assert office.sent[-1] == [1, 2]
    assert office.text(first).startswith("✅")


async def test_nobody_could_be_told(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.people.hears = False
    first = await office.order("1")
    await office.passes(60)
    stored = await office.stored(first)
    assert (stored.state, stored.answered) == (OrderState.DONE, False)
    assert f"the outcome of order {first} (done) could not be shown" in caplog.text
    office.people.hears = True
    await office.restart()
    await office.passes(60)
    assert office.text(first).startswith("✅")
    assert (await office.stored(first)).answered
    assert len(office.sent) == 1


@v1
async def test_an_outage_is_logged_once_and_its_end_once(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.services")
    office.cad.fault = DOWN
    for one in range(1, 6):
        await office.give(str(one))
    await office.passes(300)
    office.cad.fault = None
    await office.passes(60)
    messages = [one.getMessage() for one in caplog.records]
    assert [one.partition(":")[0] for one in messages] == [
        "the CAD does not take orders",
        "the CAD takes orders again",
    ]


async def test_a_refusal_ends_an_outage(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot.services")
    office.cad.faults.append(DOWN)
    await office.order("1", 666)
    await office.passes(10)
    assert caplog.messages[-1] == "the CAD takes orders again"


async def test_a_fault_of_the_scheduler_is_told_to_every_actor_and_ends(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.cad.fault = DOWN
    orders = [await office.order("1"), await office.order("2")]

    def decide(*_arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(scheduler, "decide", decide)
        await office.passes(60)
    for one in orders:
        with pytest.raises(ZeroDivisionError):
            await office.running[one]
    assert await office.states(*orders) == [OrderState.CANCELLED] * 2
    office.cad.fault = None
    third = await office.order("3")
    assert await office.state(third) is OrderState.DONE


async def test_an_order_that_is_closed_while_it_fails_is_not_withdrawn(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0
    office.lookup_fault = DatabaseUnavailable("dispatch.db", "disk I/O error")
    first = await office.order("1")
    assert await office.queue.cancel(first, DANA)
    await office.passes(10)
    assert await office.state(first) is OrderState.CANCELLED
    assert office.text(first).startswith("❌ Cancelled.")
    assert len(office.people.reported) == 1
