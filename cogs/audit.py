"""/audit, and the loop that purges old orders."""

from __future__ import annotations

import logging

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands, tasks

from bot.services.records.audit_log import AuditLog
from bot.ui import loops
from bot.ui.interactions.responses import Interaction, actor_of, respond, services_for
from bot.ui.links import link_results

_log = logging.getLogger(__name__)


class AuditCog(commands.Cog):
    """Shows past orders."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def cog_load(self) -> None:
        """Start the purge loop."""
        self.purge.start()

    async def cog_unload(self) -> None:
        """Stop the purge loop."""
        await loops.stop(self.purge)

    @app_commands.command(description="See which units were sent where, and by which member")
    @app_commands.describe(
        member="Only orders by or about this member",
        call="Only orders on this call",
        page="Which page",
    )
    @app_commands.guild_only()
    async def audit(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        call: Range[int, 1, 2**31 - 1] | None = None,
        page: Range[int, 1] = 1,
    ) -> None:
        member_id = member.id if member else None
        work = services_for(interaction).audit_log.page(
            actor_of(interaction), page, member_id=member_id, call_id=call
        )
        await respond(interaction, work, link_results.audit_page)

    @tasks.loop(minutes=1)
    async def purge(self) -> None:
        """Delete interaction tokens and orders that have expired."""
        await self._audit.purge()

    @purge.error
    async def log_purge_error(self, error: BaseException) -> None:
        """Log that the purge loop has stopped."""
        _log.error(
            "the purge loop has failed; old orders are not deleted until the next start",
            exc_info=error,
        )
