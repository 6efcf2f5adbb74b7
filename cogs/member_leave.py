"""What happens when a member leaves a server."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.services.records.erasure import MemberErasure


class MemberLeaveCog(commands.Cog):
    """Erases the data of a member who leaves."""

    def __init__(self, erasure: MemberErasure) -> None:
        self._erasure = erasure

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Erase the member's data."""
        await self._erasure.erase(payload.guild_id, payload.user.id)
