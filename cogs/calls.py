"""/calls, /call new, and `Attach to call` in a member's context menu."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.services.errors import ServiceError
from bot.ui.calls import call_text as words
from bot.ui.calls.autocomplete_choices import ServerNumber, server_choices
from bot.ui.calls.call_select import call_select_view, calls_buttons
from bot.ui.calls.new_call import NewCallForm, Priority
from bot.ui.interactions.answers import answer, answer_error
from bot.ui.interactions.responses import (
    Interaction,
    actor_of,
    respond,
    services_for,
)
from bot.ui.text import member_mention


class CallsCog(commands.Cog):
    """Lists the open calls, as text or as a select.

    Args:
        tree: where the context menu is registered; discord.py does not find it in a cog.
    """

    call = app_commands.Group(name="call", description="Open a call", guild_only=True)

    def __init__(self, tree: app_commands.CommandTree[Any]) -> None:
        self._tree = tree
        self._menu = app_commands.ContextMenu(name="Attach to call", callback=self.attach_to_call)
        self._menu.guild_only = True

    async def cog_load(self) -> None:
        """Register the context menu."""
        self._tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Remove the context menu."""
        self._tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(description="List the open calls and 911 calls")
    @app_commands.describe(
        server="The number of the CAD's server, if your community has several", page="Which page"
    )
    @app_commands.guild_only()
    async def calls(
        self,
        interaction: Interaction,
        server: ServerNumber | None = None,
        page: Range[int, 1] = 1,
    ) -> None:
        await respond(
            interaction,
            services_for(interaction).call_listing.page(actor_of(interaction), page, server),
            words.calls_page,
            calls_buttons,
        )

    @call.command(description="Open a new call, then pick its units")
    @app_commands.describe(
        priority="1 is the highest, 3 the lowest and what counts if you leave it out",
        server="The number of the CAD's server, if your community has several",
    )
    async def new(
        self,
        interaction: Interaction,
        priority: Priority | None = None,
        server: ServerNumber | None = None,
    ) -> None:
        try:
            services_for(interaction).call_actions.require_dispatch(actor_of(interaction))
        except ServiceError as error:
            await answer_error(interaction, error)
            return
        await interaction.response.send_modal(NewCallForm(server, priority))

    @new.autocomplete("server")
    @calls.autocomplete("server")
    async def suggest_servers(self, interaction: Interaction, typed: str) -> list[Choice[int]]:
        return server_choices(services_for(interaction).suggestions.servers(typed))

    async def attach_to_call(self, interaction: Interaction, person: discord.Member) -> None:
        try:
            servers = services_for(interaction).call_listing.open_calls(actor_of(interaction))
        except ServiceError as error:
            await answer_error(interaction, error)
            return
        if not servers:
            await answer(interaction, "❌ No call is open.")
            return
        question = f"Which call should {member_mention(person.id)} go to?"
        await answer(interaction, question, call_select_view(person.id, servers))
