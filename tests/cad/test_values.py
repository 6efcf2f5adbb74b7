"""Single values in the CAD's JSON: what they are read as, and what counts as missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad import values
from tests.cad.samples import JSON


def test_keys_in_lower_case_at_every_depth_but_inside_meta_data():
    raw = {"CallId": [{"API": 1}, [{"Id": 2}]], "MetaData": {"PlayerId": {"X": 3}}, "s": "Text"}
    assert values.lower_keys(raw) == {
        "callid": [{"api": 1}, [{"id": 2}]],
        "metadata": {"PlayerId": {"X": 3}},
        "s": "Text",
    }


def test_json_that_is_nested_too_deeply_raises():
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        values.lower_keys(deep)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (7, 7),
        (-1, -1),
        (0, 0),
        ("7", 7),
        (" 007\n", 7),
        ("9" * 18, int("9" * 18)),
        ("9" * 19, None),
        (10**18 - 1, 10**18 - 1),
        (10**18, None),
        (-(10**18), None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("", None),
        ("٣", None),
        (True, None),
        (1.0, None),
        (None, None),
        ([7], None),
    ],
)
def test_integers_also_as_text(value: object, read: int | None):
    assert values.to_int(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [(1, 1), ("100", 100), (2**53 - 1, 2**53 - 1), (0, None), (-5, None), (2**53, None)],
)
def test_the_number_of_a_call_is_positive_and_exact(value: object, read: int | None):
    assert values.to_call_id(value) == read


def test_the_integers_of_a_list():
    assert values.to_ints([1, "2", None, True, "x", 3.0, 4]) == (1, 2, 4)
    assert values.to_ints("12") == ()
    assert values.to_ints(None) == ()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("  A-12\t", "A-12"),
        ("", ""),
        (7, ""),
        (None, ""),
        (["A-12"], ""),
        ("Fire \ud83d", "Fire ?"),
    ],
)
def test_strings(value: object, read: str):
    assert values.str_or_empty(value) == read


TRUE: tuple[object, ...] = (True, 1, "1", "true", " TRUE ")
FALSE: tuple[object, ...] = (False, 0, 2, "0", "yes", "", None, [], 1.0, "truer")


@pytest.mark.parametrize(
    ("value", "read"), [*((one, True) for one in TRUE), *((one, False) for one in FALSE)]
)
def test_booleans_also_as_number_or_text(value: object, read: bool):
    assert values.to_bool(value) is read


@pytest.mark.parametrize(
    ("value", "read"),
    [(9001, "9001"), (4.5, "4.5"), (True, "true"), (False, "false"), (" x ", "x"), (None, "")],
)
def test_text_also_from_numbers_and_booleans(value: object, read: str):
    assert values.to_text(value) == read


def test_a_map_of_texts_keeps_its_keys_and_drops_what_is_empty():
    raw = {"PlayerId": 5, " X ": "4.5", "none": None, "blank": " ", "": "x", 7: "x", "list": [1]}
    assert values.to_text_map(raw) == {"PlayerId": "5", "X": "4.5"}
    assert values.to_text_map([("a", "b")]) == {}


@given(JSON)
def test_no_json_makes_a_reader_raise(value: Any):
    assert values.to_int(value) is None or isinstance(values.to_int(value), int)
    assert all(isinstance(number, int) for number in values.to_ints(value))
    assert isinstance(values.to_bool(value), bool)
    for text in (values.str_or_empty(value), values.to_text(value)):
        assert text.encode() == text.strip().encode()
    for key, text in values.to_text_map(value).items():
        assert key.encode()
        assert text.encode()


@given(JSON)
def test_lower_keys_change_nothing_the_second_time(value: Any):
    once = values.lower_keys(value)
    again = values.lower_keys(once)
    assert repr(again) == repr(once)  # NaN does not equal itself


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_an_integer_and_its_text_are_read_alike(number: int):
    assert values.to_int(number) == number
    if number >= 0:
        assert values.to_int(str(number)) == number
