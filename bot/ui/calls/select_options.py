"""Turn units and departments into the options of Discord's selects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy

from discord import SelectOption

from bot.common.discord_limits import MAX_OPTION_LENGTH, MAX_OPTIONS
from bot.services.pickers.unit_picker import Candidate, department_key
from bot.ui.orders.action_text import AVAILABLE, status_word
from bot.ui.text import one_line

ALL_DEPARTMENTS = "sha:"  # the value of an option, beside those of `department_key`

# A select needs an option even if discord.py only builds it to read the selected values.
PLACEHOLDER_OPTIONS = (SelectOption(label="-"),)


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
    """Return a unit's option: "A-12 Pat Moreno", described as "LSPD · on #101 · enroute".

    Of a free unit, the status is named only where it is not simply "available".
    """
    where = f"on #{one.call_id}" if one.call_id is not None else "free" if one.is_free else ""
    department = one_line(one.unit.department, 40)
    number = one_line(one.unit.number, MAX_OPTION_LENGTH) or one.token
    status = "" if one.is_free and one.unit.status == AVAILABLE else status_word(one.unit.status)
    parts = (department, where, status)
    return SelectOption(
        label=one_line(f"{number} {one.unit.name}", MAX_OPTION_LENGTH),
        value=one.token,
        description=" · ".join(part for part in parts if part),
    )


def department_option(name: str, crew: Sequence[Candidate]) -> SelectOption:
    """Return the option that stands for all free units of a department."""
    return SelectOption(
        label=one_line(f"All free units of {name}", MAX_OPTION_LENGTH),
        value=department_key(name),
        description=one_line(
            f"{len(crew)}: " + ", ".join(one.token for one in crew), MAX_OPTION_LENGTH
        ),
    )


def department_filter(candidates: Sequence[Candidate], chosen: str) -> tuple[SelectOption, ...]:
    """Return the options that limit a list of units to one department, all of them first.

    Where there are more than fit, those with the most units are offered.

    Args:
        chosen: the value of the option that is selected.
    """
    counts = Counter(one.unit.department for one in candidates if one.unit.department)
    free = Counter(one.unit.department for one in candidates if one.is_free)
    names = sorted(name for name, _ in counts.most_common(MAX_OPTIONS - 1))
    departments = [
        SelectOption(
            label=one_line(name, MAX_OPTION_LENGTH) or "(unnamed)",
            value=department_key(name),
            description=f"{counts[name]} to pick from, {free[name]} free",
        )
        for name in names
    ]
    everything = SelectOption(label="All departments", value=ALL_DEPARTMENTS)
    return with_selected(distinct([everything, *departments]), [chosen])


def distinct(options: Iterable[SelectOption]) -> list[SelectOption]:
    """Return the options with a count behind each label that an earlier option has, too."""
    counts: Counter[str] = Counter()
    found = []
    for one in options:
        counts[one.label] += 1
        if (count := counts[one.label]) > 1:
            ending = f" ({count})"
            one = copy(one)  # noqa: PLW2901 - the options that were given stay as they are
            one.label = one.label[: MAX_OPTION_LENGTH - len(ending)] + ending
        found.append(one)
    return found


def next_page(
    shown: Sequence[SelectOption], options: Sequence[SelectOption]
) -> tuple[SelectOption, ...]:
    """Return the selected options, and as many of the next ones as there is room for.

    After the last option comes the first.

    Args:
        shown: the options of the page before.
        options: all options, none of them selected.
    """
    selected = [one for one in shown if one.default]
    values = [one.value for one in options]
    last = next((one.value for one in reversed(shown) if not one.default), None)
    start = values.index(last) + 1 if last in values else 0
    kept = {one.value for one in selected}
    others = [one for one in (*options[start:], *options[:start]) if one.value not in kept]
    return (*selected, *others[: MAX_OPTIONS - len(selected)])
