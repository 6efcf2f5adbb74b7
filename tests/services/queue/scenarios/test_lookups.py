"""The CAD does not show the units of an order yet, but may do so later."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadUnreachable
from bot.services.queue.worker import LONGEST_LOOKUP_WAIT, RESOLVE_RETRY
from bot.storage.stores.order_store import OrderState
from tests.services.conftest import v1
from tests.services.queue_fixture import DANA, QueueFixture

DOWN = CadUnreachable("Connection refused")


async def test_an_order_waits_until_the_cad_says_who_is_meant(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_error = DOWN
    first = await queue_fixture.order("5?")
    await queue_fixture.advance(60)
    assert queue_fixture.sent == []
    assert queue_fixture.text(first).startswith("⏳ Sonoran CAD cannot be reached")
    assert queue_fixture.text(first).endswith("To be attached to **#100**: `5?`")
    assert len(queue_fixture.texts(first)) == 1
    queue_fixture.lookup_error = None
    await queue_fixture.advance(RESOLVE_RETRY)
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.sent == [[5]]


async def test_the_reply_says_within_seconds_that_the_cad_is_down(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_seconds = lambda order: 9.0
    queue_fixture.lookup_error = DOWN
    first = await queue_fixture.order("5?")
    await queue_fixture.advance(3)
    assert queue_fixture.text(first).startswith("⏳ Sonoran CAD is not answering.")
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(30)
    assert queue_fixture.text(first).startswith("❌ Cancelled.")
    assert await queue_fixture.state(first) is OrderState.CANCELLED


async def test_known_units_go_ahead_while_the_cad_takes_orders(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_error = DOWN
    first = await queue_fixture.order("1 5?")
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.sent == [[1]]


async def test_known_units_wait_a_moment_for_those_that_the_limit_delays(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_error = CadRateLimited(retry_after=LONGEST_LOOKUP_WAIT)
    first = await queue_fixture.order("1 5?")
    other = await queue_fixture.order("2", 101)
    assert await queue_fixture.states(first, other) == [OrderState.QUEUED, OrderState.DONE]
    queue_fixture.lookup_error = None
    await queue_fixture.advance(LONGEST_LOOKUP_WAIT)
    assert queue_fixture.sent == [[2], [1, 5]]


async def test_known_units_do_not_wait_for_a_limit_of_minutes(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_error = CadRateLimited(retry_after=LONGEST_LOOKUP_WAIT + 1)
    first = await queue_fixture.order("1 5?")
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.sent == [[1]]


async def test_after_an_outage_all_orders_are_sent(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_error = queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1 5?")
    await queue_fixture.advance(30)
    queue_fixture.lookup_error = queue_fixture.cad.fault = None
    queue_fixture.cad.sent.clear()
    await queue_fixture.advance(30)
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.sent == [[1, 5]]


async def test_unknown_units_are_looked_up_again_after_a_restart(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_error = queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.order("5?"), await queue_fixture.order("1 6?")]
    await queue_fixture.advance(30)
    assert [(await queue_fixture.stored(one)).resolution for one in orders] == [None, None]
    queue_fixture.lookup_error = queue_fixture.cad.fault = None
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 2
    assert [queue_fixture.cad.call_of(one) for one in (1, 5, 6)] == [100] * 3


async def test_an_order_about_unknown_units_holds_up_no_known_unit(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_error = DOWN
    waits = await queue_fixture.order("5?", 101)
    other = await queue_fixture.order("1", 100)
    assert await queue_fixture.states(waits, other) == [OrderState.QUEUED, OrderState.DONE]


async def test_after_an_outage_no_order_overtakes_it(queue_fixture: QueueFixture) -> None:
    """The later order may be about the same person."""
    queue_fixture.lookup_error = queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("5?", 100)
    second = await queue_fixture.order("5", 101)
    await queue_fixture.advance(20)
    queue_fixture.lookup_error = queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert await queue_fixture.states(first, second) == [OrderState.DONE] * 2
    assert queue_fixture.cad.call_of(5) == 101


async def test_an_order_about_unknown_units_expires(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_error = DOWN
    first = await queue_fixture.order("5?")
    await queue_fixture.advance(16 * 60)
    assert await queue_fixture.state(first) is OrderState.EXPIRED
    assert queue_fixture.text(first).startswith("❌ Not attached to **#100**")


@v1
async def test_the_end_of_an_outage_wakes_it(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    other = await queue_fixture.order("1")
    queue_fixture.lookup_error = CadRateLimited(retry_after=600.0)
    first = await queue_fixture.order("5?")
    await queue_fixture.advance(20)
    queue_fixture.lookup_error = queue_fixture.cad.fault = None
    await queue_fixture.advance(20)
    assert await queue_fixture.states(other, first) == [OrderState.DONE] * 2


@pytest.mark.parametrize("seconds", [20.0, 300.0])
async def test_a_limit_is_waited_for_in_full(queue_fixture: QueueFixture, seconds: float) -> None:
    queue_fixture.lookup_error = CadRateLimited(retry_after=seconds)
    first = await queue_fixture.order("5?")
    asked = queue_fixture.lookup_count
    queue_fixture.lookup_error = None
    await queue_fixture.advance(seconds - 1)
    assert queue_fixture.lookup_count == asked
    await queue_fixture.advance(2)
    assert await queue_fixture.state(first) is OrderState.DONE


@pytest.mark.parametrize("error", [CadRefused("NO", status=400), CadError("?")])
async def test_what_no_waiting_cures_is_said_at_once(
    queue_fixture: QueueFixture, error: CadError
) -> None:
    queue_fixture.lookup_error = error
    first = await queue_fixture.order("5?")
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert "the CAD did not say which unit that is" in queue_fixture.text(first)
