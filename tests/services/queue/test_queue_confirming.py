"""Whether the CAD shows what it said it had done."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadUnreachable
from bot.storage.stores.order_store import OrderState
from tests.services.conftest import v1, v2
from tests.services.office import Office

DOWN = CadUnreachable("Connection refused")
UNSEEN = "The CAD accepted the order, but did not say whether it shows on the call. Check the call."


async def test_what_the_cad_shows_is_confirmed(office: Office) -> None:
    first = await office.order("1 2")
    await office.passes(4)
    assert office.text(first).splitlines() == [
        "✅ **#100**: <@1001> (A\\-1), <@1002> (A\\-2)",
        "Confirmed by the CAD.",
    ]


async def test_a_detach_is_confirmed_too(office: Office) -> None:
    office.cad.put(1, 100)
    first = await office.detach("1")
    await office.passes(4)
    assert office.text(first).splitlines() == [
        "✅ Off their calls: <@1001> (A\\-1)",
        "Confirmed by the CAD.",
    ]


async def test_what_the_cad_does_not_show_is_said(office: Office) -> None:
    office.cad.silent = True
    first = await office.order("1")
    await office.passes(70)
    assert office.text(first).splitlines() == [
        "❌ Not on **#100**: <@1001> (A\\-1)",
        "The CAD accepted the order, but does not show <@1001> (A\\-1) on the call.",
    ]
    assert await office.state(first) is OrderState.DONE


async def test_a_detach_that_did_nothing_is_seen(office: Office) -> None:
    office.cad.put(1, 100)
    office.cad.silent = True  # and the board has not heard of any call yet
    first = await office.detach("1")
    await office.passes(70)
    assert "still shows <@1001> (A\\-1) on the call" in office.text(first)


@v1
async def test_a_call_that_shows_it_late_is_waited_for(office: Office) -> None:
    office.cad.silent = True
    first = await office.order("1")
    await office.passes(10)
    assert office.texts(first) == ["✅ **#100**: <@1001> (A\\-1)"]
    office.cad.put(1, 100)
    await office.passes(15)
    assert office.text(first).endswith("Confirmed by the CAD.")


@v1
async def test_a_cad_that_does_not_show_its_calls(office: Office) -> None:
    office.cad.question_fault = DOWN
    first = await office.order("1")
    await office.passes(60)
    assert office.text(first).splitlines()[1] == UNSEEN
    assert office.text(first).startswith("✅")
    assert (await office.stored(first)).answered


@v1
async def test_fifty_orders_are_confirmed_with_few_questions(office: Office) -> None:
    orders = [await office.give(str(one + 1), 100 + one % 5) for one in range(50)]
    await office.passes(60)
    assert all(office.text(one).endswith("Confirmed by the CAD.") for one in orders)
    assert office.cad.asked["calls"] <= 8


@v2
async def test_a_receipt_needs_no_question(office: Office) -> None:
    first = await office.order("1 2")
    assert office.text(first).endswith("Confirmed by the CAD.")
    assert office.cad.asked["calls"] == 0
    assert len(office.texts(first)) == 1


@v2
async def test_a_receipt_without_somebody_says_who_is_missing(office: Office) -> None:
    office.cad.silent = True
    first = await office.order("1")
    assert office.text(first).startswith("❌ Not on **#100**: ")


@v2
async def test_without_a_receipt_the_calls_are_looked_at(office: Office) -> None:
    office.cad.receipts = False
    first = await office.order("1")
    await office.passes(4)
    assert office.text(first).endswith("Confirmed by the CAD.")
    assert office.cad.asked["calls"] == 1


async def test_each_order_is_reported_once_when_all_is_known(office: Office) -> None:
    orders = [await office.order("1"), await office.order("2", 666), await office.order("x")]
    await office.passes(60)
    assert sorted(one.order.id for one in office.people.reported) == orders
    by_id = {one.order.id: one for one in office.people.reported}
    outcome = by_id[orders[0]].outcome
    assert outcome
    assert outcome.confirmation == "confirmed"


@pytest.mark.parametrize("seconds", [0.0, 12.0])
async def test_the_time_that_an_order_took_is_kept(office: Office, seconds: float) -> None:
    office.cad.seconds = seconds
    first = await office.order("1")
    await office.passes(60)
    assert f'"seconds":{seconds}' in ((await office.stored(first)).outcome or "")
