"""What is kept of an order is what is read again, in this version and the next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad import errors
from bot.cad.errors import CadError
from bot.cad.models import Unit
from bot.services.orders import outcomes
from bot.services.orders.outcomes import BoardConfirmation, OrderDetail, Outcome, StoredError
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from bot.ui.orders.order_text import order_line, order_reply
from tests.cad.samples import JSON

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CadError)
]

texts = st.text(max_size=30)
seconds = st.floats(0, 1e9)
numbers = st.integers(0, 2**53)
faults = st.builds(
    lambda kind, text, status, retry_after: kind(text, status=status, retry_after=retry_after),
    st.sampled_from(KINDS),
    texts,
    st.none() | st.integers(100, 599),
    st.none() | seconds,
)
units = st.builds(
    Unit, numbers, texts, texts, texts, texts, numbers, st.lists(texts, max_size=3).map(tuple)
)
assignees = st.builds(
    Assignee,
    texts,
    st.none() | numbers,
    st.none() | units,
    st.none() | st.booleans(),
    st.none() | numbers,
)
left_outs = st.builds(
    SkippedTarget, st.builds(Target, texts, st.none() | numbers), st.sampled_from(SkipReason)
)
resolutions = st.builds(
    Resolution,
    st.lists(assignees, max_size=3).map(tuple),
    st.lists(left_outs, max_size=3).map(tuple),
)
ends = st.builds(
    Outcome,
    st.none() | faults.map(StoredError.from_error),
    seconds,
    texts,
    st.sampled_from(BoardConfirmation),
    st.lists(texts, max_size=3).map(tuple),
    st.booleans(),
)


def stored(resolution: str | None = None, outcome: str | None = None) -> Order:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Order(
        1,
        2,
        1,
        OrderAction.ATTACH,
        100,
        "me",
        5,
        now,
        6,
        None,
        resolution=resolution,
        outcome=outcome,
    )


def test_every_kind_of_error_is_tried() -> None:
    assert len(KINDS) == len(set(KINDS)) == 19
    assert CadError in KINDS


@given(faults)
def test_an_error_is_the_same_error_again(error: CadError) -> None:
    again = StoredError.from_error(error).error
    assert type(again) is type(error)
    assert (again.text, again.status, again.retry_after) == (
        error.text,
        error.status,
        error.retry_after,
    )


@pytest.mark.parametrize("kind", ["CadMelted", "ClassVar", "annotations", "", "__name__"])
def test_an_error_of_another_version_is_still_an_error(kind: str) -> None:
    error = StoredError(kind, "melted", 418, 2.0).error
    assert type(error) is CadError
    assert (error.text, error.status, error.retry_after) == ("melted", 418, 2.0)


@given(resolutions, ends)
def test_an_order_is_read_as_it_was_written(resolution: Resolution, outcome: Outcome) -> None:
    order = stored(
        outcomes.RESOLUTION_JSON.dump_json(resolution).decode(),
        outcomes.OUTCOME_JSON.dump_json(outcome).decode(),
    )
    view = outcomes.decode_view(order)
    assert view.order is order
    assert view.resolution == resolution
    assert view.outcome == outcome
    assert view.waiting is None


def test_an_order_of_which_nothing_is_known_yet() -> None:
    view = outcomes.decode_view(stored())
    assert view.resolution == Resolution()
    assert view.outcome is None


def test_what_an_earlier_version_wrote_is_still_read() -> None:
    outcome = '{"failure":null,"seconds":1.5}'
    assert outcomes.decode_view(stored(outcome=outcome)).outcome == Outcome(None, 1.5)


columns = st.none() | st.text() | st.builds(json.dumps, JSON)


@given(columns, columns, columns)
def test_whatever_a_row_holds_is_read_or_called_unreadable(
    resolution: str | None, outcome: str | None, detail: str | None
) -> None:
    order = replace(stored(resolution, outcome), detail=detail)
    view = outcomes.decode_view(order)
    assert view.order in {order, replace(order, state=OrderState.UNREADABLE)}
    assert order_line(view)
    assert order_reply(view)


@given(st.text(st.characters()))
def test_a_detail_is_read_as_it_was_written(text: str) -> None:
    detail = OrderDetail(text=text, label=text)
    assert json.loads(outcomes.encode_detail(detail))["text"] == text
    if not any("\ud800" <= one <= "\udfff" for one in text):
        order = replace(stored(), detail=outcomes.encode_detail(detail))
        assert outcomes.decode_view(order).detail == detail
