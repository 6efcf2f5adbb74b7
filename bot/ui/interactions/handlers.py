"""What Discord's interactions reach first: the command tree, and items that outlive a restart.

Both refuse interactions while the bot stops, and answer every error. A custom id carries all state
of its item, at most 100 characters: `cad:<action>:<values>`.
"""

from __future__ import annotations

import asyncio
import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Self

import discord
from discord import app_commands
from discord.ui import Button, DynamicItem, Item, View

from bot.ui.interactions.answers import answer, answer_error
from bot.ui.interactions.guild_services import DispatchClient, GuildServices
from bot.ui.interactions.responses import Interaction, refusal_for, services_for

SETUP = "setup"  # the command, and the first word of the custom ids of its page


class DispatchTree(app_commands.CommandTree[DispatchClient]):
    """Turns errors into answers and knows which commands are still under way."""

    def __init__(self, client: DispatchClient) -> None:
        super().__init__(client)
        self._running: set[asyncio.Task[object]] = set()
        self._closing = False

    async def drain(self, seconds: float) -> None:
        """Take no more commands and give those under way time to finish."""
        self._closing = True
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def abandon(self) -> None:
        """Take no more commands, and cancel those under way."""
        self._closing = True
        for task in self._running:
            task.cancel()

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Refuse what comes while closing, or from a server that this bot does not serve.

        A server can be set up before it is served.
        """
        is_served = interaction.guild_id in self.client.guild_services
        if interaction.type is discord.InteractionType.autocomplete:
            return not self._closing and is_served
        if self._closing:
            await answer(interaction, "❌ The bot is restarting. Try again in a minute.")
            return False
        if not is_served and not _is_about_setup(interaction):
            await answer_error(interaction, refusal_for(interaction))
            return False
        # discord.py runs the command in the task that asks here.
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return True

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Answer what went wrong."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await answer_error(interaction, cause)


def _is_about_setup(interaction: Interaction) -> bool:
    """Return whether an interaction is `/setup`, or belongs to its page."""
    data: Mapping[str, Any] = interaction.data or {}
    return data.get("name") == SETUP or str(data.get("custom_id")).startswith(f"cad:{SETUP}:")


async def run_guarded(
    interaction: discord.Interaction[Any], handle: Callable[[Interaction], Awaitable[None]]
) -> None:
    """Run the handler of an item or a form, and answer whatever goes wrong in it.

    discord.py only logs an exception in a `callback`, and one in `interaction_check` silently
    means "not allowed"; therefore every callback of ours calls this.
    """
    try:
        if await interaction.client.tree.interaction_check(interaction):
            await handle(interaction)
    except Exception as error:  # noqa: BLE001 - no caller would answer it
        await answer_error(interaction, error)


class GuardedItem(DynamicItem[Any], template="cad:"):
    """An item whose custom id carries its state; subclasses write `handle`.

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
        """Run `handle`; whatever goes wrong is answered."""
        await run_guarded(interaction, self.handle)

    @abstractmethod
    async def handle(self, interaction: Interaction) -> None:
        """Do what the item is for, with or without the services of the guild."""


class PersistentItem(GuardedItem, template="cad:"):
    """An item that needs the services of its guild; subclasses write `press`."""

    async def handle(self, interaction: Interaction) -> None:
        """Run `press` with the services of the guild."""
        await self.press(interaction, services_for(interaction))

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
