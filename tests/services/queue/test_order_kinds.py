from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import AttachRequest, DetachRequest, UnitRef
from bot.cad.push.events import UnitsDetached
from bot.services.queue.order_kinds import (
    KINDS,
    attach_requests,
    detach_requests,
)
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction
from tests.services.queue.samples import assignee, queued_order


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


def test_every_action_is_of_a_kind() -> None:
    assert set(KINDS) == set(OrderAction) - {OrderAction.UNREADABLE}


def test_the_board_changes_only_where_a_unit_was_on_a_call() -> None:
    on_call, free = assignee(1, call_id=100), assignee(2)
    absent = Assignee("steam:9", None, None, None, 100)
    queued = queued_order(action=OrderAction.DETACH, call_id=None)
    events = queued.step.events(queued.view(), [on_call, free, absent])
    assert events == [UnitsDetached(100, (1,))]
