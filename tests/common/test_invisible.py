from __future__ import annotations

import pytest

from bot.common.invisible import is_invisible


@pytest.mark.parametrize("one", ["\u200b", "\u3164", "\u2800", "\ud800", "\n", "\u202e"])
def test_what_shows_nothing(one: str) -> None:
    assert is_invisible(one)


@pytest.mark.parametrize("one", [" ", "a", "ä", "警", "-"])
def test_what_is_seen(one: str) -> None:
    assert not is_invisible(one)
