"""Checks of the roles and channels that a member has chosen. Discord's own data, no question."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from bot.services.guild_errors import (
    ChannelUnusable,
    RoleNotPingable,
    RoleOfAllMembers,
    RoleOfIntegration,
)
from bot.ui.doctor.discord_checks import CHANNEL_PERMISSIONS


def check_roles(guild: discord.Guild | None, role_ids: Iterable[int]) -> None:
    """Raise unless all roles can be given a right.

    Raises:
        RoleOfAllMembers, RoleOfIntegration.
    """
    for role in _roles(guild, role_ids):
        if role.is_default():
            raise RoleOfAllMembers
        if role.managed:
            raise RoleOfIntegration(role.id)


def check_channels(guild: discord.Guild | None, channel_ids: Iterable[int]) -> None:
    """Raise unless the bot can post in all channels.

    Raises:
        ChannelUnusable.
    """
    for channel_id in channel_ids:
        channel = guild.get_channel(channel_id) if guild else None
        if guild is None or channel is None:  # the bot cannot see it
            raise ChannelUnusable(channel_id, CHANNEL_PERMISSIONS[:1])
        rights = channel.permissions_for(guild.me)
        if missing := [one for one in CHANNEL_PERMISSIONS if not getattr(rights, one)]:
            raise ChannelUnusable(channel_id, missing)


def check_ping(guild: discord.Guild | None, role_id: int | None, channel_id: int | None) -> None:
    """Raise unless the bot may ping a role, in the channel of the cards.

    Raises:
        RoleOfAllMembers, RoleNotPingable.
    """
    for role in _roles(guild, [role_id or 0]):
        if role.is_default():
            raise RoleOfAllMembers
        me = role.guild.me
        channel = role.guild.get_channel(channel_id or 0)
        rights = channel.permissions_for(me) if channel else me.guild_permissions
        if not role.mentionable and not rights.mention_everyone:
            raise RoleNotPingable(role.id)


def open_to_all(guild: discord.Guild | None, channel_ids: Iterable[int]) -> list[int]:
    """Return the channels that all members of the server can read."""
    channels = [guild.get_channel(one) for one in channel_ids] if guild else []
    return [
        one.id
        for one in channels
        if one and one.permissions_for(one.guild.default_role).view_channel
    ]


def _roles(guild: discord.Guild | None, role_ids: Iterable[int]) -> list[discord.Role]:
    found = [guild.get_role(one) for one in role_ids] if guild else []
    return [one for one in found if one is not None]
