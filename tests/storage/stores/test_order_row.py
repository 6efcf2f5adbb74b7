from __future__ import annotations

from dataclasses import fields

from bot.storage.stores.order_row import Order, OrderAction, OrderState
from bot.storage.tables import orders


def test_an_order_has_the_columns_of_the_table() -> None:
    assert {one.name for one in fields(Order)} == set(orders.c.keys())


def test_the_words_of_another_version_are_unreadable() -> None:
    assert OrderAction("teleport") is OrderAction.UNREADABLE
    assert OrderState("lost") is OrderState.UNREADABLE
    assert [one for one in OrderState if one.is_open] == [OrderState.QUEUED, OrderState.SENDING]
