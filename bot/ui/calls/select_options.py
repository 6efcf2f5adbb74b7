"""Turn units and departments into the options of Discord's selects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from discord import SelectOption

from bot.services.pickers.unit_picker import Candidate
from bot.ui.orders.action_text import status_word
from bot.ui.text import one_line

MAX_OPTION_LENGTH = 100  # characters of an option's label, value and description


def selected_values(options: Iterable[SelectOption]) -> list[str]:
    """Return the values of the selected options."""
    return [one.value for one in options if one.default]


def with_selected(
    options: Iterable[SelectOption], values: Sequence[str]
) -> tuple[SelectOption, ...]:
    """Return the options with exactly these values selected."""
    return tuple(
        SelectOption(
            label=one.label,
            value=one.value,
            description=one.description,
            default=one.value in values,
        )
        for one in options
    )


def unit_option(one: Candidate) -> SelectOption:
    """Return a unit's option: "A-12 Pat Moreno", described as "LSPD · on #101 · enroute"."""
    where = f"on #{one.call_id}" if one.call_id is not None else "free" if one.is_free else ""
    department = one_line(one.unit.department, 40)
    number = one_line(one.unit.number, MAX_OPTION_LENGTH) or one.token
    parts = (department, where, status_word(one.unit.status))
    return SelectOption(
        label=one_line(f"{number} {one.unit.name}", MAX_OPTION_LENGTH),
        value=one.token,
        description=" · ".join(part for part in parts if part),
    )


def department_option(name: str, crew: Sequence[Candidate]) -> SelectOption:
    """Return the option that stands for all free units of a department."""
    return SelectOption(
        label=one_line(f"All free units of {name}", MAX_OPTION_LENGTH),
        value=name,
        description=one_line(
            f"{len(crew)}: " + ", ".join(one.token for one in crew), MAX_OPTION_LENGTH
        ),
    )
