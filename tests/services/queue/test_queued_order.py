from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Attachment, Detachment, Subject
from bot.services.orders import outcomes
from bot.services.orders.outcomes import Confirmation, Outcome, Waiting
from bot.services.queue.queued_order import LIFETIME, Job, attachments, detachments
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import Action, Order, State
from tests.services.samples import unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def assignee(ident: int, api_id: str = "") -> Assignee:
    return Assignee(api_id or f"steam:{ident}", 1000 + ident, unit(ident), True)


def job(
    *people: Assignee, call_id: int | None = 100, server_id: int = 1, state: State = State.QUEUED
) -> Job:
    action = Action.DETACH if call_id is None else Action.ATTACH
    order = Order(1, 2, server_id, action, call_id, "me", 5, NOW, 6, "secret", state=state)
    return Job(order, Resolution(people))


def subject(ident: int) -> Subject:
    return Subject(f"steam:{ident}", ident)


def test_one_call_is_one_attachment() -> None:
    jobs = [job(assignee(1), assignee(2)), job(assignee(3), call_id=101), job(assignee(4))]
    assert attachments(jobs) == [
        Attachment(1, 100, (subject(1), subject(2), subject(4))),
        Attachment(1, 101, (subject(3),)),
    ]


def test_the_same_call_of_another_server_is_another() -> None:
    jobs = [job(assignee(1)), job(assignee(2), server_id=2)]
    assert attachments(jobs) == [
        Attachment(1, 100, (subject(1),)),
        Attachment(2, 100, (subject(2),)),
    ]


def test_one_server_is_one_detachment() -> None:
    jobs = [
        job(assignee(1), call_id=None),
        job(assignee(2), call_id=None, server_id=2),
        job(assignee(3), call_id=None),
    ]
    assert detachments(jobs) == [
        Detachment(1, (subject(1), subject(3))),
        Detachment(2, (subject(2),)),
    ]


def test_whoever_is_named_by_several_is_sent_once() -> None:
    jobs = [job(assignee(1), assignee(2)), job(assignee(1, "license:1"))]
    (merged,) = attachments(jobs)
    assert [one.ident for one in merged.subjects] == [1, 2]


def test_whoever_has_no_unit_is_sent_by_their_id() -> None:
    absent = Assignee("Steam:X", None, None, None)
    again = Assignee("STEAM:x", 7, None, None)
    (merged,) = attachments([job(absent), job(again)])
    assert [(one.api_id.casefold(), one.ident) for one in merged.subjects] == [("steam:x", None)]


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([100, 101, 102])), max_size=12))
def test_nobody_is_lost_or_put_elsewhere(wishes: list[tuple[int, int]]) -> None:
    merged = attachments([job(assignee(ident), call_id=call_id) for ident, call_id in wishes])
    sent = [(who.ident, one.call_id) for one in merged for who in one.subjects]
    assert sorted(sent) == sorted(set(wishes))


def test_a_job_lives_as_long_as_its_reply_can_be_edited() -> None:
    assert job().expires_at == NOW + LIFETIME
    assert timedelta(minutes=14) < LIFETIME < timedelta(minutes=15)


@pytest.mark.parametrize(
    ("state", "confirmation", "unconfirmed"),
    [
        (State.DONE, Confirmation.PENDING, True),
        (State.DONE, Confirmation.CONFIRMED, False),
        (State.DONE, Confirmation.MISSING, False),
        (State.DONE, Confirmation.UNKNOWN, False),
        (State.REFUSED, Confirmation.PENDING, False),
        (State.DONE, None, False),
    ],
)
def test_what_is_still_to_be_confirmed(
    state: State, confirmation: Confirmation | None, unconfirmed: bool
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
    view = outcomes.view(record)
    assert (view.resolution, view.outcome) == (one.resolution, one.outcome)


@pytest.mark.parametrize(
    ("state", "broke_off", "stored"),
    [
        (State.QUEUED, False, State.QUEUED),
        (State.QUEUED, True, State.SENDING),
        (State.SENDING, True, State.SENDING),
        (State.DONE, True, State.DONE),
        (State.CANCELLED, True, State.CANCELLED),
    ],
)
def test_what_may_have_arrived_is_stored_as_being_sent(
    state: State, broke_off: bool, stored: State
) -> None:
    one = job(state=state)
    one.broke_off = broke_off
    assert one.record().state is stored


def test_what_people_are_told() -> None:
    one = job(assignee(1))
    waiting = Waiting(NOW, None, 60)
    assert one.view(waiting) == outcomes.OrderView(one.order, one.resolution, None, waiting)


def test_whom_batching_sees() -> None:
    one = job(assignee(1), Assignee("Steam:X", None, None, None))
    one.cell = 3
    assert one.item.people == frozenset({"unit 1", "steam:x"})
    assert (one.item.place, one.item.cell) == ((Action.ATTACH, 1, 100), 3)
    one.is_made_out = False
    assert one.item.people is None


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(job(assignee(1)))
