"""The last word of a text while it is being typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.targets.partial_input import PartialInput, parse
from bot.services.targets.terms import UnitGroupKind

NONE: frozenset[str] = frozenset({""})


@pytest.mark.parametrize(
    ("typed", "last"),
    [
        ("", PartialInput("", "", NONE)),
        ("me, A-1", PartialInput("me, ", "A-1", frozenset({"me", ""}))),
        ("-A", PartialInput("-", "A", NONE)),
        ("X -", PartialInput("X -", "", frozenset({"x", ""}))),
        ("X - A", PartialInput("X - ", "A", frozenset({"x", "-", ""}))),
        ("dept:L", PartialInput("", None, NONE, (UnitGroupKind.DEPARTMENT,), "L")),
        ("-GROUP:", PartialInput("-", None, NONE, (UnitGroupKind.GROUP,), "")),
        (
            'me sub:"K 9',
            PartialInput("me ", None, frozenset({"me", ""}), (UnitGroupKind.SUBDIVISION,), "K 9"),
        ),
        ("-dept:“Los, S", PartialInput("-", None, NONE, (UnitGroupKind.DEPARTMENT,), "Los, S")),
        ('dept:"a b" A', PartialInput('dept:"a b" ', "A", frozenset({'dept:"a', 'b"', ""}))),
        ("de", PartialInput("", "de", NONE, (UnitGroupKind.DEPARTMENT,))),
        ("d", PartialInput("", "d", NONE)),
        ("GR", PartialInput("", "GR", NONE, (UnitGroupKind.GROUP,))),
        ("A-1..", PartialInput("A-1..", "", NONE, range_prefix="A-")),
        ("-a-1..a-2", PartialInput("-a-1..", "a-2", NONE, range_prefix="a-")),
        ("A..", PartialInput("", "A..", NONE)),
        ("steam:1..", PartialInput("", "steam:1..", NONE)),
    ],
)
def test_the_last_word(typed: str, last: PartialInput) -> None:
    assert parse(typed) == last


pieces = st.sampled_from(
    ["me", " ", ",", "-", "A-1", "..", "dept:", 'sub:"', '"', "“", "<@7>", "é", "\n", "x" * 50]
)


@given(st.lists(pieces | st.text(max_size=3), max_size=12).map("".join))
def test_nothing_that_was_typed_is_lost(typed: str) -> None:
    last = parse(typed)
    if last.fragment is None:
        (field,) = last.group_kinds
        rest = typed[len(last.leading_text) :]
        assert typed.startswith(last.leading_text)
        assert rest.casefold().startswith(f"{field}:")
        assert rest.endswith(last.group_name)
    else:
        assert last.leading_text + last.fragment == typed
