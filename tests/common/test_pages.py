from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.common.pages import PageRange


@pytest.mark.parametrize(
    ("total", "wanted", "expected"),
    [
        (0, 1, (1, 1, 0)),
        (0, 9, (1, 1, 0)),
        (10, 1, (1, 1, 0)),
        (11, 2, (2, 2, 10)),
        (11, 3, (2, 2, 10)),
        (23, -5, (1, 3, 0)),
    ],
)
def test_where_a_page_lies(total: int, wanted: int, expected: tuple[int, int, int]) -> None:
    found = PageRange(total, wanted, 10)
    assert (found.number, found.count, found.offset) == expected


@given(st.integers(0, 500), st.integers(1, 50))
def test_all_pages_together_are_the_list(total: int, size: int) -> None:
    items = list(range(total))
    pages = [PageRange(total, one, size) for one in range(1, PageRange(total, 1, size).count + 1)]
    shown = [items[one.offset : one.offset + size] for one in pages]
    assert [item for page in shown for item in page] == items
    assert all(shown) or not items
