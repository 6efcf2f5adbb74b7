"""A second Discord server that is not set up yet, for trying `/setup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import discord
import simcord

from sandbox.cad.state import seed

MEMBERS = (seed.DANA, seed.PAT, seed.CHARLIE, seed.VIC)
SECRETS_KEY = "s" * 43  # the sandbox keeps nothing


@dataclass(frozen=True, slots=True)
class NewServer:
    """The server; `people` by first name. Dana may manage it."""

    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    people: Mapping[str, simcord.MemberActor]


def build_new_server(env: simcord.Env, members: Mapping[str, simcord.MemberActor]) -> NewServer:
    """Create the server, with the members of the first one.

    Args:
        members: of the first server, by first name.
    """
    guild = env.create_guild("Liberty City Roleplay")
    channel = guild.create_text_channel("dispatch", topic="Not set up yet: use /setup")
    guild.create_text_channel("log")
    manager = guild.create_role("Owner", permissions=discord.Permissions(manage_guild=True))
    dispatch = guild.create_role("Dispatchers", color=0xE67E22, hoist=True)
    officer = guild.create_role("Officer", color=0x3498DB, hoist=True)
    roles = {
        seed.DANA: [manager, dispatch],
        seed.PAT: [officer],
        seed.CHARLIE: [officer],
    }
    people = {
        one.name: guild.add_member(members[one.name].user, roles=roles.get(one, []))
        for one in MEMBERS
    }
    return NewServer(guild, channel, people)
