"""What is offered for a word that names no unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.targets.near_matches import near_matches
from bot.services.targets.resolution import Roster
from bot.services.targets.skipped_target import NearMatch
from tests.services.samples import unit

UNITS = (
    unit(1, "A-12", "steam:1", name="Pat Reed"),
    unit(2, "A-7", "steam:2", name="Alice Moss"),
    unit(3, "1-12", "steam:3", name="Bob Moss"),
    unit(4, "K-09", "steam:4"),
    unit(5, "M-3", "steam:5", name="Robert"),
    unit(6, "two words", name="Sam"),
    unit(7, "B-21"),
    unit(8, "b-21"),
)
ROSTER = Roster(UNITS, is_current=True)


def offered(word: str, members: dict[int, int] | None = None) -> list[str]:
    return [one.token for one in near_matches(word, ROSTER, members)]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("112", ["1-12"]),  # without the sign
        ("K9", ["K-09"]),  # without the nought
        ("A-21", ["A-12"]),  # two swapped
        ("A-2", ["A-12"]),  # one missing
        ("A-123", ["A-12"]),  # one too many
        ("A-13", ["A-12"]),  # another one
        ("A-9", []),  # as near to each A-number of one digit
        ("Z-12", []),
        ("moss", ["1-12", "A-7"]),
        ("@Reed", ["A-12"]),
        ("rob", []),
        ("sam", ["ident:6"]),
        ("B21", ["ident:7", "ident:8"]),
        ("A", []),
        ("-", []),
        ("x" * 4000, []),
    ],
)
def test_what_is_nearly_right(word: str, expected: list[str]) -> None:
    assert offered(word) == expected


def test_a_unit_is_offered_by_the_name_of_its_member() -> None:
    assert near_matches("bobby", ROSTER, {5: 77}) == (NearMatch("M-3", "M-3", "Robert", 77),)


def test_where_too_many_are_as_near_none_is_offered() -> None:
    units = [unit(number, f"A-1{number}") for number in range(1, 5)]
    assert near_matches("A-19", Roster(units[:3], is_current=True)) != ()
    assert near_matches("A-19", Roster(units, is_current=True)) == ()


def test_a_unit_without_a_number_is_offered_by_its_ident() -> None:
    roster = Roster([unit(9, "", name="Kim")], is_current=True)
    assert near_matches("kim", roster) == (NearMatch("ident:9", "ident:9", "Kim"),)


@given(st.text(), st.lists(st.text(max_size=4), max_size=6))
def test_whatever_is_typed_at_most_three_are_offered(word: str, numbers: list[str]) -> None:
    units = [unit(ident, number) for ident, number in enumerate(numbers)]
    found = near_matches(word, Roster(units, is_current=True))
    assert len(found) <= 3
    assert len({one.token for one in found}) == len(found)
