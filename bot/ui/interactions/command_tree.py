"""The command tree: the one gate that every command passes, in and out."""

from __future__ import annotations

import asyncio

import discord
from discord import app_commands

from bot.ui.interactions.guild_services import DispatchClient
from bot.ui.interactions.responses import Interaction, answer, answer_error


class DispatchTree(app_commands.CommandTree[DispatchClient]):
    """Turns errors into answers and knows which commands are still under way."""

    def __init__(self, client: DispatchClient) -> None:
        super().__init__(client)
        self.guild_id: int | None = None
        self._running: set[asyncio.Task[object]] = set()
        self._closing = False

    async def drain(self, seconds: float) -> None:
        """Take no more commands and give those under way time to finish."""
        self._closing = True
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Refuse what comes while closing, or from a server that this bot does not serve."""
        is_served = self.guild_id is None or interaction.guild_id == self.guild_id
        if interaction.type is discord.InteractionType.autocomplete:
            return not self._closing and is_served
        if self._closing:
            await answer(interaction, "❌ The bot is restarting. Try again in a minute.")
            return False
        if not is_served:
            await answer(interaction, "❌ This bot does not dispatch for this server.")
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
