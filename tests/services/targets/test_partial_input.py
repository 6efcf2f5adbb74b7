"""What is being typed at the end of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.targets.grammar import Field
from bot.services.targets.partial_input import LastWord, read

NONE: frozenset[str] = frozenset({""})


@pytest.mark.parametrize(
    ("typed", "last"),
    [
        ("", LastWord("", "", NONE)),
        ("me, A-1", LastWord("me, ", "A-1", frozenset({"me", ""}))),
        ("-A", LastWord("-", "A", NONE)),
        ("X -", LastWord("X -", "", frozenset({"x", ""}))),
        ("X - A", LastWord("X - ", "A", frozenset({"x", "-", ""}))),
        ("dept:L", LastWord("", None, NONE, (Field.DEPARTMENT,), "L")),
        ("-GROUP:", LastWord("-", None, NONE, (Field.GROUP,), "")),
        ('me sub:"K 9', LastWord("me ", None, frozenset({"me", ""}), (Field.SUBDIVISION,), "K 9")),
        ("-dept:“Los, S", LastWord("-", None, NONE, (Field.DEPARTMENT,), "Los, S")),
        ('dept:"a b" A', LastWord('dept:"a b" ', "A", frozenset({'dept:"a', 'b"', ""}))),
        ("de", LastWord("", "de", NONE, (Field.DEPARTMENT,))),
        ("d", LastWord("", "d", NONE)),
        ("GR", LastWord("", "GR", NONE, (Field.GROUP,))),
        ("A-1..", LastWord("A-1..", "", NONE, prefix="A-")),
        ("-a-1..a-2", LastWord("-a-1..", "a-2", NONE, prefix="a-")),
        ("A..", LastWord("", "A..", NONE)),
        ("steam:1..", LastWord("", "steam:1..", NONE)),
    ],
)
def test_the_last_word(typed: str, last: LastWord) -> None:
    assert read(typed) == last


pieces = st.sampled_from(
    ["me", " ", ",", "-", "A-1", "..", "dept:", 'sub:"', '"', "“", "<@7>", "é", "\n", "x" * 50]
)


@given(st.lists(pieces | st.text(max_size=3), max_size=12).map("".join))
def test_nothing_that_was_typed_is_lost(typed: str) -> None:
    last = read(typed)
    if last.word is None:
        (field,) = last.fields
        rest = typed[len(last.before) :]
        assert typed.startswith(last.before)
        assert rest.casefold().startswith(f"{field}:")
        assert rest.endswith(last.name)
    else:
        assert last.before + last.word == typed
