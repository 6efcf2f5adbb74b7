"""/attach and /detach."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.services.orders.intake import OrderIntake
from bot.services.pickers.suggestions import Suggestions
from bot.services.queue.order_queue import OrderQueue
from bot.ui.calls.autocomplete_choices import call_choice, unit_choices
from bot.ui.interactions.responses import Interaction, actor_of, give_order, reply_address
from bot.ui.orders.mentions import expand_guild_mentions

CallNumber: TypeAlias = Range[int, 1, 2**31 - 1]
ServerNumber: TypeAlias = Range[int, 1, 1000]

_UNITS_HELP = (
    "me, @members, @roles, #voice, A-12, A-1..A-9, dept:LSPD, API ids; exclude: -@member, -A-3"
)
_SERVER_HELP = "The number of the CAD's server, if your community has several"


class AttachCog(commands.Cog):
    """Attaches units to calls and detaches them."""

    def __init__(self, intake: OrderIntake, orders: OrderQueue, suggestions: Suggestions) -> None:
        self._intake = intake
        self._orders = orders
        self._suggestions = suggestions

    @app_commands.command(description="Attach units to a call")
    @app_commands.describe(call="The call's number", units=_UNITS_HELP, server=_SERVER_HELP)
    @app_commands.guild_only()
    async def attach(
        self,
        interaction: Interaction,
        call: CallNumber,
        units: str,
        server: ServerNumber | None = None,
    ) -> None:
        order = self._intake.attach(
            actor_of(interaction),
            reply_address(interaction),
            expand_guild_mentions(interaction, units),
            call_id=call,
            server_id=server,
        )
        await give_order(interaction, order, self._orders)

    @app_commands.command(description="Detach units from their call")
    @app_commands.describe(
        units=_UNITS_HELP,
        server=_SERVER_HELP,
        call="Only units on this call; leave it out for any call",
    )
    @app_commands.guild_only()
    async def detach(
        self,
        interaction: Interaction,
        units: str,
        server: ServerNumber | None = None,
        call: CallNumber | None = None,
    ) -> None:
        order = self._intake.detach(
            actor_of(interaction),
            reply_address(interaction),
            expand_guild_mentions(interaction, units),
            call_id=call,
            server_id=server,
        )
        await give_order(interaction, order, self._orders)

    @attach.autocomplete("call")
    @detach.autocomplete("call")
    async def suggest_calls(self, interaction: Interaction, typed: str) -> list[Choice[int]]:
        calls = self._suggestions.calls(actor_of(interaction), typed, _typed_server(interaction))
        return [call_choice(call) for call in calls]

    @attach.autocomplete("units")
    @detach.autocomplete("units")
    async def suggest_units(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        names = partial(_display_name, interaction.guild)
        found = self._suggestions.units(
            actor_of(interaction), typed, names, _typed_server(interaction)
        )
        return unit_choices(found, names)


def _typed_server(interaction: Interaction) -> int | None:
    server = getattr(interaction.namespace, "server", None)
    return server if isinstance(server, int) else None


def _display_name(guild: discord.Guild | None, member_id: int) -> str:
    member = guild.get_member(member_id) if guild else None
    return member.display_name if member else ""
