"""What happens when a member leaves a server."""

from __future__ import annotations

from collections.abc import Callable

import discord
from discord.ext import commands

from bot.services.records.erasure import MemberErasure


class MemberLeaveCog(commands.Cog):
    """Erases the data of a member who leaves.

    Args:
        erasure_for: returns the erasure of a guild; None where it keeps the data.
    """

    def __init__(self, erasure_for: Callable[[int], MemberErasure | None]) -> None:
        self._erasure_for = erasure_for

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Erase the member's data."""
        erasure = self._erasure_for(payload.guild_id)
        if erasure is not None:
            await erasure.erase(payload.guild_id, payload.user.id)
