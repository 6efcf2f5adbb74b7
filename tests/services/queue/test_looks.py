"""What is decided about an order that is sent late or again, from what the CAD shows then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.errors import CadError, CadRateLimited, CadTimeout, CadUnreachable
from bot.cad.push.events import UnitsAttached
from bot.services.queue.looks import (
    look_before_attach,
    look_before_detach,
    note_moves,
    only_still_on_call,
    with_earlier_units,
    without_moved,
)
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.queued_order import LookupState, QueuedOrder
from bot.services.queue.steps import CadAccess, Verdict
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.queue.samples import assignee, queued_order
from tests.services.queue_fixture import QueueFixture

DOWN = CadUnreachable("Connection refused")
CALLS = st.dictionaries(st.integers(1, 6), st.frozensets(st.integers(100, 104), max_size=2))
FORMER = st.lists(st.none() | st.integers(100, 104), min_size=6, max_size=6)
NO_UNIT = SkippedTarget(Target("x"), SkipReason.NO_SUCH_UNIT)


def named(former: list[int | None]) -> Resolution:
    """Build units on the calls that they were on when the order was given."""
    units = [replace(assignee(ident), call_id=on) for ident, on in enumerate(former, 1)]
    return Resolution(tuple(units))


def access(queue_fixture: QueueFixture) -> CadAccess:
    return CadAccess(queue_fixture.cad, queue_fixture.board, queue_fixture.time.now())


@given(CALLS, FORMER)
def test_only_a_unit_that_went_elsewhere_is_not_attached(now, former) -> None:
    units = named(former)
    found = without_moved(units, 100, now)
    for one in units.assignees:
        assert one.unit is not None
        calls = now.get(one.unit.ident, ())
        may_go = not calls or 100 in calls or one.call_id in calls
        assert (one in found.assignees) is may_go
    assert len(found.assignees) + len(found.left_out) == len(units.assignees)
    assert {one.reason for one in found.left_out} <= {SkipReason.ON_ANOTHER_CALL}


@given(CALLS, FORMER, st.none() | st.just(100), st.booleans())
def test_a_detach_names_only_units_that_leave_no_other_call(now, former, call_id, repeated) -> None:
    units = named(former)
    found = only_still_on_call(units, call_id, now, is_repeated=repeated)
    kept = {one.key: one.call_id for one in found.assignees}
    for one in units.assignees:
        assert one.unit is not None
        former = call_id or one.call_id
        is_right = set(now.get(one.unit.ident, ())) == {former}
        assert (one.key in kept) is is_right
        assert not is_right or kept[one.key] == former
    assert len(found.assignees) + len(found.left_out) == len(units.assignees)


@pytest.mark.parametrize(
    ("former", "now", "is_repeated", "reason"),
    [
        (100, [], False, SkipReason.NOT_ON_CALL),
        (100, [101], True, SkipReason.NOT_ON_CALL),
        (100, [100, 101], False, SkipReason.ON_ANOTHER_CALL),
        (None, [101], False, SkipReason.ON_ANOTHER_CALL),
        (None, [], False, SkipReason.ON_NO_CALL),
        (None, [], True, SkipReason.ON_NO_CALL),
    ],
)
def test_a_unit_that_is_not_detached_is_named_with_the_reason(
    former: int | None, now: list[int], is_repeated: bool, reason: SkipReason
) -> None:
    units = replace(named([former]), left_out=(NO_UNIT,))
    found = only_still_on_call(units, None, {1: now}, is_repeated=is_repeated)
    skipped = SkippedTarget(Target("steam:1", 1001), reason)
    assert found == Resolution(left_out=(NO_UNIT, skipped))


def test_after_a_broken_detach_the_new_call_of_a_unit_is_named() -> None:
    unknown = Assignee("steam:x", None, None, None)
    units = replace(named([None]), assignees=(*named([None]).assignees, unknown))
    found = only_still_on_call(units, None, {1: [101]}, is_repeated=True)
    assert found.left_out == (
        SkippedTarget(Target("steam:1", 1001), SkipReason.ON_NEW_CALL, call_id=101),
        SkippedTarget(Target("steam:x"), SkipReason.RESULT_UNKNOWN),
    )


@pytest.mark.parametrize(
    ("on_duty", "reason"), [(None, SkipReason.NOT_LOOKED_UP), (False, SkipReason.NEVER_ON_CALL)]
)
def test_what_has_no_unit_is_not_on_the_call(on_duty: bool | None, reason: SkipReason) -> None:
    unknown = Resolution((Assignee("steam:x", None, None, on_duty),))
    found = only_still_on_call(unknown, 100, {}, is_repeated=False)
    assert found == Resolution(left_out=(SkippedTarget(Target("steam:x"), reason),))


@pytest.mark.parametrize(("is_detach", "of_unknown"), [(True, None), (False, 9)])
def test_an_order_goes_by_the_calls_at_the_time_when_it_was_given(
    is_detach: bool, of_unknown: int | None
) -> None:
    earlier = Resolution((assignee(1, call_id=100), assignee(2)))
    later = Resolution((assignee(1, call_id=102), assignee(2, call_id=101), assignee(3, call_id=9)))
    found = with_earlier_units(later, earlier, is_detach=is_detach)
    assert [one.call_id for one in found.assignees] == [100, None, of_unknown]


async def test_a_unit_that_the_cad_has_shown_since_is_judged_by_its_calls(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.put(1, 101)
    await queue_fixture.board.fetch_units(1)
    unknown, off_duty = Assignee("steam:1", 7, None, None), Assignee("x", 8, None, False)
    queued = queued_order(unknown, off_duty, is_late=True)
    found = (await look_before_attach(access(queue_fixture), queued)).resolution
    assert found.assignees == (off_duty,)
    assert [one.reason for one in found.left_out] == [SkipReason.ON_ANOTHER_CALL]


@pytest.mark.parametrize("is_repeated", [True, False])
async def test_a_unit_that_the_cad_does_not_show_is_not_attached_twice(
    queue_fixture: QueueFixture, is_repeated: bool
) -> None:
    unknown = Assignee("steam:x", 7, None, None)
    queued = queued_order(unknown, is_late=True, may_have_been_sent=is_repeated)
    found = (await look_before_attach(access(queue_fixture), queued)).resolution
    assert [one.reason for one in found.left_out] == [SkipReason.RESULT_UNKNOWN] * is_repeated
    assert found.assignees == (() if is_repeated else (unknown,))


def test_waiting_orders_follow_what_the_orders_before_them_have_done() -> None:
    waiting = queued_order(assignee(1), replace(assignee(2), call_id=102), assignee(3))
    attach, detach = (KINDS[one].steps[0] for one in (OrderAction.ATTACH, OrderAction.DETACH))
    elsewhere = queued_order(assignee(3), call_id=103, server_id=2)
    note_moves([waiting], [queued_order(assignee(1), call_id=101), elsewhere], attach)
    off = queued_order(replace(assignee(2), call_id=102), action=OrderAction.DETACH, call_id=None)
    note_moves([waiting], [off], detach)
    assert [one.call_id for one in waiting.resolution.assignees] == [101, None, None]
    assert waiting.lookup.is_stored


@pytest.mark.parametrize("is_resolved", [True, False])
def test_an_order_that_follows_is_stored_again_once_all_its_units_are_known(
    is_resolved: bool,
) -> None:
    attach = KINDS[OrderAction.ATTACH].steps[0]
    waiting, other = queued_order(assignee(1)), queued_order(assignee(2))
    for one in (waiting, other):
        one.lookup = LookupState(is_resolved)
    found = note_moves([waiting, other], [queued_order(assignee(1), call_id=101)], attach)
    assert found == [waiting] * is_resolved


async def test_a_unit_that_another_order_has_sent_on_is_sent_back(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.put(1, 100)
    await queue_fixture.board.fetch_calls(1)
    queued = queued_order(replace(assignee(1), call_id=101), is_late=True)
    assert (await look_before_attach(access(queue_fixture), queued)).verdict is Verdict.DONE
    # The CAD's list is seconds old. Whether the attach took the unit off #100 is not documented.
    queue_fixture.board.apply(1, [UnitsAttached(101, (1,))])
    assert (await look_before_attach(access(queue_fixture), queued)).verdict is Verdict.SEND


async def test_a_detach_that_is_sent_at_once_asks_for_the_named_call_alone(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.put(1, 100)
    queue_fixture.cad.put(2, 101)
    queued = detach(queue_fixture, 1, 2, call_id=100)
    found = (await look_before_detach(access(queue_fixture), queued)).resolution
    assert [one.unit and one.unit.ident for one in found.assignees] == [1]
    assert queue_fixture.cad.asked["idents_on"] == 1
    assert queue_fixture.board.confirmed_at(1) is None


async def test_a_detach_of_unknown_units_asks_nothing(queue_fixture: QueueFixture) -> None:
    queued = detach(queue_fixture, call_id=100)
    queued.resolution = Resolution((Assignee("steam:x", None, None, None),))
    assert not (await look_before_detach(access(queue_fixture), queued)).resolution.assignees
    assert not queue_fixture.cad.asked


def detach(queue_fixture: QueueFixture, *idents: int, call_id: int | None) -> QueuedOrder:
    units = map(queue_fixture.assignee, idents)
    return queued_order(*units, action=OrderAction.DETACH, call_id=call_id)


@pytest.mark.parametrize("changes", [{"is_late": True}, {"may_have_been_sent": True}])
async def test_nothing_is_decided_if_the_cad_does_not_say(
    queue_fixture: QueueFixture, changes: dict[str, Any]
) -> None:
    queue_fixture.cad.query_fault = CadTimeout()
    orders = [queued_order(assignee(1), **changes), detach(queue_fixture, 1, call_id=100)]
    for look, queued in zip((look_before_attach, look_before_detach), orders, strict=True):
        with pytest.raises(CadTimeout):
            await look(access(queue_fixture), queued)


async def test_calls_of_seconds_ago_will_do_unless_the_order_may_have_been_sent(
    queue_fixture: QueueFixture,
) -> None:
    await queue_fixture.board.fetch_calls(1)
    await queue_fixture.advance(4)
    asked = []
    late: dict[str, Any] = {"is_late": True}
    repeated: dict[str, Any] = {"may_have_been_sent": True}
    for changes in (late, repeated, repeated):
        await look_before_attach(access(queue_fixture), queued_order(assignee(1), **changes))
        asked.append(queue_fixture.cad.asked["calls"])
    assert asked == [1, 2, 2]  # one answer serves all orders of a request


async def test_a_look_that_the_limit_does_not_allow_soon_waits_in_the_queue(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.limiters.calls.on_rate_limited(30.0)
    with pytest.raises(CadRateLimited) as caught:
        await look_before_attach(access(queue_fixture), queued_order(assignee(1), is_late=True))
    assert caught.value.retry_after == 30


@pytest.mark.parametrize("fault", [CadTimeout(), DOWN])
async def test_an_attach_does_not_pull_a_unit_off_its_next_call(
    queue_fixture: QueueFixture, fault: CadError
) -> None:
    queue_fixture.cad.faults += [fault, DOWN, DOWN, DOWN]
    first = await queue_fixture.order("1 2")
    queue_fixture.cad.put(1, 101)
    queue_fixture.cad.put(2, 100)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 101
    assert queue_fixture.cad.call_of(2) == 100
    assert await queue_fixture.state(first) is OrderState.DONE
    text = queue_fixture.text(first)
    assert "Left out: <@1001>: sent to another call meanwhile." in text
    assert "<@1002>" in text.splitlines()[0]


async def test_an_attach_of_a_unit_that_has_moved_on_is_refused(
    queue_fixture: QueueFixture,
) -> None:
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
