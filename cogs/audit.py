"""/audit."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.ui.interactions.responses import Interaction, actor_of, respond, services_for
from bot.ui.links import link_results


class AuditCog(commands.Cog):
    """Shows past orders."""

    @app_commands.command(description="See which units were sent where, and by which member")
    @app_commands.describe(
        member="Only orders by or about this member",
        call="Only orders on this call: its number, or a part of an open call's title or code",
        page="Which page",
    )
    @app_commands.guild_only()
    async def audit(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        call: str | None = None,
        page: Range[int, 1] = 1,
    ) -> None:
        member_id = member.id if member else None
        work = services_for(interaction).audit_log.page(
            actor_of(interaction), page, member_id=member_id, call=call
        )
        await respond(interaction, work, link_results.audit_page)
