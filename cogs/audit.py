"""/audit, and the forgetting that goes with it."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.services.records.audit_log import AuditLog
from bot.ui.interactions.responses import Interaction, actor_of, respond
from bot.ui.links import link_results


class AuditCog(commands.Cog):
    """Shows what was ordered."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    @app_commands.command(description="See what was ordered, by whom, and what came of it")
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
        work = self._audit.page(actor_of(interaction), page, member_id=member_id, call_id=call)
        await respond(interaction, work, link_results.audit_page)
