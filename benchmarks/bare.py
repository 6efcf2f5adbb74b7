"""A minimal Discord bot for comparison: no role check, no links, no database."""

from __future__ import annotations

import aiohttp
import discord
from discord.ext import commands

API_ID = "110000100000000"


class BareBot(commands.Bot):
    """Defers, sends the CAD one request for one hard-coded API id, edits the reply.

    Args:
        cad: an open session; the caller closes it.
        guild_id: the guild that gets the command.
    """

    def __init__(self, cad: aiohttp.ClientSession, cad_url: str, guild_id: int) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True, voice_states=True),
        )
        self._cad = cad
        self._cad_url = cad_url
        self._guild = discord.Object(guild_id)

    async def setup_hook(self) -> None:
        """Register the command."""

        @self.tree.command(description="Put a unit on a dispatch call", guild=self._guild)
        async def attach(interaction: discord.Interaction, call: str, units: str) -> None:  # noqa: ARG001
            await interaction.response.defer(ephemeral=True, thinking=True)
            body = {
                "id": "sandbox",
                "key": "sandbox-key",
                "type": "ATTACH_UNITS",
                "data": [{"serverId": 1, "callId": int(call), "units": [API_ID]}],
            }
            async with self._cad.post(f"{self._cad_url}/emergency", json=body) as answer:
                text = await answer.text()
            mark = "✅" if answer.ok else "❌"
            await interaction.edit_original_response(content=f"{mark} #{call}: {text}")

        await self.tree.sync(guild=self._guild)
