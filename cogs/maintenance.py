"""What goes on by itself about people: requests are tidied up, and who leaves is forgotten."""

from __future__ import annotations

import logging
from functools import partial

import discord
from discord.ext import commands, tasks

from bot.services.links.approvals import LinkRequests
from bot.services.records.erasure import Leaving
from bot.ui import loops

_log = logging.getLogger(__name__)


class PeopleCog(commands.Cog):
    """Keeps nothing for longer than promised.

    Args:
        leaving: None where nobody is to be forgotten on leaving.
    """

    def __init__(
        self, bot: discord.Client, requests: LinkRequests, leaving: Leaving | None
    ) -> None:
        self._bot = bot
        self._requests = requests
        self._leaving = leaving

    async def cog_load(self) -> None:
        """Begin."""
        self.tidy.start()
        if self._leaving is not None:
            self.look_around.start(self._leaving)

    async def cog_unload(self) -> None:
        """Stop."""
        await loops.end(self.tidy)
        await loops.end(self.look_around)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Forget who has left."""
        if self._leaving is not None:
            await self._leaving.forget(payload.guild_id, payload.user.id)

    @tasks.loop(minutes=1)
    async def tidy(self) -> None:
        """End requests in time."""
        await self._requests.tidy()

    @tasks.loop(hours=1)
    async def look_around(self, leaving: Leaving) -> None:
        """Forget who has left while nobody looked, and what has ended since."""
        for guild in self._bot.guilds:
            if not guild.chunked:
                await guild.chunk()
            if guild.chunked and not guild.unavailable:
                await leaving.forget_absent(guild.id, partial(_is_on, guild))
            else:
                _log.warning("not all members of guild %s are known; nobody is forgotten", guild.id)

    @look_around.before_loop
    async def wait(self) -> None:
        """Wait until Discord has told of its servers."""
        await self._bot.wait_until_ready()

    @tidy.error
    @look_around.error
    async def log_fault(self, error: BaseException) -> None:
        """Say that something has stopped."""
        _log.error("people are not forgotten any more until the next start", exc_info=error)


def _is_on(guild: discord.Guild, discord_id: int) -> bool:
    return guild.get_member(discord_id) is not None
