"""Which call a typed text means: never another than the one that the text names alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.cad.models import CLOSED, Call
from bot.services.board.call_matching import MAX_CALL_ID, find_call_id, matching_calls
from bot.services.errors import AmbiguousCall, CallNotFound
from tests.services.samples import call

ROBBERY = call(100, "Armed Robbery", code="211")
STOP = call(101, "Traffic Stop", code="10-38")
FIRE = call(102, "Structure Fire", code="10-70")
CAR_FIRE = call(110, "Vehicle Fire", code="10-70")
SMALL = call(38, "Fire", code="10-16")
OPEN = (ROBBERY, STOP, FIRE, CAR_FIRE, SMALL)


@pytest.mark.parametrize(
    ("typed", "call_id"),
    [
        ("100", 100),
        (" #100 ", 100),
        ("# 100", 100),
        ("0100", 100),
        ("999", 999),
        (str(MAX_CALL_ID), MAX_CALL_ID),
        ("2026-0100", 100),
        ("#2026-0100", 100),
        ("C-2026/000101", 101),
        ("C102", 102),
        ("robbery", 100),
        ("ARMED rob", 100),
        ("211 armed", 100),
        ("traffic", 101),
        ("fire", 38),
        ("structure fire", 102),
        ("10-70 vehicle", 110),
        ("10-16", 38),
    ],
)
def test_one_call_is_meant(typed: str, call_id: int) -> None:
    assert find_call_id(typed, OPEN) == call_id


@pytest.mark.parametrize(
    ("typed", "calls"),
    [
        ("fir", (FIRE, CAR_FIRE, SMALL)),
        ("10-70", (FIRE, CAR_FIRE)),
        # It is the code of one call, and looks like the formatted number of another.
        ("10-38", (STOP, SMALL)),
    ],
)
def test_several_calls_match(typed: str, calls: tuple[Call, ...]) -> None:
    with pytest.raises(AmbiguousCall) as caught:
        find_call_id(typed, OPEN)
    assert caught.value.calls == calls


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "#", "##", "pursuit", "2026-0999", "2026-0100 x", "100-2026", "0", "000", "²"),
        *("99999999999", str(MAX_CALL_ID + 1), "a-99999999999"),
    ],
)
def test_no_call_matches(typed: str) -> None:
    with pytest.raises(CallNotFound) as caught:
        find_call_id(typed, OPEN)
    assert caught.value.typed == typed


def test_two_calls_of_one_title_need_their_number() -> None:
    twin = replace(FIRE, call_id=120)
    with pytest.raises(AmbiguousCall):
        find_call_id("Structure Fire", (FIRE, twin))
    assert find_call_id("120", (FIRE, twin)) == 120


def test_a_closed_call_is_found_by_its_number_alone() -> None:
    closed = replace(FIRE, status=CLOSED)
    assert find_call_id("102", (closed,)) == 102
    for typed in ("structure fire", "2026-0102"):
        with pytest.raises(CallNotFound):
            find_call_id(typed, (closed,))


call_ids = st.integers(1, MAX_CALL_ID)
boards = st.lists(
    st.builds(call, call_ids, st.text("ab 1-", max_size=6), code=st.text("1-a", max_size=3)),
    unique_by=lambda one: one.call_id,
    max_size=6,
)


@given(call_ids, boards, st.sampled_from(["{}", "#{}", " {} "]))
def test_a_number_is_never_taken_for_another_call(call_id, board, form) -> None:
    assert find_call_id(form.format(call_id), board) == call_id


@given(st.text(st.characters() | st.sampled_from("ab 1-#"), max_size=12), boards)
def test_a_text_means_the_one_call_that_is_suggested_or_is_refused(typed, board) -> None:
    bare = typed.strip().removeprefix("#").strip()
    assume(not bare.isdecimal())
    found = matching_calls(typed, board)
    titled = [one for one in found if one.title.strip().casefold() == bare.casefold()]
    meant = titled if len(titled) == 1 else found
    if not bare or not meant:
        with pytest.raises(CallNotFound):
            find_call_id(typed, board)
    elif len(meant) == 1:
        assert find_call_id(typed, board) == meant[0].call_id
    else:
        with pytest.raises(AmbiguousCall):
            find_call_id(typed, board)


@given(st.integers(1, 999_999), boards, st.integers(1900, 2100), st.integers(0, 4))
def test_a_formatted_number_means_its_own_call(call_id, board, year, padding) -> None:
    meant = call(call_id, "Shooting")
    typed = f"{year}-{'0' * padding}{call_id}"
    assert find_call_id(typed, [meant]) == call_id
    assert meant in matching_calls(typed, [*board, meant])
