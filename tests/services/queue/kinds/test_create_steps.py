"""A call is created once, whatever breaks off; `test_call_steps.py` kills the bot on the way."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadTimeout, CadUnreachable
from bot.storage.stores.order_store import OrderAction
from tests.services.queue.kinds.test_call_steps import give
from tests.services.queue_fixture import QueueFixture


async def test_a_call_that_was_closed_meanwhile_is_not_created_again(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults += [CadTimeout(), CadUnreachable("Connection refused")]
    queue_fixture.cad.arrives = True
    order_id = await give(queue_fixture, OrderAction.CREATE)
    queue_fixture.cad.close_elsewhere(105)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [("create", 1)]
    assert queue_fixture.text(order_id) == "✅ Created **#105**."
    assert queue_fixture.board.call(1, 105) is None


async def test_two_equal_calls_are_two_calls(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.arrives = True
    queue_fixture.cad.faults += [None, CadTimeout()]
    first = await give(queue_fixture, OrderAction.CREATE)
    second = await give(queue_fixture, OrderAction.CREATE)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [("create", 1)] * 2
    assert [queue_fixture.text(one)[:18] for one in (first, second)] == [
        "✅ Created **#105**",
        "✅ Created **#106**",
    ]


async def test_a_call_that_was_created_without_a_number_is_found(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.is_unnumbered = True
    order_id = await give(queue_fixture, OrderAction.CREATE)
    assert queue_fixture.text(order_id).startswith("✅ Created **#105**")
    assert queue_fixture.board.call(1, 105) is not None


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_a_new_call_that_cannot_be_found_is_told(
    queue_fixture: QueueFixture, is_hidden: bool
) -> None:
    queue_fixture.cad.is_unnumbered = True
    queue_fixture.cad.seconds = 1.0
    order_id = await give(queue_fixture, OrderAction.CREATE)
    if is_hidden:
        queue_fixture.cad.metas.clear()
    else:
        queue_fixture.cad.query_fault = CadTimeout()
    await queue_fixture.advance(60)
    assert "did not say the number of the new call" in queue_fixture.text(order_id)
    assert queue_fixture.cad.acts == [("create", 1)]


async def test_the_board_shows_a_new_call_at_once(queue_fixture: QueueFixture) -> None:
    await give(queue_fixture, OrderAction.CREATE)
    call = queue_fixture.board.call(1, 105)
    assert call is not None
    assert (call.title, call.address, call.idents) == ("Fire", "Grove Street", ())
