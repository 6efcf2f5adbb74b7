"""The members of the Discord servers, as far as Discord lists them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import discord

_log = logging.getLogger(__name__)


class DiscordMembers:
    """Reads the members from a connected client that has the members intent."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def membership_test(self, guild_id: int) -> Callable[[int], bool] | None:
        """Return the test for a member of a server; None unless all its members are known."""
        await self._client.wait_until_ready()
        guild = self._client.get_guild(guild_id)
        if guild is not None and not guild.chunked:
            await guild.chunk()
        if guild is not None and guild.chunked and not guild.unavailable:
            return partial(_is_member, guild)
        _log.warning("not all members of guild %s are loaded; no member is erased", guild_id)
        return None


def _is_member(guild: discord.Guild, discord_id: int) -> bool:
    return guild.get_member(discord_id) is not None
