"""What Discord knows about a file and about names → what the services take."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import discord

from bot.services.errors import FileNotLoaded
from bot.services.link_files import Upload
from bot.services.links_rows import Names


def upload_of(attachment: discord.Attachment) -> Upload:
    """Return a file that somebody has sent with a command."""

    async def load() -> bytes:
        try:
            return await attachment.read()
        except Exception as error:  # the library below has errors of its own
            raise FileNotLoaded from error

    return Upload(attachment.filename, attachment.size, load)


def names_of(client: discord.Client, guild: discord.Guild | None) -> Names | None:
    """Return what a guild's members are called; None where the bot does not know all of them."""
    if guild is None or not client.intents.members:
        return None
    members = guild.members

    def named() -> Mapping[str, Collection[int]]:
        found: dict[str, set[int]] = {}
        for one in members:
            for name in (one.name, str(one), one.global_name, one.nick):
                if name:
                    found.setdefault(name.casefold(), set()).add(one.id)
        return found

    return named
