"""Expand the roles and voice channels of a `units` text to the members in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import discord

from bot.services.targets.terms import MembersUnavailable, Mention
from bot.ui.interactions.responses import Interaction

AUDIENCE_LIMIT = 5000  # members; all their ids are stored with the order
_LOADED_SHARE = 0.95  # this share of the members must be cached


def members_of(
    interaction: Interaction, mention: Mention
) -> Sequence[int] | MembersUnavailable | None:
    """Return the members that a mention stands for, from memory; see `terms.MentionLookup`.

    Returns:
        None for a mention that needs no members: of one member, or without a server to look in.
    """
    guild, has_members = interaction.guild, interaction.client.intents.members
    if guild is None:
        return None
    match mention.sigil:
        case "@&":
            return _role_members(guild, has_members, mention.id)
        case "#":
            return _channel_members(guild, interaction.user, mention.id)
        case _:
            # A member may be missing from an incomplete cache.
            is_known = not has_members or not _members_loaded(guild) or guild.get_member(mention.id)
            return None if is_known else MembersUnavailable.NOT_VISIBLE


def _role_members(
    guild: discord.Guild, has_members: bool, role_id: int
) -> Sequence[int] | MembersUnavailable:
    role = guild.get_role(role_id)
    if role is None:
        return MembersUnavailable.NOT_VISIBLE
    if role.is_default():
        return MembersUnavailable.EVERYONE
    if not has_members:
        return MembersUnavailable.HIDDEN
    if not _members_loaded(guild):
        return MembersUnavailable.LOADING
    return _limit_members(member.id for member in role.members if not member.bot)


def _channel_members(
    guild: discord.Guild, person: discord.User | discord.Member, channel_id: int
) -> Sequence[int] | MembersUnavailable:
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None or not isinstance(person, discord.Member):
        return MembersUnavailable.NOT_VISIBLE
    # An actor who cannot see a channel must not learn who is in it.
    if not channel.permissions_for(person).view_channel:
        return MembersUnavailable.NOT_VISIBLE
    if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        return MembersUnavailable.TEXT_CHANNEL
    return _limit_members(one for one in channel.voice_states if not _is_bot(guild, one))


def _members_loaded(guild: discord.Guild) -> bool:
    """Return True if the members are cached; Discord's own count of them is not exact."""
    return len(guild.members) >= _LOADED_SHARE * (guild.member_count or 1)


def _is_bot(guild: discord.Guild, member_id: int) -> bool:
    member = guild.get_member(member_id)
    return member is not None and member.bot


def _limit_members(member_ids: Iterable[int]) -> Sequence[int] | MembersUnavailable:
    found = list(member_ids)
    return found if len(found) <= AUDIENCE_LIMIT else MembersUnavailable.TOO_LARGE
