"""Who is in the roles and voice channels that a `units` text names, as Discord has it now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import discord

from bot.services.targets import grammar
from bot.services.targets.grammar import Gap, Mention
from bot.ui.interactions.responses import Interaction

CROWD_LIMIT = 5000  # people; the ids of all are stored with the order
_LISTED = 0.95  # the part of the members that has to be in memory


def gathered(interaction: Interaction, units: str) -> str:
    """Write into the mentions of a text who is meant, from memory."""
    if interaction.guild is None:
        return units
    look = partial(_look, interaction.guild, interaction.user, interaction.client.intents.members)
    return grammar.written_out(units, look)


def _look(
    guild: discord.Guild, person: discord.User | discord.Member, has_members: bool, seen: Mention
) -> Sequence[int] | Gap | None:
    match seen.sigil:
        case "@&":
            return _of_role(guild, has_members, seen.id)
        case "#":
            return _of_channel(guild, person, seen.id)
        case _:
            # Without all members in memory, somebody who is not there may well be a member.
            is_known = not has_members or not _is_listed(guild) or guild.get_member(seen.id)
            return None if is_known else Gap.ELSEWHERE


def _of_role(guild: discord.Guild, has_members: bool, role_id: int) -> Sequence[int] | Gap:
    role = guild.get_role(role_id)
    if role is None:
        return Gap.ELSEWHERE
    if role.is_default():
        return Gap.EVERYONE
    if not has_members:
        return Gap.HIDDEN
    if not _is_listed(guild):
        return Gap.LOADING
    return _limited(member.id for member in role.members if not member.bot)


def _of_channel(
    guild: discord.Guild, person: discord.User | discord.Member, channel_id: int
) -> Sequence[int] | Gap:
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None or not isinstance(person, discord.Member):
        return Gap.ELSEWHERE
    # Whoever cannot see a channel is not told who is in it.
    if not channel.permissions_for(person).view_channel:
        return Gap.ELSEWHERE
    if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        return Gap.TEXT
    return _limited(one for one in channel.voice_states if not _is_bot(guild, one))


def _is_listed(guild: discord.Guild) -> bool:
    """Tell whether the members are in memory; Discord's own count of them drifts a little."""
    return len(guild.members) >= _LISTED * (guild.member_count or 1)


def _is_bot(guild: discord.Guild, member_id: int) -> bool:
    member = guild.get_member(member_id)
    return member is not None and member.bot


def _limited(member_ids: Iterable[int]) -> Sequence[int] | Gap:
    found = list(member_ids)
    return found if len(found) <= CROWD_LIMIT else Gap.LARGE
