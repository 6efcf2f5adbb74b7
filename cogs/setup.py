"""/setup."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.ui.interactions.responses import Interaction
from bot.ui.setup.setup_access import show_page


class SetupCog(commands.Cog):
    """Sets the server up: the CAD, roles, channels, members and push events."""

    @app_commands.command(description="Set the bot up for this server")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction) -> None:
        await show_page(interaction)
