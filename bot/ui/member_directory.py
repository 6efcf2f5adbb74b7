"""The members of the Discord servers, as far as Discord lists them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

import discord

_log = logging.getLogger(__name__)


class DiscordMembers:
    """Reads the members from a connected client that has the members intent."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def complete_guilds(self) -> AsyncIterator[tuple[int, Callable[[int], bool]]]:
        """Yield each server whose members are all known: its id, and the test for a member."""
        await self._client.wait_until_ready()
        for guild in list(self._client.guilds):
            if not guild.chunked:
                await guild.chunk()
            if guild.chunked and not guild.unavailable:
                yield guild.id, partial(_is_member, guild)
            else:
                _log.warning(
                    "not all members of guild %s are loaded; no member is erased", guild.id
                )


def _is_member(guild: discord.Guild, discord_id: int) -> bool:
    return guild.get_member(discord_id) is not None
