from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.ui.text import (
    code_span,
    escape,
    fill,
    join_limited,
    member_mention,
    one_line,
    role_mentions,
)

# Characters that Discord interprets somewhere in a line.
MEANINGFUL = "\\`*_~|<>[]()#@:-"
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

ATTACKS = (
    *("@everyone", "@here", "<@1>", "<@&1>", "<#1>", "<t:0:R>", "</attach:1>", "<:e:1>"),
    *("`", "```", "**", "__", "~~", "||", "\\", "\\`", "# ", "-# ", "- ", "> "),
    *("[a](https://b.example)", "https://b.example", "🚓"),
    *("\n", "\r", "\u2028", "\x85", "\u200b", "\u202e", "\ufeff", "\ud800", "\x00"),
)
attacks = st.lists(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=3))).map("".join)
foreign = st.one_of(st.text(), attacks)
limits = st.integers(1, 400)


def is_quiet(text: str) -> bool:
    """Return True if a text stays on one line and has no invisible character."""
    return all(unicodedata.category(one) not in INVISIBLE for one in text)


@given(foreign, limits)
def test_visible_text_stays_on_one_line(text, limit) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert is_quiet(shown)
    assert shown == shown.strip()
    assert "  " not in shown


@given(foreign, limits)
@example("\\", 1)
@example("\\`@everyone`", 100)
def test_nothing_in_plain_text_means_anything(text, limit) -> None:
    shown = escape(text, limit)
    assert is_quiet(shown)
    assert re.fullmatch(rf"(\\[!-/:-@\[-`{{-~]|[^{re.escape(MEANINGFUL)}])*", shown)
    # Nothing is lost: Discord removes the backslashes again.
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown) == one_line(text, limit)


@given(foreign, limits)
@example("`", 1)
@example("", 10)
@example("\u200b", 10)
def test_nothing_leaves_a_code_span(text, limit) -> None:
    shown = code_span(text, limit)
    inner = shown[1:-1]
    assert shown[0] == shown[-1] == "`"
    assert inner.strip()
    assert "`" not in inner
    assert is_quiet(inner)
    assert len(inner) <= max(limit, len("(empty)"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Armed Robbery", "Armed Robbery"),
        ("A-12", "A\\-12"),
        ("  two\n\nlines\u200b ", "two lines"),
        ("@everyone", "\\@everyone"),
        ("x" * 101, "x" * 99 + "…"),
    ],
)
def test_how_it_reads(text, shown) -> None:
    assert escape(text) == shown


def test_mentions() -> None:
    assert member_mention(5) == "<@5>"
    assert role_mentions({3, 1, 2}) == "<@&1>, <@&2>, <@&3>"


@given(st.lists(st.text("ab", min_size=1, max_size=60), max_size=60), st.integers(30, 300))
def test_lists_name_or_count_every_item(items, limit) -> None:
    shown = join_limited(items, limit)
    assert len(shown) <= limit
    parts = shown.split(", ") if shown else []
    if parts and (rest := re.fullmatch(r"and (\d+) more", parts[-1])):
        assert parts[:-1] == items[: len(parts) - 1]
        assert len(parts) - 1 + int(rest[1]) == len(items)
    else:
        assert parts == items


def test_a_list_that_fits_is_whole() -> None:
    assert join_limited(["a"] * 50, 700) == ", ".join(["a"] * 50)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({"call": "911: Floyd H.", "where": ""}, "Closed 911: Floyd H. Look."),
        ({"call": "Fire", "where": " on City Inc."}, "Closed Fire on City Inc. Look."),
        ({"call": "Fire", "where": ""}, "Closed Fire. Look."),
    ],
)
def test_a_name_that_ends_with_a_full_stop_ends_its_sentence(names, text) -> None:
    assert fill("Closed {call}{where}. Look.", **names) == text
