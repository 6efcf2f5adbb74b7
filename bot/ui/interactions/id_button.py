"""The base of the buttons that carry a number: of an order, a request, a server.

Custom ids carry all state, so that buttons work after a restart: `cad:<action>:<number>`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self

import discord
from discord.ui import Button, DynamicItem, Item, View

from bot.ui.interactions.error_boundary import Desk, run_guarded
from bot.ui.interactions.responses import Interaction


def id_button_pattern(action: str) -> str:
    """Return the pattern of an action's custom ids."""
    return rf"cad:{action}:(?P<number>\d{{1,19}})"


class IdButton(DynamicItem[Button[View]], template=id_button_pattern("number")):
    """A button about something that has a number; subclasses write `press`."""

    action: ClassVar[str]
    label: ClassVar[str]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def __init__(self, number: int) -> None:
        self.number = number
        custom_id = f"cad:{self.action}:{number}"
        super().__init__(Button(label=self.label, style=self.style, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003
        item: Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """Make the button again that was pressed."""
        return cls(int(match["number"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says; whatever goes wrong is answered."""
        await run_guarded(interaction, self.press)

    @abstractmethod
    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do what the button says."""
