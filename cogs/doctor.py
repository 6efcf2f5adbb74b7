"""/doctor."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.ui.doctor import doctor_report as words
from bot.ui.interactions.responses import Interaction, actor_of, respond, services_for


class DoctorCog(commands.Cog):
    """Runs the checks of the set-up."""

    @app_commands.command(description="Check the bot's set-up, and see who may do what")
    @app_commands.guild_only()
    async def doctor(self, interaction: Interaction) -> None:
        await respond(
            interaction, services_for(interaction).doctor.run(actor_of(interaction)), words.report
        )
