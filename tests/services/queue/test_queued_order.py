from __future__ import annotations

from datetime import timedelta

import pytest

from bot.cad.errors import CadTimeout
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import BoardConfirmation, Outcome, WaitNotice
from bot.services.queue.queued_order import LIFETIME, LookupState, QueuedOrder
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import OrderState
from tests.services.queue.samples import NOW, assignee, queued_order


def test_an_order_lives_as_long_as_its_reply_can_be_edited() -> None:
    assert queued_order().expires_at == NOW + LIFETIME
    assert timedelta(minutes=14) < LIFETIME < timedelta(minutes=15)


@pytest.mark.parametrize(
    ("state", "confirmation", "unconfirmed"),
    [
        (OrderState.DONE, BoardConfirmation.PENDING, True),
        (OrderState.DONE, BoardConfirmation.CONFIRMED, False),
        (OrderState.DONE, BoardConfirmation.MISSING, False),
        (OrderState.DONE, BoardConfirmation.UNKNOWN, False),
        (OrderState.REFUSED, BoardConfirmation.PENDING, False),
        (OrderState.DONE, None, False),
    ],
)
def test_what_is_still_to_be_confirmed(
    state: OrderState, confirmation: BoardConfirmation | None, unconfirmed: bool
) -> None:
    one = queued_order(state=state)
    one.outcome = Outcome(None, 1.0, confirmation=confirmation) if confirmation else None
    assert one.is_unconfirmed is unconfirmed


def test_what_is_stored() -> None:
    one = queued_order(assignee(1), Assignee("steam:9", None, None, None))
    assert one.to_order().outcome is None
    one.outcome = Outcome(None, 1.0)
    record = one.to_order()
    assert record.people == {1001}
    view = outcomes.decode_view(record)
    assert (view.resolution, view.outcome) == (one.resolution, one.outcome)


@pytest.mark.parametrize(
    ("state", "may_have_been_sent", "stored"),
    [
        (OrderState.QUEUED, False, OrderState.QUEUED),
        (OrderState.QUEUED, True, OrderState.SENDING),
        (OrderState.SENDING, True, OrderState.SENDING),
        (OrderState.DONE, True, OrderState.DONE),
        (OrderState.CANCELLED, True, OrderState.CANCELLED),
    ],
)
def test_what_may_have_arrived_is_stored_as_being_sent(
    state: OrderState, may_have_been_sent: bool, stored: OrderState
) -> None:
    one = queued_order(state=state)
    one.may_have_been_sent = may_have_been_sent
    assert one.to_order().state is stored


def test_what_people_are_told() -> None:
    one = queued_order(assignee(1))
    waiting = WaitNotice(NOW, None, 60)
    assert one.view(waiting) == outcomes.OrderView(one.order, one.resolution, None, waiting)


def test_a_waiting_reply_names_no_unit_while_the_lookup_goes_on() -> None:
    one = queued_order(assignee(1), is_resolved=False)
    assert one.view(WaitNotice(NOW, None, 60)).resolution == Resolution()
    assert one.view().resolution == one.resolution


@pytest.mark.parametrize(
    ("lookup", "is_stored"),
    [
        (LookupState(is_resolved=True), True),
        (LookupState(is_resolved=True, error=CadTimeout()), False),
        (LookupState(), False),
    ],
)
def test_units_are_stored_once_they_are_certain(lookup: LookupState, is_stored: bool) -> None:
    one = queued_order(assignee(1), lookup=lookup)
    assert (one.to_order().resolution is not None) is is_stored
    one.may_have_been_sent = True
    assert one.to_order().resolution is not None


def test_an_order_that_was_being_sent_may_have_reached_the_cad() -> None:
    stored = queued_order(assignee(1), state=OrderState.SENDING).to_order()
    loaded = QueuedOrder.load(AcceptedOrder(stored), entered_at=7.0)
    assert (loaded.order.state, loaded.may_have_been_sent) == (OrderState.QUEUED, True)
    assert loaded.lookup == LookupState(is_resolved=True, is_stored=True)
    assert not loaded.may_ask  # the actor was asked before it was sent, or had not to be
    assert (loaded.resolution.assignees, loaded.entered_at) == ((assignee(1),), 7.0)


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(queued_order(assignee(1)))
