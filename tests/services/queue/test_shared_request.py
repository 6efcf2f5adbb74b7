"""A request about several calls: each is looked at before its order counts as done."""

from __future__ import annotations

import logging

import pytest

from bot.cad.errors import CadUnavailable
from bot.storage.stores.order_store import OrderState
from tests.services.conftest import v1
from tests.services.queue_fixture import QueueFixture

pytestmark = v1


async def order_three(queue_fixture: QueueFixture, *units: str) -> list[int]:
    """Have three orders about three calls wait, and let them go together."""
    queue_fixture.cad.gate.clear()
    await queue_fixture.order("99", 104)
    orders = [await queue_fixture.order(unit, 100 + one) for one, unit in enumerate(units)]
    queue_fixture.cad.gate.set()
    return orders


def are_confirmed(queue_fixture: QueueFixture, *orders: int) -> bool:
    """Return whether unit 1 of the first order is on call 100, 2 of the next on 101, and so on."""
    return all(
        text.startswith(f"✅ **#{100 + number}**")
        and f": <@{1001 + number}>" in text
        and text.endswith("\nConfirmed by the CAD.")
        and queue_fixture.cad.call_of(1 + number) == 100 + number
        for number, text in enumerate(map(queue_fixture.text, orders))
    )


async def test_what_the_calls_show_is_confirmed_by_one_look(queue_fixture: QueueFixture) -> None:
    orders = await order_three(queue_fixture, "1", "2", "3")
    await queue_fixture.settle()
    asked = queue_fixture.cad.asked["calls"]
    assert are_confirmed(queue_fixture, *orders)
    assert queue_fixture.sent == [[99], [1, 2, 3]]
    await queue_fixture.advance(60)
    assert asked <= 2  # one of them for the first order
    assert queue_fixture.cad.calls_per_attach == 1000


async def test_the_same_look_shows_which_calls_the_units_have_left(
    queue_fixture: QueueFixture,
) -> None:
    await queue_fixture.order("1 2", 103)
    await queue_fixture.advance(60)
    asked = queue_fixture.cad.asked["calls"]
    _, *orders = await order_three(queue_fixture, "3", "1", "2")
    await queue_fixture.settle()
    assert all("left #103" in queue_fixture.text(one) for one in orders)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.asked["calls"] - asked <= 2  # one of them for the first order


async def test_where_only_the_first_is_done_it_is_remembered(
    queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    queue_fixture.cad.first_only = True
    orders = await order_three(queue_fixture, "1", "2", "3")
    await queue_fixture.advance(60)
    assert queue_fixture.sent == [[99], [1, 2, 3], [2], [3]]
    assert are_confirmed(queue_fixture, *orders)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 3
    assert queue_fixture.cad.calls_per_attach == 1
    assert [one.message for one in caplog.records if one.levelno == logging.WARNING] == [
        "the CAD carries out only the first call of an attach request"
    ]
    del queue_fixture.cad.sent[:]
    await order_three(queue_fixture, "4", "5", "6")
    await queue_fixture.advance(60)
    assert queue_fixture.sent == [[99], [4], [5], [6]]


async def test_no_order_is_told_done_before_it_is_looked_at(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.first_only = True
    orders = await order_three(queue_fixture, "1", "2", "3")
    for _ in range(20):
        await queue_fixture.advance(0.5)
        for number, order_id in enumerate(orders):
            if queue_fixture.text(order_id).startswith("✅"):
                assert queue_fixture.cad.call_of(number + 1) == 100 + number


async def test_a_unit_that_the_cad_ignores_proves_nothing(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.silent = True
    orders = await order_three(queue_fixture, "1", "2", "3")
    await queue_fixture.advance(120)
    assert queue_fixture.sent == [[99], [1, 2, 3], [1], [2], [3]]
    assert queue_fixture.cad.calls_per_attach == 1000
    assert all("does not show" in queue_fixture.text(one) for one in orders)


async def test_a_call_without_its_unit_is_sent_again_alone(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    await queue_fixture.order("99", 104)
    first, second = await queue_fixture.order("1", 100), await queue_fixture.order("2", 101)
    queue_fixture.cad.gate.set()
    carry_out = queue_fixture.cad._carry_out

    def forget_the_first(orders):
        carry_out(orders[1:] if len(orders) > 1 else orders)

    queue_fixture.cad._carry_out = forget_the_first  # type: ignore[method-assign]
    await queue_fixture.advance(60)
    assert queue_fixture.sent == [[99], [1, 2], [1]]
    assert are_confirmed(queue_fixture, first, second)
    assert queue_fixture.cad.calls_per_attach == 1000


async def test_where_the_look_fails_nothing_is_sent_again_before_it_succeeds(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.query_fault = CadUnavailable(status=502)
    orders = await order_three(queue_fixture, "1", "2", "3")
    await queue_fixture.advance(1)
    assert queue_fixture.sent == [[99], [1, 2, 3]]
    queue_fixture.cad.query_fault = None
    await queue_fixture.advance(60)
    assert queue_fixture.sent == [[99], [1, 2, 3]]
    assert are_confirmed(queue_fixture, *orders)
