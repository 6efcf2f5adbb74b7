"""/link, /unlink and /links."""

from __future__ import annotations

from functools import partial
from typing import Literal

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.ui.interactions.responses import (
    Interaction,
    actor_of,
    once_acknowledged,
    respond,
    services_for,
)
from bot.ui.link_files import import_preview
from bot.ui.link_files.upload import upload_of
from bot.ui.links import (
    account_text,
    link_buttons,
    link_results,
    link_text,
    my_data_text,
    verification_report,
)


class LinksCog(commands.Cog):
    """Links members to their ids in the CAD."""

    links = app_commands.Group(
        name="links", description="See who is who in Sonoran CAD", guild_only=True
    )

    @app_commands.command(
        description="Tell the bot who you are, or who a member is, in Sonoran CAD"
    )
    @app_commands.describe(
        steam="Your id there (license:…, a Steam id or profile); leave it out to see who you are",
        member="The member to link, if not yourself (needs the permission to link)",
    )
    @app_commands.guild_only()
    async def link(
        self,
        interaction: Interaction,
        steam: str | None = None,
        member: discord.Member | None = None,
    ) -> None:
        target = member or interaction.user
        if steam is None:
            work = services_for(interaction).links.describe(actor_of(interaction), target.id)
            await respond(interaction, work, account_text.member_account)
            return

        workflow = services_for(interaction).link_workflow
        link = partial(workflow.link, actor_of(interaction), target.id, steam)
        await respond(
            interaction,
            once_acknowledged(interaction, link),
            link_buttons.outcome_text,
            link_buttons.outcome_buttons,
        )

    @app_commands.command(description="Remove your link, or a member's")
    @app_commands.describe(
        member="The member to unlink, if not yourself (needs the permission to link)"
    )
    @app_commands.guild_only()
    async def unlink(self, interaction: Interaction, member: discord.User | None = None) -> None:
        person = member or interaction.user
        work = services_for(interaction).link_workflow.unlink(actor_of(interaction), person.id)
        await respond(interaction, work, link_text.unlink_result)

    @links.command(name="list", description="List all linked members")
    @app_commands.describe(page="Which page", only="Only links with this result of the CAD's check")
    async def list_links(
        self,
        interaction: Interaction,
        page: Range[int, 1] = 1,
        only: Literal["proven", "unproven", "changed"] | None = None,
    ) -> None:
        actor = actor_of(interaction)
        if only is None:
            work = services_for(interaction).links.page(actor, page)
        else:
            work = services_for(interaction).bulk_verifier.page(actor, page, only)
        await respond(interaction, work, link_results.link_page)

    @links.command(description="Check every link with the CAD, and show what is wrong")
    async def check(self, interaction: Interaction) -> None:
        work = services_for(interaction).bulk_verifier.start_or_follow(
            actor_of(interaction), verification_report.InteractionCheckReply(interaction)
        )
        await respond(
            interaction, work, verification_report.check_text, verification_report.check_buttons
        )

    @links.command(description="See everything that is stored about you")
    async def mine(self, interaction: Interaction) -> None:
        await respond(
            interaction,
            services_for(interaction).my_data.read(actor_of(interaction)),
            my_data_text.my_data,
        )

    @links.command(description="Look up a member, or find out who has an id")
    @app_commands.describe(member="Who is this in the CAD?", steam="Or: who has this id?")
    async def whois(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        steam: str | None = None,
    ) -> None:
        actor = actor_of(interaction)
        if steam is not None and member is None:
            owners = services_for(interaction).links.owners(actor, steam)
            await respond(interaction, owners, partial(link_results.id_owners, steam))
        else:
            person = member or interaction.user
            await respond(
                interaction,
                services_for(interaction).audit_log.whois(actor, person.id),
                link_results.whois,
            )

    @links.command(name="import", description="Show what a file of links would change")
    @app_commands.describe(file="CSV or JSON, at most 2 MiB, such as the file from /links export")
    async def import_links(self, interaction: Interaction, file: discord.Attachment) -> None:
        link_files = services_for(interaction).link_files
        preview = partial(link_files.preview, actor_of(interaction), upload_of(interaction, file))
        await respond(
            interaction,
            once_acknowledged(interaction, preview),
            import_preview.preview_text,
            import_preview.preview_buttons,
            attach=import_preview.preview_file,
        )

    @links.command(name="export", description="Get all links as a file")
    async def export_links(self, interaction: Interaction) -> None:
        work = services_for(interaction).link_files.export(actor_of(interaction))
        await respond(
            interaction, work, import_preview.export_result, attach=import_preview.export_file
        )
