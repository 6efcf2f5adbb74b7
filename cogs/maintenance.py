"""Background jobs: expire link requests, and erase members who left the server."""

from __future__ import annotations

import logging
from functools import partial

import discord
from discord.ext import commands, tasks

from bot.services.links.approvals import LinkApprovals
from bot.services.records.erasure import MemberErasure
from bot.ui import loops

_log = logging.getLogger(__name__)


class MaintenanceCog(commands.Cog):
    """Deletes personal data that must not be kept any longer.

    Args:
        erasure: None if members are not erased when they leave.
    """

    def __init__(
        self, bot: discord.Client, requests: LinkApprovals, erasure: MemberErasure | None
    ) -> None:
        self._bot = bot
        self._requests = requests
        self._erasure = erasure

    async def cog_load(self) -> None:
        """Start the loops."""
        self.expire_requests.start()
        if self._erasure is not None:
            self.erase_departed.start(self._erasure)

    async def cog_unload(self) -> None:
        """Stop the loops."""
        await loops.stop(self.expire_requests)
        await loops.stop(self.erase_departed)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Erase a member who left."""
        if self._erasure is not None:
            await self._erasure.erase(payload.guild_id, payload.user.id)

    @tasks.loop(minutes=1)
    async def expire_requests(self) -> None:
        """Expire link requests that were not decided in time."""
        await self._requests.expire()

    @tasks.loop(hours=1)
    async def erase_departed(self, leaving: MemberErasure) -> None:
        """Erase members who left while the bot was offline, and orders that ended since."""
        for guild in self._bot.guilds:
            if not guild.chunked:
                await guild.chunk()
            if guild.chunked and not guild.unavailable:
                await leaving.erase_absent(guild.id, partial(_is_member, guild))
            else:
                _log.warning(
                    "not all members of guild %s are loaded; no member is erased", guild.id
                )

    @erase_departed.before_loop
    async def wait_until_ready(self) -> None:
        """Wait until Discord has sent the list of servers."""
        await self._bot.wait_until_ready()

    @expire_requests.error
    @erase_departed.error
    async def log_loop_error(self, error: BaseException) -> None:
        """Log that a loop has stopped."""
        _log.error("a maintenance loop has failed; it stops until the next start", exc_info=error)


def _is_member(guild: discord.Guild, discord_id: int) -> bool:
    return guild.get_member(discord_id) is not None
