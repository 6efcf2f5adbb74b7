"""Which spellings of a unit number are one number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.targets.unit_numbers import number_key, split_number


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        ("K-9", "k9"),
        ("A-12", "a 12"),
        ("A-12", "A.12"),
        ("1-ADAM-12", "1adam12"),
        ("1-12", "1.12"),
        ("(K9)", "K–9"),
        ("", "-"),
    ],
)
def test_one_number(spelling: str, other: str) -> None:
    assert number_key(spelling) == number_key(other)


@pytest.mark.parametrize(
    ("spelling", "other"), [("1-12", "11-2"), ("1-12", "112"), ("A-1", "A-01"), ("A-1", "B-1")]
)
def test_two_numbers(spelling: str, other: str) -> None:
    assert number_key(spelling) != number_key(other)


@given(st.text())
def test_a_key_is_its_own_key(number: str) -> None:
    assert number_key(number_key(number)) == number_key(number)


@pytest.mark.parametrize(
    ("number", "parts"), [("A-12", ("A-", "12")), ("7", ("", "7")), ("two", ("two", ""))]
)
def test_the_digits_at_the_end(number: str, parts: tuple[str, str]) -> None:
    assert split_number(number) == parts
