"""Whether the CAD shows what it said it had done."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadUnreachable
from bot.storage.stores.order_store import OrderState
from tests.services.conftest import v1, v2
from tests.services.queue_fixture import QueueFixture

DOWN = CadUnreachable("Connection refused")
UNSEEN = "The CAD accepted the order, but did not say whether it shows on the call. Check the call."


async def test_what_the_cad_shows_is_confirmed(queue_fixture: QueueFixture) -> None:
    first = await queue_fixture.order("1 2")
    await queue_fixture.advance(4)
    assert queue_fixture.text(first).splitlines() == [
        "✅ **#100**: <@1001> (A\\-1), <@1002> (A\\-2)",
        "Confirmed by the CAD.",
    ]


async def test_a_detach_is_confirmed_too(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(1, 100)
    first = await queue_fixture.detach("1")
    await queue_fixture.advance(4)
    assert queue_fixture.text(first).splitlines() == [
        "✅ Off their calls: <@1001> (A\\-1, left #100)",
        "Confirmed by the CAD.",
        "**#100** has no units now.",
    ]


async def test_what_the_cad_does_not_show_is_said(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.silent = True
    first = await queue_fixture.order("1")
    await queue_fixture.advance(70)
    assert queue_fixture.text(first).splitlines() == [
        "❌ Not on **#100**: <@1001> (A\\-1)",
        "The CAD accepted the order, but does not show <@1001> (A\\-1) on the call.",
    ]
    assert await queue_fixture.state(first) is OrderState.DONE


async def test_a_detach_that_did_nothing_is_seen(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(1, 100)
    queue_fixture.cad.silent = True  # and the board has not heard of any call yet
    first = await queue_fixture.detach("1")
    await queue_fixture.advance(70)
    assert "still shows <@1001> (A\\-1) on the call" in queue_fixture.text(first)


@v1
async def test_a_call_that_shows_it_late_is_waited_for(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.silent = True
    first = await queue_fixture.order("1")
    await queue_fixture.advance(10)
    assert queue_fixture.texts(first) == ["✅ **#100**: <@1001> (A\\-1)"]
    queue_fixture.cad.put(1, 100)
    await queue_fixture.advance(15)
    assert queue_fixture.text(first).endswith("Confirmed by the CAD.")


@v1
async def test_a_cad_that_does_not_show_its_calls(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.query_fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    assert queue_fixture.text(first).splitlines()[1] == UNSEEN
    assert queue_fixture.text(first).startswith("✅")
    assert (await queue_fixture.stored(first)).answered


@v1
async def test_fifty_orders_are_confirmed_with_few_questions(queue_fixture: QueueFixture) -> None:
    orders = [await queue_fixture.submit(str(one + 1), 100 + one % 5) for one in range(50)]
    await queue_fixture.advance(60)
    assert all(queue_fixture.text(one).endswith("Confirmed by the CAD.") for one in orders)
    assert queue_fixture.cad.asked["calls"] <= 8


@v2
async def test_a_receipt_needs_no_question(queue_fixture: QueueFixture) -> None:
    first = await queue_fixture.order("1 2")
    assert queue_fixture.text(first).endswith("Confirmed by the CAD.")
    assert queue_fixture.cad.asked["calls"] == 0
    assert len(queue_fixture.texts(first)) == 1


@v2
async def test_a_receipt_without_a_unit_shows_which_is_missing(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.silent = True
    first = await queue_fixture.order("1")
    assert queue_fixture.text(first).startswith("❌ Not on **#100**: ")


@v2
async def test_without_a_receipt_the_calls_are_looked_at(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.receipts = False
    first = await queue_fixture.order("1")
    await queue_fixture.advance(4)
    assert queue_fixture.text(first).endswith("Confirmed by the CAD.")
    assert queue_fixture.cad.asked["calls"] == 1


async def test_each_order_is_reported_once_when_all_is_known(queue_fixture: QueueFixture) -> None:
    orders = [
        await queue_fixture.order("1"),
        await queue_fixture.order("2", 666),
        await queue_fixture.order("x"),
    ]
    await queue_fixture.advance(60)
    assert sorted(one.order.id for one in queue_fixture.announcer.reported) == orders
    by_id = {one.order.id: one for one in queue_fixture.announcer.reported}
    outcome = by_id[orders[0]].outcome
    assert outcome
    assert outcome.confirmation == "confirmed"


@pytest.mark.parametrize("seconds", [0.0, 12.0])
async def test_the_time_that_an_order_took_is_kept(
    queue_fixture: QueueFixture, seconds: float
) -> None:
    queue_fixture.cad.seconds = seconds
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    assert f'"seconds":{seconds}' in ((await queue_fixture.stored(first)).outcome or "")
