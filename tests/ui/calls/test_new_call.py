"""The form of a new call, and the buttons of its answer; the end-to-end tests use both."""

from __future__ import annotations

import pytest

from bot.services.orders.outcomes import OrderView
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from bot.ui.calls.new_call import NewCallForm, NewCallItems
from tests.services.queue.samples import NOW

CHANNEL, GUILD = 5, 2


def view(state: OrderState, call_id: int | None, server_id: int = 1) -> OrderView:
    return OrderView(
        Order(
            1, GUILD, server_id, OrderAction.CREATE, call_id, "", 5, NOW, 6, "secret", state=state
        )
    )


@pytest.mark.parametrize(
    ("shown", "labels"),
    [
        (view(OrderState.DONE, 105), ["Attach…", "Cards"]),
        (view(OrderState.DONE, 105, server_id=2), ["Attach…"]),
        (view(OrderState.DONE, 105, server_id=3), ["Attach…"]),
        (view(OrderState.DONE, None), []),
        (view(OrderState.QUEUED, None), []),
        (view(OrderState.EXPIRED, None), []),
    ],
)
async def test_a_call_that_was_created_has_buttons(shown: OrderView, labels: list[str]) -> None:
    items = NewCallItems({1: CHANNEL, 2: None})(shown)
    assert [item.to_component_dict()["label"] for item in items] == labels


@pytest.mark.parametrize(("priority", "title"), [(None, 3), (1, 1)])
async def test_the_form_says_the_priority(priority: int | None, title: int) -> None:
    form = NewCallForm(None, priority)
    assert form.title == f"New call, priority {title}"
    assert [field.required for field in form.fields] == [True, False, False, False, False]
