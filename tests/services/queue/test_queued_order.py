from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import AttachRequest, DetachRequest, UnitRef
from bot.services.orders import outcomes
from bot.services.orders.outcomes import BoardConfirmation, Outcome, WaitNotice
from bot.services.queue.queued_order import LIFETIME, Job, attachments, detachments
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.samples import unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def assignee(ident: int, api_id: str = "") -> Assignee:
    return Assignee(api_id or f"steam:{ident}", 1000 + ident, unit(ident), True)


def job(
    *people: Assignee,
    call_id: int | None = 100,
    server_id: int = 1,
    state: OrderState = OrderState.QUEUED,
) -> Job:
    action = OrderAction.DETACH if call_id is None else OrderAction.ATTACH
    order = Order(1, 2, server_id, action, call_id, "me", 5, NOW, 6, "secret", state=state)
    return Job(order, Resolution(people))


def subject(ident: int) -> UnitRef:
    return UnitRef(f"steam:{ident}", ident)


def test_one_call_is_one_attachment() -> None:
    jobs = [job(assignee(1), assignee(2)), job(assignee(3), call_id=101), job(assignee(4))]
    assert attachments(jobs) == [
        AttachRequest(1, 100, (subject(1), subject(2), subject(4))),
        AttachRequest(1, 101, (subject(3),)),
    ]


def test_the_same_call_of_another_server_is_another() -> None:
    jobs = [job(assignee(1)), job(assignee(2), server_id=2)]
    assert attachments(jobs) == [
        AttachRequest(1, 100, (subject(1),)),
        AttachRequest(2, 100, (subject(2),)),
    ]


def test_one_server_is_one_detachment() -> None:
    jobs = [
        job(assignee(1), call_id=None),
        job(assignee(2), call_id=None, server_id=2),
        job(assignee(3), call_id=None),
    ]
    assert detachments(jobs) == [
        DetachRequest(1, (subject(1), subject(3))),
        DetachRequest(2, (subject(2),)),
    ]


def test_whoever_is_named_by_several_is_sent_once() -> None:
    jobs = [job(assignee(1), assignee(2)), job(assignee(1, "license:1"))]
    (merged,) = attachments(jobs)
    assert [one.ident for one in merged.units] == [1, 2]


def test_whoever_has_no_unit_is_sent_by_their_id() -> None:
    absent = Assignee("Steam:X", None, None, None)
    again = Assignee("STEAM:x", 7, None, None)
    (merged,) = attachments([job(absent), job(again)])
    assert [(one.api_id.casefold(), one.ident) for one in merged.units] == [("steam:x", None)]


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([100, 101, 102])), max_size=12))
def test_nobody_is_lost_or_put_elsewhere(wishes: list[tuple[int, int]]) -> None:
    merged = attachments([job(assignee(ident), call_id=call_id) for ident, call_id in wishes])
    sent = [(who.ident, one.call_id) for one in merged for who in one.units]
    assert sorted(sent) == sorted(set(wishes))


def test_a_job_lives_as_long_as_its_reply_can_be_edited() -> None:
    assert job().expires_at == NOW + LIFETIME
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
    one = job(state=state)
    one.outcome = Outcome(None, 1.0, confirmation=confirmation) if confirmation else None
    assert one.is_unconfirmed is unconfirmed


def test_what_is_stored() -> None:
    one = job(assignee(1), Assignee("steam:9", None, None, None))
    assert one.record().outcome is None
    one.outcome = Outcome(None, 1.0)
    record = one.record()
    assert record.people == {1001}
    view = outcomes.decode_view(record)
    assert (view.resolution, view.outcome) == (one.resolution, one.outcome)


@pytest.mark.parametrize(
    ("state", "broke_off", "stored"),
    [
        (OrderState.QUEUED, False, OrderState.QUEUED),
        (OrderState.QUEUED, True, OrderState.SENDING),
        (OrderState.SENDING, True, OrderState.SENDING),
        (OrderState.DONE, True, OrderState.DONE),
        (OrderState.CANCELLED, True, OrderState.CANCELLED),
    ],
)
def test_what_may_have_arrived_is_stored_as_being_sent(
    state: OrderState, broke_off: bool, stored: OrderState
) -> None:
    one = job(state=state)
    one.broke_off = broke_off
    assert one.record().state is stored


def test_what_people_are_told() -> None:
    one = job(assignee(1))
    waiting = WaitNotice(NOW, None, 60)
    assert one.view(waiting) == outcomes.OrderView(one.order, one.resolution, None, waiting)


def test_whom_batching_sees() -> None:
    one = job(assignee(1), Assignee("Steam:X", None, None, None))
    one.cell = 3
    assert one.item.people == frozenset({"unit 1", "x"})
    assert (one.item.place, one.item.cell) == ((OrderAction.ATTACH, 1, 100), 3)
    one.is_made_out = False
    assert one.item.people is None


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(job(assignee(1)))
