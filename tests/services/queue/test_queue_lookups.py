"""The CAD does not say whom an order is about, but may do so later."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadUnreachable
from bot.services.queue.worker import RESOLVE_RETRY
from bot.storage.stores.order_store import OrderState
from tests.services.conftest import v1
from tests.services.office import DANA, Office

DOWN = CadUnreachable("Connection refused")


async def test_an_order_waits_until_the_cad_says_who_is_meant(office: Office) -> None:
    office.lookup_error = DOWN
    first = await office.order("5?")
    await office.passes(60)
    assert office.sent == []
    assert office.text(first).startswith("⏳ Sonoran CAD cannot be reached")
    assert office.text(first).endswith("To be attached to **#100**: `5?`")
    assert len(office.texts(first)) == 1
    office.lookup_error = None
    await office.passes(RESOLVE_RETRY)
    assert await office.state(first) is OrderState.DONE
    assert office.sent == [[5]]


async def test_its_reply_says_so_within_a_few_seconds(office: Office) -> None:
    office.lookup_seconds = lambda order: 9.0
    office.lookup_error = DOWN
    first = await office.order("5?")
    await office.passes(3)
    assert office.text(first).startswith("⏳ Sonoran CAD is not answering.")
    assert await office.queue.cancel(first, DANA)
    await office.passes(30)
    assert office.text(first).startswith("❌ Cancelled.")
    assert await office.state(first) is OrderState.CANCELLED


async def test_whoever_is_known_goes_ahead_where_the_cad_takes_orders(office: Office) -> None:
    office.lookup_error = DOWN
    first = await office.order("1 5?")
    assert await office.state(first) is OrderState.DONE
    assert office.sent == [[1]]


async def test_after_an_outage_everybody_is_sent(office: Office) -> None:
    office.lookup_error = office.cad.fault = DOWN
    first = await office.order("1 5?")
    await office.passes(30)
    office.lookup_error = office.cad.fault = None
    office.cad.sent.clear()
    await office.passes(30)
    assert await office.state(first) is OrderState.DONE
    assert office.sent == [[1, 5]]


async def test_it_is_looked_up_again_by_the_next_life(office: Office) -> None:
    office.lookup_error = office.cad.fault = DOWN
    orders = [await office.order("5?"), await office.order("1 6?")]
    await office.passes(30)
    assert [(await office.stored(one)).resolution for one in orders] == [None, None]
    office.lookup_error = office.cad.fault = None
    await office.restart()
    await office.passes(60)
    assert await office.states(*orders) == [OrderState.DONE] * 2
    assert [office.cad.call_of(one) for one in (1, 5, 6)] == [100] * 3


async def test_it_holds_up_nobody_who_is_known(office: Office) -> None:
    office.lookup_error = DOWN
    waits = await office.order("5?", 101)
    other = await office.order("1", 100)
    assert await office.states(waits, other) == [OrderState.QUEUED, OrderState.DONE]


async def test_after_an_outage_nobody_overtakes_it(office: Office) -> None:
    """The later order may be about the same person."""
    office.lookup_error = office.cad.fault = DOWN
    first = await office.order("5?", 100)
    second = await office.order("5", 101)
    await office.passes(20)
    office.lookup_error = office.cad.fault = None
    await office.passes(60)
    assert await office.states(first, second) == [OrderState.DONE] * 2
    assert office.cad.call_of(5) == 101


async def test_it_expires_like_others(office: Office) -> None:
    office.lookup_error = DOWN
    first = await office.order("5?")
    await office.passes(16 * 60)
    assert await office.state(first) is OrderState.EXPIRED
    assert office.text(first).startswith("❌ Not attached to **#100**")


@v1
async def test_the_end_of_an_outage_wakes_it(office: Office) -> None:
    office.cad.fault = DOWN
    other = await office.order("1")
    office.lookup_error = CadRateLimited(retry_after=600.0)
    first = await office.order("5?")
    await office.passes(20)
    office.lookup_error = office.cad.fault = None
    await office.passes(20)
    assert await office.states(other, first) == [OrderState.DONE] * 2


@pytest.mark.parametrize("seconds", [20.0, 300.0])
async def test_a_limit_is_waited_for_in_full(office: Office, seconds: float) -> None:
    office.lookup_error = CadRateLimited(retry_after=seconds)
    first = await office.order("5?")
    asked = office.lookup_count
    office.lookup_error = None
    await office.passes(seconds - 1)
    assert office.lookup_count == asked
    await office.passes(2)
    assert await office.state(first) is OrderState.DONE


@pytest.mark.parametrize("error", [CadRefused("NO", status=400), CadError("?")])
async def test_what_no_waiting_cures_is_said_at_once(office: Office, error: CadError) -> None:
    office.lookup_error = error
    first = await office.order("5?")
    assert await office.state(first) is OrderState.REFUSED
    assert "the CAD did not say which unit that is" in office.text(first)
