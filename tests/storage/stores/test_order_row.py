from __future__ import annotations

from dataclasses import fields

import pytest

from bot.storage.stores.order_row import CHANGING, Order, OrderAction, OrderState, encode_ids
from bot.storage.tables import orders


def test_an_order_has_the_columns_of_the_table() -> None:
    assert {one.name for one in fields(Order)} == set(orders.c.keys())
    assert set(CHANGING) < set(orders.c.keys())


@pytest.mark.parametrize(("ids", "text"), [((), ","), ([2, 10], ",2,10,"), ({3}, ",3,")])
def test_an_id_can_be_searched_for(ids, text: str) -> None:
    assert encode_ids(ids) == text


def test_the_words_of_another_version_are_unreadable() -> None:
    assert OrderAction("teleport") is OrderAction.UNREADABLE
    assert OrderState("lost") is OrderState.UNREADABLE
    assert [one for one in OrderState if one.is_open] == [OrderState.QUEUED, OrderState.SENDING]
