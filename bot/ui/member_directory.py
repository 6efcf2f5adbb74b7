"""The members of the Discord servers, as far as Discord lists them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import discord

from bot.services.targets.near_matches import NamedMember

_log = logging.getLogger(__name__)


class DiscordMembers:
    """Reads the members from a connected client; all of them, if it has the members intent."""

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

    def search(self, guild_id: int, word: str) -> list[NamedMember]:
        """Return the known members of a server whose name contains a word, in any letter case."""
        guild, wanted = self._client.get_guild(guild_id), word.casefold()
        found: list[NamedMember] = []
        for member in guild.members if guild and wanted else ():
            names = [member.display_name, member.global_name or "", member.name]
            folded = [name.casefold() for name in names]
            if not member.bot and any(wanted in name for name in folded):
                found.append(NamedMember(member.id, is_whole=wanted in folded))
        return found


def _is_member(guild: discord.Guild, discord_id: int) -> bool:
    return guild.get_member(discord_id) is not None
