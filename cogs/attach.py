"""/attach, /detach and /status."""

from __future__ import annotations

from functools import partial

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.ui.calls.autocomplete_choices import (
    ServerNumber,
    call_choice,
    server_choices,
    unit_choices,
)
from bot.ui.interactions.responses import (
    Interaction,
    actor_of,
    services_for,
    submit_order,
)
from bot.ui.orders.action_text import STATUS_WORDS
from bot.ui.orders.mentions import members_of

_UNITS_HELP = (
    "me, @members, @roles, #voice, A-12, A-1..A-9, dept:LSPD, API ids; exclude: -@member, -A-3"
)
_CALL_HELP = "The call's number, or a part of its title or code"
_SERVER_HELP = "The number of the CAD's server, if your community has several"


class AttachCog(commands.Cog):
    """Attaches units to calls, detaches them, and sets their status."""

    @app_commands.command(description="Attach units to a call")
    @app_commands.describe(call=_CALL_HELP, units=_UNITS_HELP, server=_SERVER_HELP)
    @app_commands.guild_only()
    async def attach(
        self,
        interaction: Interaction,
        call: str,
        units: str,
        server: ServerNumber | None = None,
    ) -> None:
        services = services_for(interaction)
        attach = partial(
            services.intake.attach,
            units=units,
            call=call,
            server_id=server,
            lookup=partial(members_of, interaction),
        )
        await submit_order(interaction, attach, services.queue)

    @app_commands.command(description="Detach units from their call")
    @app_commands.describe(
        units=_UNITS_HELP,
        server=_SERVER_HELP,
        call="Only units on this call, by its number, title or code; leave it out for any call",
    )
    @app_commands.guild_only()
    async def detach(
        self,
        interaction: Interaction,
        units: str,
        server: ServerNumber | None = None,
        call: str | None = None,
    ) -> None:
        services = services_for(interaction)
        detach = partial(
            services.intake.detach,
            units=units,
            call=call,
            server_id=server,
            lookup=partial(members_of, interaction),
        )
        await submit_order(interaction, detach, services.queue)

    @app_commands.command(description="Set the status of a unit, yours if you name none")
    @app_commands.describe(
        status="The new status",
        unit="A unit number, a @member or me, which is meant if you leave it out",
        server=_SERVER_HELP,
    )
    @app_commands.choices(
        status=[Choice(name=word, value=number) for number, word in STATUS_WORDS.items()]
    )
    @app_commands.guild_only()
    async def status(
        self,
        interaction: Interaction,
        status: Choice[int],
        unit: str = "me",
        server: ServerNumber | None = None,
    ) -> None:
        services = services_for(interaction)
        setting = partial(
            services.call_actions.set_status, status=status.value, unit=unit, server_id=server
        )
        await submit_order(interaction, setting, services.queue)

    @attach.autocomplete("server")
    @status.autocomplete("server")
    @detach.autocomplete("server")
    async def suggest_servers(self, interaction: Interaction, typed: str) -> list[Choice[int]]:
        return server_choices(services_for(interaction).suggestions.servers(typed))

    @attach.autocomplete("call")
    @detach.autocomplete("call")
    async def suggest_calls(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        suggestions = services_for(interaction).suggestions
        calls = suggestions.calls(actor_of(interaction), typed, _typed_server(interaction))
        return [call_choice(call) for call in calls]

    @attach.autocomplete("units")
    @status.autocomplete("unit")
    @detach.autocomplete("units")
    async def suggest_units(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        names = partial(_display_name, interaction.guild)
        found = services_for(interaction).suggestions.units(
            actor_of(interaction), typed, names, _typed_server(interaction)
        )
        return unit_choices(found, names)


def _typed_server(interaction: Interaction) -> int | None:
    server = getattr(interaction.namespace, "server", None)
    return server if isinstance(server, int) else None


def _display_name(guild: discord.Guild | None, member_id: int) -> str:
    member = guild.get_member(member_id) if guild else None
    return member.display_name if member else ""
