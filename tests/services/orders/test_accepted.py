"""An order that is taken up again: its text is parsed once, where that is still needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.orders.accepted import AcceptedOrder
from bot.services.targets import grammar
from bot.storage.stores.order_store import Order, OrderAction, OrderState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ORDER = Order(1, 10, 1, OrderAction.ATTACH, 100, "me A-12 -<@7>", 42, NOON, 7, "a-token")


def test_a_stored_text_is_parsed_for_its_actor():
    accepted = AcceptedOrder.from_stored(ORDER)
    assert accepted.order is ORDER
    assert accepted.terms == grammar.parse("me A-12 -<@7>", actor_id=42)


def test_an_order_with_its_resolution_needs_no_terms():
    assert AcceptedOrder.from_stored(replace(ORDER, resolution="{}")).terms == ()


@pytest.mark.parametrize("state", [state for state in OrderState if not state.is_open])
def test_a_closed_order_needs_no_terms(state: OrderState):
    assert AcceptedOrder.from_stored(replace(ORDER, state=state)).terms == ()


@pytest.mark.parametrize("units", ["", "-A-12", " ".join(f"A-{number}" for number in range(200))])
def test_a_text_that_names_no_unit_any_more_is_no_error(units: str):
    assert AcceptedOrder.from_stored(replace(ORDER, units=units)).terms == ()
