"""Units go back to where they were, once, whatever breaks off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cad.errors import CadBrokenOff, CadError, CadTimeout, CadUnavailable
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import DETAIL_JSON, RESOLUTION_JSON, OrderDetail
from bot.services.queue.kinds.undo_steps import is_undone
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.queue.samples import assignee, queued_order
from tests.services.queue_fixture import QueueFixture

LOST_ANSWERS = [CadBrokenOff("reset"), CadTimeout(), CadUnavailable(status=502)]
UNDONE = "✅ Undone: <@1001> (A\\-1) off #102, <@1002> (A\\-2) back on #101"

either_way = pytest.mark.parametrize("keeps_calls", [False, True])


async def accept(queue_fixture: QueueFixture, *units: Assignee, call_id: int | None = 102) -> Order:
    detail = OrderDetail(undoes=OrderAction.ATTACH if call_id else OrderAction.DETACH)
    return await queue_fixture.accept(
        "1 2",
        call_id,
        OrderAction.UNDO,
        detail=DETAIL_JSON.dump_json(detail).decode(),
        resolution=RESOLUTION_JSON.dump_json(Resolution(units)).decode(),
    )


def run(queue_fixture: QueueFixture, order: Order) -> None:
    queue_fixture.running[order.id] = asyncio.create_task(
        queue_fixture.queue.run(AcceptedOrder(order))
    )


async def attached(queue_fixture: QueueFixture, *, keeps_calls: bool = False) -> Order:
    """Attach a free unit and one of #101 to #102; return the order that undoes it, not run yet."""
    queue_fixture.cad.keeps_calls = keeps_calls
    queue_fixture.cad.put(2, 101)
    units = [queue_fixture.assignee(number) for number in (1, 2)]
    await queue_fixture.order("1 2", 102)
    queue_fixture.cad.sent.clear()
    return await accept(queue_fixture, *units)


def places(queue_fixture: QueueFixture) -> dict[int, list[int]]:
    return {call: sorted(on) for call, on in queue_fixture.cad.idents_by_call.items() if on}


@either_way
async def test_units_go_back(queue_fixture: QueueFixture, keeps_calls: bool) -> None:
    order = await attached(queue_fixture, keeps_calls=keeps_calls)
    run(queue_fixture, order)
    await queue_fixture.advance(60)
    assert (
        queue_fixture.text(order.id)
        == f"{UNDONE}\nConfirmed by the CAD.\n**#102** has no units now."
    )
    assert places(queue_fixture) == {101: [2]}
    # Where an attach moves a unit, it is not taken off first.
    assert queue_fixture.sent == [[1, 2] if keeps_calls else [1], [2]]


@either_way
@pytest.mark.parametrize("steps", range(24))
async def test_killed_at_any_moment_it_is_done_and_told(
    queue_fixture: QueueFixture, keeps_calls: bool, steps: int
) -> None:
    order = await attached(queue_fixture, keeps_calls=keeps_calls)
    queue_fixture.lifetime.steps_left = steps
    run(queue_fixture, order)
    await queue_fixture.settle()
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert places(queue_fixture) == {101: [2]}
    assert queue_fixture.text(order.id).startswith(UNDONE)
    assert (await queue_fixture.stored(order.id)).answered


@either_way
@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("first", [0, 1], ids=["taken off", "put back"])
@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_a_lost_answer_does_no_harm(
    queue_fixture: QueueFixture, fault: CadError, first: int, arrives: bool, keeps_calls: bool
) -> None:
    order = await attached(queue_fixture, keeps_calls=keeps_calls)
    queue_fixture.cad.faults.extend([*[None] * first, fault])
    queue_fixture.cad.arrives = arrives
    run(queue_fixture, order)
    await queue_fixture.advance(60)
    assert places(queue_fixture) == {101: [2]}
    assert queue_fixture.text(order.id).startswith(UNDONE)


async def test_a_unit_that_moves_on_between_the_steps_is_left_alone(
    queue_fixture: QueueFixture,
) -> None:
    order = await attached(queue_fixture)
    queue_fixture.cad.faults.extend([None, CadTimeout()])
    run(queue_fixture, order)
    await queue_fixture.settle()
    queue_fixture.cad.put(2, 103)
    await queue_fixture.advance(60)
    assert places(queue_fixture) == {103: [2]}
    assert queue_fixture.text(order.id) == (
        "⚠️ Undone: <@1001> (A\\-1) off #102\nConfirmed by the CAD.\n"
        "**#102** has no units now.\n"
        "Left out: <@1002>: sent to another call meanwhile."
    )


async def test_an_order_that_is_done_before_an_undo_does_not_change_where_units_go_back(
    queue_fixture: QueueFixture,
) -> None:
    order = await attached(queue_fixture)
    queue_fixture.cad.gate.clear()
    await queue_fixture.order("2", 103)
    run(queue_fixture, order)
    await queue_fixture.settle()
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert places(queue_fixture) == {103: [2]}
    assert "Left out: <@1002>: sent to another call meanwhile." in queue_fixture.text(order.id)


async def test_where_none_is_left_between_the_steps_it_is_refused(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.put(2, 102)
    order = await accept(queue_fixture, assignee(2, call_id=101))
    queue_fixture.cad.faults.append(CadTimeout())
    run(queue_fixture, order)
    await queue_fixture.settle()
    queue_fixture.cad.put(2, 103)
    await queue_fixture.advance(60)
    assert places(queue_fixture) == {103: [2]}
    assert await queue_fixture.state(order.id) is OrderState.REFUSED
    assert queue_fixture.text(order.id).startswith("❌ It is not certain whether")


async def test_a_unit_that_is_back_already_counts_as_undone(queue_fixture: QueueFixture) -> None:
    order = await attached(queue_fixture)
    queue_fixture.cad.put(2, 101)
    run(queue_fixture, order)
    await queue_fixture.settle()
    assert queue_fixture.text(order.id).startswith(UNDONE)


@pytest.mark.parametrize(
    ("on_duty", "reason"),
    [(None, "the CAD did not say which unit that is."), (False, "off duty in the CAD.")],
)
async def test_a_unit_that_is_not_known_is_left_out(
    queue_fixture: QueueFixture, on_duty: bool | None, reason: str
) -> None:
    unknown = Assignee("steam:9", 1009, None, on_duty)
    order = await accept(queue_fixture, unknown)
    run(queue_fixture, order)
    await queue_fixture.settle()
    assert f"Left out: <@1009>: {reason}" in queue_fixture.text(order.id)
    assert queue_fixture.sent == []


@pytest.mark.parametrize(
    ("call_id", "former", "idents", "expected"),
    [
        (102, None, {}, True),
        (102, None, {102: [1]}, False),
        (102, 101, {101: [1]}, True),
        (102, 101, {101: [1], 102: [1]}, False),
        (102, 101, {}, False),
        (None, 101, {101: [1]}, True),
        (None, 101, {}, False),
    ],
)
def test_whether_the_calls_show_it(
    call_id: int | None, former: int | None, idents: dict[int, list[int]], expected: bool
) -> None:
    order = replace(queued_order().order, call_id=call_id)
    assert is_undone(order, assignee(1, call_id=former), idents) is expected
    assert is_undone(order, Assignee("x", None, None, on_duty=False), idents)


async def test_units_go_back_while_other_orders_wait(queue_fixture: QueueFixture) -> None:
    order = await attached(queue_fixture, keeps_calls=True)
    queue_fixture.cad.gate.clear()
    run(queue_fixture, order)
    await queue_fixture.settle()
    for unit in ("3", "4"):
        await queue_fixture.order(unit, 100)
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert places(queue_fixture) == {100: [3, 4], 101: [2]}
    assert queue_fixture.text(order.id).startswith(UNDONE)
