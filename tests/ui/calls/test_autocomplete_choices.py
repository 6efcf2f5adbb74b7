from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.pickers.suggestions import UnitGroupSuggestion, UnitSuggestion
from bot.services.targets.terms import UnitGroupKind
from bot.ui.calls.autocomplete_choices import call_choice, server_choices, unit_choices
from tests.services.samples import call, unit

texts = st.one_of(st.text(max_size=8), st.text(min_size=90, max_size=150))


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (call(100, "Armed Robbery", 1, 2), "#100 Armed Robbery · P3 · 2 units"),
        (call(101, "Traffic Stop", 1), "#101 Traffic Stop · P3 · 1 unit"),
        (call(102, "", code="10-70"), "#102 (untitled) · P3 · no units"),
        (call(103), "#103 (untitled) · P3 · no units"),
        (
            replace(
                call(104, "Medical"), template="12", address="Vespucci Beach", priority_text="High"
            ),
            "#104 Medical · Vespucci Beach · High · no units",
        ),
        (
            replace(call(105, "Pursuit"), block="3400", address="Route 68", priority=1),
            "#105 Pursuit · 3400 Route 68 · P1 · no units",
        ),
    ],
)
def test_calls(one, name) -> None:
    choice = call_choice(one)
    assert (choice.name, choice.value) == (name, str(one.call_id))


@given(st.integers(1, 2**53 - 1), texts, texts, st.integers(0, 50))
def test_discord_takes_every_call(call_id, title, code, count) -> None:
    choice = call_choice(call(call_id, title, *range(count), code=code))
    assert 1 <= len(choice.name.strip()) <= 100


def test_a_server_is_shown_with_its_name() -> None:
    choices = server_choices([(1, ""), (2, "Liberty City")])
    assert [(one.name, one.value) for one in choices] == [("1", 1), ("2 · Liberty City", 2)]


PAT = unit(1, "A-12", "steam:1", name="Pat Reed")


@pytest.mark.parametrize(
    ("suggestion", "name", "value"),
    [
        (UnitSuggestion("", None, PAT, None), "A-12 · Pat Reed · available", "A-12"),
        (UnitSuggestion("me, ", 7, PAT, None), "A-12 · Pat Reed · @Patty · available", "me, A-12"),
        (
            UnitSuggestion("", None, PAT, call(100)),
            "A-12 · Pat Reed · available · on #100",
            "A-12",
        ),
        (UnitSuggestion("", 7, None, None), "@Patty · not on duty", "<@7>"),
        (UnitSuggestion("", 8, replace(unit(2), status=-1), None), "<@8>", "<@8>"),
        (
            UnitGroupSuggestion("me -", UnitGroupKind.DEPARTMENT, "Los Santos PD", 12, 8),
            "dept: Los Santos PD · 12 on duty, 8 free",
            'me -dept:"Los Santos PD"',
        ),
    ],
)
def test_units(suggestion, name, value) -> None:
    (choice,) = unit_choices([suggestion], {7: "Patty", 8: ""}.__getitem__)
    assert (choice.name, choice.value) == (name, value)


def test_the_call_is_to_be_seen_however_long_the_names_are() -> None:
    one = UnitSuggestion("", 7, unit(1, "x" * 99, "y", name="n" * 99), call(2**31 - 1))
    (choice,) = unit_choices([one], lambda _: "m" * 99)
    assert len(choice.name) <= 100
    assert choice.name.endswith("available · on #2147483647")


def test_what_is_too_long_to_be_sent_back_is_not_offered() -> None:
    fits, too_long = (UnitSuggestion("x" * length, None, PAT, None) for length in (96, 97))
    assert [len(one.value) for one in unit_choices([fits, too_long], str)] == [100]


@given(texts, texts, texts, texts, st.booleans())
def test_discord_takes_every_unit(number, name, nickname, before, busy) -> None:
    on = call(2**31 - 1) if busy else None
    found = [
        UnitSuggestion(before, 7, unit(1, number, "steam:1", name=name), on),
        UnitSuggestion(before, 7, None, None),
    ]
    for choice in unit_choices(found, lambda _: nickname):
        assert 1 <= len(choice.name.strip()) <= 100
        assert 1 <= len(choice.value) <= 100
