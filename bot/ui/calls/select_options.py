"""Whom one can pick → the options that Discord lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from discord import SelectOption

from bot.services.pickers.unit_picker import Candidate
from bot.ui.calls.action_text import status_word
from bot.ui.text import visible

LONGEST = 100  # characters of an option's label, value and description


def chosen(options: Iterable[SelectOption]) -> list[str]:
    """Return the values of what is chosen."""
    return [one.value for one in options if one.default]


def with_chosen(options: Iterable[SelectOption], values: Sequence[str]) -> tuple[SelectOption, ...]:
    """Return the options with these values chosen, and no other."""
    return tuple(
        SelectOption(
            label=one.label,
            value=one.value,
            description=one.description,
            default=one.value in values,
        )
        for one in options
    )


def of_unit(one: Candidate) -> SelectOption:
    """Show a unit as "A-12 Pat Moreno" and "LSPD · on #101 · enroute"."""
    where = f"on #{one.call_id}" if one.call_id is not None else "free" if one.is_free else ""
    department = visible(one.unit.department, 40)
    parts = (department, where, status_word(one.unit.status))
    return SelectOption(
        label=visible(f"{one.unit.number or one.word} {one.unit.name}", LONGEST),
        value=one.word,
        description=" · ".join(part for part in parts if part),
    )


def of_department(name: str, crew: Sequence[Candidate]) -> SelectOption:
    """Show all free units of a department."""
    return SelectOption(
        label=visible(f"All free units of {name}", LONGEST),
        value=name,
        description=visible(f"{len(crew)}: " + ", ".join(one.word for one in crew), LONGEST),
    )
