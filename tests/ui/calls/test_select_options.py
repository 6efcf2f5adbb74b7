"""The options of a select: units, departments, and which of them are selected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from discord import SelectOption
from hypothesis import given
from hypothesis import strategies as st

from bot.services.pickers.unit_picker import Candidate
from bot.ui.calls.select_options import (
    MAX_OPTION_LENGTH,
    department_option,
    selected_values,
    unit_option,
    with_selected,
)
from tests.services.samples import unit

PAT = unit(1, "A-12", "steam:1", name="Pat Moreno", department="LSPD")


@pytest.mark.parametrize(
    ("candidate", "label", "description"),
    [
        (Candidate(PAT, "A-12", None), "A-12 Pat Moreno", "LSPD · free · available"),
        (
            Candidate(replace(PAT, status=3), "A-12", 101),
            "A-12 Pat Moreno",
            "LSPD · on #101 · enroute",
        ),
        (Candidate(replace(PAT, status=1), "A-12", None), "A-12 Pat Moreno", "LSPD · busy"),
        (Candidate(unit(2, "", "steam:2"), "steam:2", None), "steam:2", "free · available"),
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
