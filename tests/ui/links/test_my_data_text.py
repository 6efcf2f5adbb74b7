"""What a user reads about the data that is stored about them."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.records.my_data import PersonalData, Retention
from bot.storage.stores.link_request_store import LinkRequestState
from bot.storage.stores.link_row import Link, LinkSource
from bot.ui.links import my_data_text
from tests.ui.links.test_link_text import HOSTILE_REQUEST, REQUEST, request
from tests.ui.orders.test_order_text import view

NOON = datetime(2026, 1, 1, tzinfo=UTC)
LINK = Link(1, 7, "steam:1", 9, NOON)
KEEPING = Retention(order_days=90, erase_on_leave=False)


def test_mine() -> None:
    assert my_data_text.my_data(PersonalData(7, None, [], 0, [], 0, KEEPING)).splitlines() == [
        "✅ This is stored about you:",
        "**Link**: none.",
        "**Orders by or about you**: none.",
    ]
    held = replace(request(LinkRequestState.CONFLICT), holders=frozenset({8}))
    text = my_data_text.my_data(PersonalData(7, LINK, [REQUEST, held], 0, [], 2, KEEPING))
    assert "**Links of other members that you set**: 2." in text
    assert "a dispatcher was asked about it" in text.splitlines()[4]
    assert "waits for approval" in text.splitlines()[5]
    asked = replace(held, holders=frozenset())
    text = my_data_text.my_data(PersonalData(7, LINK, [asked], 0, [], 0, KEEPING))
    assert "is not known to the CAD; whether to link it all the same was asked" in text


def test_mine_fits() -> None:
    long = dataclasses.replace(LINK, api_id="`" * 200)
    orders = [view(units="x" * 4000)] * 3
    for count in range(4):
        stored = PersonalData(7, long, [HOSTILE_REQUEST] * 50, 99, orders[:count] * 9, 1, KEEPING)
        assert len(my_data_text.my_data(stored)) <= 2000


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (LINK, "set by <@9>"),
        (dataclasses.replace(LINK, set_by=7), "set by you"),
        (dataclasses.replace(LINK, set_by=0), "set by a member who has left"),
        (dataclasses.replace(LINK, set_by=0, source=LinkSource.IMPORT), "from the import"),
    ],
)
def test_who_set_a_link(link: Link, words: str) -> None:
    assert words in my_data_text.my_data(PersonalData(7, link, [], 0, [], 0, KEEPING))
