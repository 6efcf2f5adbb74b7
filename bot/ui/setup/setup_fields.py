"""The fields of the forms of `/setup`, and how their values are read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import (
    ChannelType,
    CheckboxGroupOption,
    RadioGroupOption,
    SelectDefaultValue,
    SelectDefaultValueType,
)
from discord.ui import ChannelSelect, CheckboxGroup, Label, RadioGroup, RoleSelect, TextInput

from bot.common.discord_limits import MAX_OPTIONS
from bot.ui.interactions.forms import Values


def text(
    name: str,
    label: str,
    present: str = "",
    *,
    hint: str | None = None,
    is_required: bool = False,
    limit: int = 100,
) -> Label[Any]:
    """Return a field for text."""
    field: TextInput[Any] = TextInput(
        custom_id=name, default=present or None, required=is_required, max_length=limit
    )
    return Label(text=label, component=field, description=hint)


def roles(
    name: str,
    label: str,
    present: Iterable[int],
    *,
    hint: str | None = None,
    limit: int = MAX_OPTIONS,
) -> Label[Any]:
    """Return a field for roles, or none."""
    chosen = _chosen(present, SelectDefaultValueType.role)[:limit]
    field: RoleSelect[Any] = RoleSelect(
        custom_id=name, min_values=0, max_values=limit, default_values=chosen, required=False
    )
    return Label(text=label, component=field, description=hint)


def channel(name: str, label: str, present: int | None, *, hint: str | None = None) -> Label[Any]:
    """Return a field for a text channel, or none."""
    chosen = _chosen(filter(None, [present]), SelectDefaultValueType.channel)
    field: ChannelSelect[Any] = ChannelSelect(
        custom_id=name,
        channel_types=[ChannelType.text],
        min_values=0,
        default_values=chosen,
        required=False,
    )
    return Label(text=label, component=field, description=hint)


def one_of(name: str, label: str, options: Mapping[str, str], present: str) -> Label[Any]:
    """Return a field for one of some options: their texts by value."""
    listed = [
        RadioGroupOption(label=shown, value=value, default=value == present)
        for value, shown in options.items()
    ]
    field: RadioGroup[Any] = RadioGroup(custom_id=name, options=listed)
    return Label(text=label, component=field)


def some_of(
    name: str, label: str, options: Mapping[str, str], present: Iterable[str]
) -> Label[Any]:
    """Return a field for any number of options: their texts by value."""
    listed = [
        CheckboxGroupOption(label=shown, value=value, default=value in {*present})
        for value, shown in options.items()
    ]
    field: CheckboxGroup[Any] = CheckboxGroup(
        custom_id=name, options=listed, min_values=0, required=False
    )
    return Label(text=label, component=field)


def first(values: Values, name: str) -> str:
    """Return the only value of a field; empty if it has none."""
    return next(iter(values.get(name, [])), "").strip()


def snowflakes(values: Values, name: str) -> frozenset[int]:
    """Return the ids that were chosen in a field."""
    return frozenset(map(int, values.get(name, [])))


def snowflake(values: Values, name: str) -> int | None:
    """Return the id that was chosen in a field; None if none was."""
    return next(iter(snowflakes(values, name)), None)


def _chosen(ids: Iterable[int], kind: SelectDefaultValueType) -> list[SelectDefaultValue]:
    return [discord.SelectDefaultValue(id=one, type=kind) for one in sorted(ids)]
