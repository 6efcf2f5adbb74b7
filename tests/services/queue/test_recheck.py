"""What is decided about an order that has waited, from what the CAD shows then."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.cad.errors import CadTimeout, CadUnreachable
from bot.services.queue.recheck import follow, without_moved
from bot.services.targets.resolution import Resolution, SkipReason
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.queue.samples import assignee, queued_order
from tests.services.queue_fixture import QueueFixture

DOWN = CadUnreachable("Connection refused")
CALLS = st.dictionaries(st.integers(100, 104), st.frozensets(st.integers(1, 6)))


@given(CALLS, st.lists(st.none() | st.integers(100, 104), min_size=6, max_size=6))
def test_only_a_unit_that_went_elsewhere_is_left_out(calls, before) -> None:
    units = [replace(assignee(ident), call_id=on) for ident, on in enumerate(before, 1)]
    found = without_moved(Resolution(tuple(units)), 100, calls)
    for one in units:
        assert one.unit is not None
        now = {number for number, on in calls.items() if one.unit.ident in on}
        may_go = not now or 100 in now or one.call_id in now
        assert (one in found.assignees) is may_go
    assert len(found.assignees) + len(found.left_out) == len(units)
    assert {one.reason for one in found.left_out} <= {SkipReason.ON_ANOTHER_CALL}


def test_waiting_orders_follow_what_the_orders_before_them_have_done() -> None:
    waiting = queued_order(assignee(1), assignee(2), assignee(3))
    done = queued_order(assignee(1), call_id=101)
    off = queued_order(replace(assignee(2), call_id=102), action=OrderAction.DETACH, call_id=None)
    follow([waiting], [done, off, queued_order(assignee(3), call_id=103, server_id=2)])
    assert [one.call_id for one in waiting.resolution.assignees] == [101, None, None]
    assert not waiting.lookup.is_stored


async def test_an_attach_that_had_arrived_does_not_pull_the_unit_off_its_next_call(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults += [CadTimeout(), DOWN, DOWN, DOWN]
    first = await queue_fixture.order("1 2")
    queue_fixture.cad.put(1, 101)
    queue_fixture.cad.put(2, 100)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 101
    assert queue_fixture.cad.call_of(2) == 100
    assert await queue_fixture.state(first) is OrderState.DONE
    text = queue_fixture.text(first)
    assert "Left out: <@1001>: sent to another call while your order waited." in text
    assert "<@1002>" in text.splitlines()[0]


async def test_an_attach_that_only_waited_does_not_either(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults += [DOWN, DOWN, DOWN]
    first = await queue_fixture.order("1")
    queue_fixture.cad.put(1, 101)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 101
    assert await queue_fixture.state(first) is OrderState.REFUSED


async def test_the_later_of_two_orders_that_waited_decides(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults += [DOWN, DOWN, DOWN]
    orders = [await queue_fixture.order("1", 100), await queue_fixture.order("1", 101)]
    await queue_fixture.advance(60)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 2
    assert queue_fixture.cad.call_of(1) == 101
