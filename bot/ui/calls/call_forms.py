"""Forms that buttons open. A form that is open while the bot restarts can no longer be sent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import discord
from discord.ui import Modal, TextInput

from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.common.steam_id import API_ID_LIMIT
from bot.services.access.policy import Actor
from bot.services.links.link_service import LinkResult
from bot.services.orders.accepted import AcceptedOrder
from bot.services.reply import ReplyAddress
from bot.ui.interactions.answers import follow_up
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import run_guarded
from bot.ui.interactions.responses import (
    Accept,
    Interaction,
    ReplyPlace,
    actor_of,
    reply_address,
    respond,
    services_for,
    submit_order,
)
from bot.ui.links.link_results import link_saved

# Returns what stores the order, see `submit_order`.
AcceptFactory: TypeAlias = Callable[[GuildServices], Accept]

_MAX_NOTE_LENGTH = 1000


class Form(Modal):
    """A form with fields; subclasses implement `submit`."""

    def __init__(self, title: str, *fields: TextInput[Any]) -> None:
        super().__init__(title=title, timeout=INTERACTION_LIFETIME.total_seconds())
        self.fields = fields
        for field in fields:
            self.add_item(field)

    @property
    def values(self) -> list[str]:
        """What was written into the fields, in their order."""
        return [field.value for field in self.fields]

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Run `submit`; an error becomes the answer."""
        await run_guarded(interaction, self._submit_there)

    async def _submit_there(self, interaction: Interaction) -> None:
        await self.submit(interaction, services_for(interaction))

    @abstractmethod
    async def submit(self, interaction: Interaction, services: GuildServices) -> None:
        """Handle the submitted form."""


class LinkForm(Form):
    """Asks a member for their id in the CAD, links them, then gives the order of the button."""

    _link: LinkResult  # that was saved

    def __init__(self, accept: AcceptFactory) -> None:
        super().__init__(
            "Who are you in the CAD?",
            TextInput(
                label="Your id in the CAD",
                placeholder="license:…, your Steam id, or the link to your Steam profile",
                custom_id="steam",
                max_length=API_ID_LIMIT,
            ),
        )
        self._accept = accept

    async def submit(self, interaction: Interaction, services: GuildServices) -> None:
        """Save the link, answer with the CAD's verification, then give the order.

        The order's reply takes the place of that answer, which goes into a message of its own.
        """
        if await respond(interaction, self._save_link(interaction, services), link_saved):
            accept = partial(self._give_order, interaction, services)
            await submit_order(interaction, accept, services.queue, place=ReplyPlace.PRESSED)

    async def _save_link(self, interaction: Interaction, services: GuildServices) -> LinkResult:
        actor, reply = actor_of(interaction), reply_address(interaction)
        (typed,) = self.values
        self._link = await services.link_workflow.link_now(actor, typed, reply)
        return self._link

    async def _give_order(
        self,
        interaction: Interaction,
        services: GuildServices,
        actor: Actor,
        reply: ReplyAddress,
    ) -> AcceptedOrder:
        accepted = await self._accept(services)(actor, reply)
        await follow_up(interaction, link_saved(self._link))
        return accepted


class NoteForm(Form):
    """Adds a note to a call."""

    def __init__(self, server_id: int, call_id: int) -> None:
        super().__init__(
            f"Note for call #{call_id}",
            TextInput(
                label="Note",
                style=discord.TextStyle.paragraph,
                custom_id="note",
                max_length=_MAX_NOTE_LENGTH,
            ),
        )
        self._server_id = server_id
        self._call_id = call_id

    async def submit(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order, signed with the member's display name."""
        (text,) = self.values
        note = partial(
            services.call_actions.add_note,
            server_id=self._server_id,
            call_id=self._call_id,
            text=text,
            label=interaction.user.display_name,
        )
        await submit_order(interaction, note, services.queue)
