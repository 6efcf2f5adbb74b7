"""Forms that can be sent after a restart: what they need is in their custom id."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias

import discord
from discord.ui import Label, Modal

from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.ui.interactions.handlers import run_guarded
from bot.ui.interactions.responses import Interaction

# What was entered or chosen in each field, by its custom id; a text is a list of one.
Values: TypeAlias = Mapping[str, list[str]]


class PersistentForm(Modal):
    """A form whose custom id carries its state; subclasses write `submit`.

    discord.py knows only the forms that this process has sent. So it finds an `on_submit` that
    does nothing, and `handle_form` handles each form, whichever process has sent it.

    Attributes:
        template: of the custom ids.
    """

    template: ClassVar[re.Pattern[str]]

    def __init__(self, title: str, custom_id: str, fields: Sequence[Label[Any]]) -> None:
        super().__init__(
            title=title, custom_id=custom_id, timeout=INTERACTION_LIFETIME.total_seconds()
        )
        for field in fields:
            self.add_item(field)

    @classmethod
    @abstractmethod
    async def submit(cls, match: re.Match[str], values: Values, interaction: Interaction) -> None:
        """Do what the form is for."""


async def handle_form(
    interaction: discord.Interaction[Any], forms: Iterable[type[PersistentForm]]
) -> None:
    """Handle an interaction that sends one of some forms; leave any other one."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data: Mapping[str, Any] = interaction.data or {}
    for form in forms:
        if match := form.template.fullmatch(data["custom_id"]):
            values = read_values(data["components"])
            await run_guarded(interaction, partial(form.submit, match, values))


def read_values(components: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what was entered into the fields of a form, as Discord sends it.

    https://docs.discord.com/developers/components/reference#label
    """
    found: dict[str, list[str]] = {}
    for component in components:
        field = component.get("component", component)
        if "custom_id" not in field:
            continue
        if "values" in field:
            found[field["custom_id"]] = [str(one) for one in field["values"]]
        else:
            value = field.get("value")
            found[field["custom_id"]] = [] if value in {None, False, ""} else [str(value)]
    return found
