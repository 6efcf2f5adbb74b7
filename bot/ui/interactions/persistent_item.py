"""The base of what can be pressed or chosen in a message, also after a restart of the bot.

A custom id carries all state of its item, at most 100 characters: `cad:<action>:<values>`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Self, TypeAlias

import discord
from discord.ui import Button, DynamicItem, Item, View

from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import Interaction, answer_error, services_for

PressHandler: TypeAlias = Callable[[Interaction, GuildServices], Awaitable[None]]


async def run_guarded(interaction: discord.Interaction[Any], press: PressHandler) -> None:
    """Run the handler of an item or a form, and answer whatever goes wrong in it.

    discord.py only logs an exception in a `callback`, and one in `interaction_check` silently
    means "not allowed"; therefore every callback of ours calls this with a `press`.
    """
    try:
        if await interaction.client.tree.interaction_check(interaction):
            await press(interaction, services_for(interaction))
    except Exception as error:  # noqa: BLE001 - no caller would answer it
        await answer_error(interaction, error)


class PersistentItem(DynamicItem[Any], template="cad:"):
    """An item whose custom id carries its state; subclasses write `press`.

    The groups of the `template` are the arguments of `__init__`, in their order: numbers, unless
    the subclass overrides `from_match`.
    """

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003
        item: Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the item from its custom id."""
        return cls.from_match(match, item)

    @classmethod
    def from_match(cls, match: re.Match[str], item: Item[Any]) -> Self:  # noqa: ARG003
        """Build the item from the values in its custom id and the item of the message."""
        return cls(*map(int, match.groups()))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run `press`; whatever goes wrong is answered."""
        await run_guarded(interaction, self.press)

    @abstractmethod
    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Do what the item is for."""


def id_button_pattern(action: str) -> str:
    """Return the pattern of the custom ids of an action on something that has an id."""
    return rf"cad:{action}:(?P<number>\d{{1,19}})"


class IdButton(PersistentItem, template=id_button_pattern("number")):
    """A button about an order, a request or another thing that has an id."""

    action: ClassVar[str]
    label: ClassVar[str]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def __init__(self, number: int) -> None:
        self.number = number
        custom_id = f"cad:{self.action}:{number}"
        super().__init__(Button[View](label=self.label, style=self.style, custom_id=custom_id))
