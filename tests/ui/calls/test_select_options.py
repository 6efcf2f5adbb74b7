"""The options of a select: units, departments, and which of them are selected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from discord import SelectOption
from hypothesis import given
from hypothesis import strategies as st

from bot.common.discord_limits import MAX_OPTION_LENGTH, MAX_OPTIONS
from bot.services.pickers.unit_picker import Candidate, department_key
from bot.ui.calls.select_options import (
    ALL_DEPARTMENTS,
    department_filter,
    department_option,
    distinct,
    next_page,
    selected_values,
    unit_option,
    with_selected,
)
from tests.services.samples import unit

PAT = unit(1, "A-12", "steam:1", name="Pat Moreno", department="LSPD")


@pytest.mark.parametrize(
    ("candidate", "label", "description"),
    [
        (Candidate(PAT, "A-12", None), "A-12 Pat Moreno", "LSPD · free"),
        (
            Candidate(replace(PAT, status=3), "A-12", 101),
            "A-12 Pat Moreno",
            "LSPD · on #101 · enroute",
        ),
        (Candidate(replace(PAT, status=1), "A-12", None), "A-12 Pat Moreno", "LSPD · busy"),
        (Candidate(unit(2, "", "steam:2"), "steam:2", None), "steam:2", "free"),
    ],
)
def test_a_unit(candidate: Candidate, label: str, description: str):
    option = unit_option(candidate)
    assert (option.label, option.value) == (label, candidate.token)
    assert option.description == description


def test_a_department():
    crew = [Candidate(PAT, "A-12", None), Candidate(PAT, "A-13", None)]
    option = department_option("LSPD", crew)
    assert (option.label, option.value) == ("All free units of LSPD", "LSPD")
    assert option.description == "2: A-12, A-13"


def test_the_selection_can_be_read_and_replaced():
    options = [SelectOption(label=one, value=one, description=f"unit {one}") for one in "ABC"]
    assert selected_values(options) == []
    selected = with_selected(options, ["A", "C", "unknown"])
    assert selected_values(selected) == ["A", "C"]
    assert selected_values(with_selected(selected, ["B"])) == ["B"]
    assert [(one.label, one.value, one.description) for one in selected] == [
        (one.label, one.value, one.description) for one in options
    ]
    assert selected_values(options) == []  # the given options are not changed


texts = st.text(min_size=0, max_size=150)


@given(texts, texts, texts, st.integers(0, 60))
def test_discord_takes_every_option(number: str, name: str, department: str, crew: int):
    one = Candidate(unit(1, number, "steam:1", name=name, department=department), "A-1", 10**17)
    for option in (unit_option(one), department_option(department, [one] * crew)):
        assert 1 <= len(option.label) <= MAX_OPTION_LENGTH
        assert option.description is None or len(option.description) <= MAX_OPTION_LENGTH


def option(label: str, value: str = "") -> SelectOption:
    return SelectOption(label=label, value=value or label)


def test_labels_that_agree_are_counted():
    options = [option("x" * 100, str(number)) for number in range(12)]
    labels = [one.label for one in distinct([*options, option("other")])]
    assert labels[0] == "x" * 100
    assert labels[1] == "x" * 96 + " (2)"
    assert labels[-2:] == ["x" * 95 + " (12)", "other"]
    assert {one.label for one in options} == {"x" * 100}


@given(st.integers(0, 90), st.sets(st.integers(0, 89), max_size=24), st.integers(0, 5))
def test_pages_show_every_option_and_keep_what_is_selected(
    count: int, picked: set[int], turns: int
):
    options = [option(str(number)) for number in range(count)]
    shown = next_page((), options)
    assert [one.value for one in shown] == [one.value for one in options[:MAX_OPTIONS]]
    selected = [one.value for one in shown if int(one.value) in picked]
    seen = {one.value for one in shown}
    for _ in range(turns + count):
        shown = next_page(with_selected(shown, selected), options)
        values = [one.value for one in shown]
        assert len(values) == len(set(values)) == min(count, MAX_OPTIONS)
        assert selected_values(shown) == selected
        seen.update(values)
    assert count <= MAX_OPTIONS or seen == {one.value for one in options} or len(selected) >= 25


def test_an_option_that_is_gone_begins_anew():
    assert next_page([option("gone")], [option("A"), option("B")])[0].value == "A"


@given(texts)
def test_a_department_has_a_key_that_discord_takes(name: str):
    assert len(department_key(name)) <= MAX_OPTION_LENGTH
    assert department_key(department_key(name)) == department_key(name) or not name


def test_the_departments_that_a_list_can_be_limited_to():
    crew = [
        Candidate(PAT, "A-12", None),
        Candidate(PAT, "A-13", 100),
        Candidate(replace(PAT, department="EMS"), "M-1", None),
        Candidate(replace(PAT, department=""), "X-1", None),
    ]
    found = department_filter(crew, "LSPD")
    assert [(one.label, one.value, one.description, one.default) for one in found] == [
        ("All departments", ALL_DEPARTMENTS, None, False),
        ("EMS", "EMS", "1 to pick from, 1 free", False),
        ("LSPD", "LSPD", "2 to pick from, 1 free", True),
    ]
    many = [Candidate(replace(PAT, department=f"D{n}"), "A", None) for n in range(30)]
    found = department_filter([*many, *crew], ALL_DEPARTMENTS)
    assert len(found) == MAX_OPTIONS
    assert "LSPD" in [one.label for one in found]
