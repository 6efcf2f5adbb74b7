"""/link, /unlink and /links."""

from __future__ import annotations

from functools import partial

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.services.audit import AuditService
from bot.services.link_files import LinkFiles
from bot.services.linking import LinkingService
from bot.ui import link_files, replies
from bot.ui.answers import Interaction, actor_of, respond
from bot.ui.uploads import upload_of


class LinksCog(commands.Cog):
    """Keeps who is who."""

    links = app_commands.Group(
        name="links", description="See who is linked to which id of the CAD", guild_only=True
    )

    def __init__(self, linking: LinkingService, audit: AuditService, files: LinkFiles) -> None:
        self._linking = linking
        self._audit = audit
        self._files = files

    @app_commands.command(description="Link yourself, or a member, to an id of the CAD")
    @app_commands.describe(
        steam="Any spelling of a Steam id, a profile address, or an id with its prefix",
        member="Whom to link, if not yourself (takes the right to link)",
    )
    @app_commands.guild_only()
    async def link(
        self, interaction: Interaction, steam: str, member: discord.Member | None = None
    ) -> None:
        whom = member or interaction.user
        work = self._linking.link(actor_of(interaction), whom.id, steam)
        await respond(interaction, work, replies.linked)

    @app_commands.command(description="Forget your link, or a member's")
    @app_commands.describe(member="Whom to unlink, if not yourself (takes the right to link)")
    @app_commands.guild_only()
    async def unlink(self, interaction: Interaction, member: discord.User | None = None) -> None:
        whom = member or interaction.user
        work = self._linking.unlink(actor_of(interaction), whom.id)
        await respond(interaction, work, partial(replies.unlinked, whom.id))

    @links.command(name="list", description="List everyone who is linked")
    @app_commands.describe(page="Which page")
    async def list_links(self, interaction: Interaction, page: Range[int, 1] = 1) -> None:
        work = self._linking.page(actor_of(interaction), page)
        await respond(interaction, work, replies.link_page)

    @links.command(description="Look up a member, or whose an id is")
    @app_commands.describe(member="Who is this in the CAD?", steam="Or: whose id is this?")
    async def whois(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        steam: str | None = None,
    ) -> None:
        actor = actor_of(interaction)
        if steam is not None and member is None:
            owners = self._linking.owners(actor, steam)
            await respond(interaction, owners, partial(replies.owners, steam))
        else:
            whom = member or interaction.user
            await respond(interaction, self._audit.whois(actor, whom.id), replies.whois)

    @links.command(name="import", description="Show what a file of links would change")
    @app_commands.describe(file="CSV or JSON, at most 2 MiB, such as /links export gives")
    async def import_links(self, interaction: Interaction, file: discord.Attachment) -> None:
        work = self._files.preview(actor_of(interaction), upload_of(interaction, file))
        await respond(
            interaction,
            work,
            link_files.preview,
            link_files.preview_buttons,
            attach=link_files.preview_file,
        )

    @links.command(name="export", description="Get all links as a file")
    async def export_links(self, interaction: Interaction) -> None:
        work = self._files.export(actor_of(interaction))
        await respond(interaction, work, link_files.exported, attach=link_files.exported_file)
