from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.orders.outcomes import OrderDetail
from bot.services.queue.batching import conflict
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.queued_order import QueuedOrder
from bot.services.queue.steps import batch_item, calls_of
from bot.storage.stores.order_store import OrderAction
from tests.services.queue.samples import assignee, queued_order

EMERGENCY = OrderDetail(emergency=7)


def order(
    action: OrderAction, *idents: int, call_id: int | None = 100, step: int = 0, order_id: int = 1
) -> QueuedOrder:
    """Build an order at one of its steps; where it names no dispatch call, 911 call 7."""
    queued = queued_order(*map(assignee, idents), action=action, call_id=call_id, order_id=order_id)
    if call_id is None or action is OrderAction.RESPOND:
        queued.detail = EMERGENCY
    queued.order = replace(queued.order, step=step)
    queued.step = KINDS[action].steps[step]
    return queued


ATTACH = order(OrderAction.ATTACH, 1)
CLOSE = order(OrderAction.CLOSE)
NOTE, OTHER_NOTE = order(OrderAction.NOTE), order(OrderAction.NOTE, order_id=2)
STATUS = order(OrderAction.STATUS, 1, call_id=None)
CREATE, ATTACH_NEXT, REMOVE = (
    order(OrderAction.RESPOND, 1, call_id=call_id, step=step)
    for step, call_id in enumerate((None, 100, 100))
)
CREATE_TOO = order(OrderAction.RESPOND, 2, call_id=None, order_id=2)
DISMISS = order(OrderAction.DISMISS, call_id=None)


def test_which_calls_an_order_is_about() -> None:
    assert calls_of(ATTACH) == {"call 1:100"}
    assert calls_of(CREATE) == {"911 1:7"}
    assert calls_of(ATTACH_NEXT) == {"call 1:100", "911 1:7"}
    assert calls_of(order(OrderAction.DETACH, 1, call_id=None)) == {"911 1:7"}


@pytest.mark.parametrize(
    ("one", "other", "must_wait"),
    [
        (ATTACH, CLOSE, True),
        (NOTE, CLOSE, True),
        (NOTE, OTHER_NOTE, True),
        (NOTE, ATTACH, False),
        (ATTACH, order(OrderAction.ATTACH, 2), False),
        (ATTACH, order(OrderAction.DETACH, 2), False),
        (ATTACH, STATUS, True),
        (order(OrderAction.ATTACH, 2), STATUS, False),
        (CREATE, DISMISS, True),
        (ATTACH_NEXT, DISMISS, True),
        (REMOVE, DISMISS, True),
        (ATTACH_NEXT, CLOSE, True),
        (CREATE, CREATE_TOO, False),  # they share one request
        (ATTACH_NEXT, CREATE_TOO, False),  # which finds the call that is there by now
        (CLOSE, order(OrderAction.CLOSE, order_id=2), False),  # they share one request
    ],
)
def test_which_orders_wait_for_each_other(
    one: QueuedOrder, other: QueuedOrder, must_wait: bool
) -> None:
    assert conflict(batch_item(one), batch_item(other)) is must_wait
    assert conflict(batch_item(other), batch_item(one)) is must_wait


def test_an_order_that_is_not_resolved_may_be_about_any_unit() -> None:
    queued = order(OrderAction.CLOSE)
    queued.lookup = replace(queued.lookup, is_resolved=False)
    assert batch_item(queued).subjects is None


def test_a_step_of_a_response_is_sent_with_ordinary_orders() -> None:
    assert batch_item(ATTACH_NEXT).key == batch_item(ATTACH).key
    assert ATTACH_NEXT.step is ATTACH.step
