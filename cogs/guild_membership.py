"""What happens when the bot is added to a server, or removed from one."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.services.communities.departures import Departures
from bot.ui.interactions.guild_services import DispatchClient
from bot.ui.setup.guild_presence import has_left, welcome


class GuildMembershipCog(commands.Cog):
    """Welcomes new servers, and lets the data of former ones be deleted."""

    def __init__(self, client: DispatchClient, departures: Departures) -> None:
        self._client = client
        self._departures = departures

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Find the servers that the bot was removed from while it did not run."""
        for guild_id in {*self._client.guild_services, *self._client.refusals}:
            if await has_left(self._client, guild_id):
                await self._departures.leave(guild_id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Say where to begin on a new server."""
        if guild.id not in self._client.guild_services:
            await welcome(guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Delete the API key of a server at once; Discord tells an outage apart from this."""
        await self._departures.leave(guild.id)
