"""A unit becomes the primary unit of its call; `test_call_steps.py` kills the bot on the way."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadRateLimited, CadTimeout, CadUnreachable
from bot.services.orders.outcomes import OrderDetail
from bot.services.queue.kinds import primary_steps
from bot.services.queue.steps import CadAccess
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.queue.kinds.test_call_steps import give
from tests.services.queue.samples import assignee, queued_order
from tests.services.queue_fixture import QueueFixture

PRIMARY = OrderAction.PRIMARY


@pytest.fixture(autouse=True)
def units(queue_fixture: QueueFixture) -> None:
    for ident in (1, 2, 3):
        queue_fixture.cad.put(ident, 100)


async def test_the_board_shows_it_at_once(queue_fixture: QueueFixture) -> None:
    await queue_fixture.board.fetch_calls(1)
    order_id = await give(queue_fixture, PRIMARY)
    call = queue_fixture.board.call(1, 100)
    assert call is not None
    assert call.primary == 1
    assert queue_fixture.text(order_id) == (
        "✅ <@1001> (A\\-1) is now the primary unit of **#100** Call 100."
    )


async def test_what_is_so_already_is_not_sent(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.primaries[100] = 1
    order_id = await give(queue_fixture, PRIMARY)
    assert queue_fixture.cad.acts == []
    assert queue_fixture.text(order_id).startswith("✅ ")


async def test_a_unit_that_has_left_the_call_is_left_out(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    queue_fixture.cad.query_fault = CadUnreachable("Connection refused")
    order_id = await give(queue_fixture, PRIMARY)
    queue_fixture.cad.put(1, 101)
    queue_fixture.cad.fault = queue_fixture.cad.query_fault = None
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == []
    assert (await queue_fixture.stored(order_id)).state is OrderState.REFUSED
    assert "no longer on that call" in queue_fixture.text(order_id)


async def test_a_closed_call_is_refused_by_the_cad(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.close_elsewhere(100)
    order_id = await give(queue_fixture, PRIMARY)
    assert "The CAD refused: `CALL NOT FOUND`." in queue_fixture.text(order_id)


async def test_a_call_that_the_board_does_not_show(queue_fixture: QueueFixture) -> None:
    queued = queued_order(assignee(1), action=PRIMARY, call_id=100)
    access = CadAccess(queue_fixture.cad, queue_fixture.board, queue_fixture.time.now())
    await primary_steps.PRIMARY.send(access, [queued])
    assert [act[:2] for act in queue_fixture.cad.acts] == [("primary", 100)]
    assert queue_fixture.board.call(1, 100) is None


async def test_what_was_set_meanwhile_stays(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.primaries[100] = 2
    queue_fixture.cad.faults += [CadTimeout(), CadUnreachable("Connection refused")]
    order_id = await give(queue_fixture, PRIMARY, OrderDetail(primary=2))
    queue_fixture.cad.primaries[100] = 3
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == []
    assert "another primary unit was set meanwhile" in queue_fixture.text(order_id)


async def test_the_known_calls_are_enough_where_the_cad_says_too_many(
    queue_fixture: QueueFixture,
) -> None:
    await queue_fixture.board.fetch_calls(1)
    queue_fixture.cad.query_fault = CadRateLimited(retry_after=600.0)
    await give(queue_fixture, PRIMARY)
    assert queue_fixture.cad.acts == [("primary", 100, 1)]


async def test_the_attach_before_comes_first(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(1, None)
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    attach = await queue_fixture.order("1", 100)
    order_id = await give(queue_fixture, PRIMARY)
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert await queue_fixture.states(attach, order_id) == [OrderState.DONE] * 2
    assert queue_fixture.cad.primaries == {100: 1}
