from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.errors import CadTimeout
from bot.cad.models import AttachRequest, DetachRequest, UnitRef
from bot.cad.push.events import UnitsDetached
from bot.services.queue.order_kinds import (
    KINDS,
    attach_requests,
    detach_requests,
    only_still_on_call,
)
from bot.services.queue.queued_order import QueuedOrder
from bot.services.targets.resolution import Assignee, Resolution, SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction
from tests.services.queue.samples import assignee, queued_order
from tests.services.queue_fixture import QueueFixture


def subject(ident: int) -> UnitRef:
    return UnitRef(f"steam:{ident}", ident)


def test_one_call_is_one_attachment() -> None:
    orders = [
        queued_order(assignee(1), assignee(2)),
        queued_order(assignee(3), call_id=101),
        queued_order(assignee(4)),
    ]
    assert attach_requests(orders) == [
        AttachRequest(1, 100, (subject(1), subject(2), subject(4))),
        AttachRequest(1, 101, (subject(3),)),
    ]


def test_the_same_call_of_another_server_is_another() -> None:
    orders = [queued_order(assignee(1)), queued_order(assignee(2), server_id=2)]
    assert attach_requests(orders) == [
        AttachRequest(1, 100, (subject(1),)),
        AttachRequest(2, 100, (subject(2),)),
    ]


def test_one_server_is_one_detachment() -> None:
    orders = [
        queued_order(assignee(1), action=OrderAction.DETACH, call_id=None),
        queued_order(assignee(2), action=OrderAction.DETACH, call_id=None, server_id=2),
        queued_order(assignee(3), action=OrderAction.DETACH, call_id=None),
    ]
    assert detach_requests(orders) == [
        DetachRequest(1, (subject(1), subject(3))),
        DetachRequest(2, (subject(2),)),
    ]


def test_a_unit_of_several_orders_is_sent_once() -> None:
    orders = [queued_order(assignee(1), assignee(2)), queued_order(assignee(1, "license:1"))]
    (merged,) = attach_requests(orders)
    assert [one.ident for one in merged.units] == [1, 2]


def test_an_assignee_without_a_unit_is_sent_by_id() -> None:
    absent = Assignee("Steam:X", None, None, None)
    again = Assignee("STEAM:x", 7, None, None)
    (merged,) = attach_requests([queued_order(absent), queued_order(again)])
    assert [(one.api_id.casefold(), one.ident) for one in merged.units] == [("steam:x", None)]


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([100, 101, 102])), max_size=12))
def test_no_unit_is_lost_or_put_elsewhere(wishes: list[tuple[int, int]]) -> None:
    merged = attach_requests(
        [queued_order(assignee(ident), call_id=call_id) for ident, call_id in wishes]
    )
    sent = [(who.ident, one.call_id) for one in merged for who in one.units]
    assert sorted(sent) == sorted(set(wishes))


NO_UNIT = SkippedTarget(Target("x"), SkipReason.NO_SUCH_UNIT)


def detach(*units: Assignee, call_id: int | None = None) -> QueuedOrder:
    """Build a detach that may have reached the CAD, so that its units are checked."""
    queued = queued_order(action=OrderAction.DETACH, call_id=call_id, may_have_been_sent=True)
    queued.resolution = Resolution(units, (NO_UNIT,))
    return queued


async def test_who_is_on_the_call_stays(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(1, 100)
    queue_fixture.cad.put(2, 101)
    people = [queue_fixture.assignee(one) for one in (1, 2, 3)]
    found = await only_still_on_call(queue_fixture.cad, detach(*people, call_id=100))
    assert found.assignees == (people[0],)
    assert found.left_out == (
        NO_UNIT,
        SkippedTarget(Target("A-2", 1002), SkipReason.NEVER_ON_CALL),
        SkippedTarget(Target("A-3", 1003), SkipReason.NEVER_ON_CALL),
    )


async def test_without_a_call_it_is_the_one_that_each_was_on(queue_fixture: QueueFixture) -> None:
    for ident, call_id in ((1, 100), (2, 101), (3, 101)):
        queue_fixture.cad.put(ident, call_id)
    people = [queue_fixture.assignee(one) for one in (1, 2, 3, 4)]
    queue_fixture.cad.put(2, 100)
    found = await only_still_on_call(queue_fixture.cad, detach(*people))
    assert found.assignees == (people[0], people[2])
    assert [(one.target.text, one.reason) for one in found.left_out[1:]] == [
        ("A-2", SkipReason.NOT_ON_CALL),
        ("A-4", SkipReason.RESULT_UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("on_duty", "reason"), [(None, SkipReason.NOT_LOOKED_UP), (False, SkipReason.NEVER_ON_CALL)]
)
async def test_who_has_no_unit_is_not_on_the_call(
    queue_fixture: QueueFixture, on_duty: bool | None, reason: SkipReason
) -> None:
    people = [Assignee("steam:x", None, None, on_duty)]
    found = await only_still_on_call(queue_fixture.cad, detach(*people, call_id=100))
    assert found.assignees == ()
    assert found.left_out[1:] == (SkippedTarget(Target("steam:x"), reason),)
    assert queue_fixture.cad.asked["idents_on"] == 0


async def test_nothing_is_decided_if_the_cad_does_not_say(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.query_fault = CadTimeout()
    with pytest.raises(CadTimeout):
        await only_still_on_call(queue_fixture.cad, detach(queue_fixture.assignee(1), call_id=100))


def test_every_action_is_of_a_kind() -> None:
    assert set(KINDS) == set(OrderAction) - {OrderAction.UNREADABLE}


def test_the_board_changes_only_where_a_unit_was_on_a_call() -> None:
    on_call, free = assignee(1, call_id=100), assignee(2)
    absent = Assignee("steam:9", None, None, None, 100)
    queued = queued_order(action=OrderAction.DETACH, call_id=None)
    events = queued.step.events(queued.view(), [on_call, free, absent])
    assert events == [UnitsDetached(100, (1,))]
