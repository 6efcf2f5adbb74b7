"""Load an uploaded file from Discord, and the members that names in it may mean."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import discord

from bot.services.link_errors import DownloadFailed
from bot.services.link_files.import_export import Upload
from bot.ui.interactions.responses import Interaction

_LOAD_TIMEOUT = 60.0  # seconds


def upload_of(interaction: Interaction, attachment: discord.Attachment) -> Upload:
    """Return the file that a member sent with a command; it is loaded later."""
    # Without the intent only some members are known, and a name could match the wrong one.
    guild = interaction.guild if interaction.client.intents.members else None

    async def load() -> bytes:
        try:
            async with asyncio.timeout(_LOAD_TIMEOUT):
                if guild is not None and not guild.chunked:
                    await guild.chunk()
                return await attachment.read()
        except Exception as error:  # Discord's and the HTTP library's errors have no common base
            raise DownloadFailed from error

    names = None if guild is None else partial(_member_ids_by_name, guild)
    return Upload(attachment.filename, attachment.size, load, names)


def _member_ids_by_name(guild: discord.Guild) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in guild.members:
        for name in (one.name, str(one), one.global_name, one.nick):
            if name:
                found.setdefault(name.casefold(), set()).add(one.id)
    return found
