"""Whether the bot is on a server, and its first message there."""

from __future__ import annotations

import logging

import discord

_WELCOME = (
    "✅ This bot dispatches with Sonoran CAD. A member with Manage Server connects this server with"
    " `/setup`."
)
_GONE = frozenset({10004, 50001})  # unknown guild, missing access

_log = logging.getLogger(__name__)


async def has_left(client: discord.Client, guild_id: int) -> bool:
    """Return whether the bot is certainly not on a server; Discord is asked where needed."""
    if client.get_guild(guild_id) is not None:
        return False
    try:
        await client.fetch_guild(guild_id, with_counts=False)
    except discord.HTTPException as error:
        return error.code in _GONE
    return False


async def welcome(guild: discord.Guild) -> None:
    """Say where to begin, in the channel for such messages, if there is one to write in."""
    channel = guild.system_channel
    if channel is None or not channel.permissions_for(guild.me).send_messages:
        return
    try:
        await channel.send(_WELCOME)
    except (discord.HTTPException, OSError) as error:
        _log.warning("cannot greet server %s: %s", guild.id, error)
