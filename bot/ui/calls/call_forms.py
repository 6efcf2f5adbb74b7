"""Forms that open when a button is pressed. A restart of the bot closes them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

import discord
from discord.ui import Modal, TextInput

from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.links.link_service import LinkResult
from bot.storage.stores.order_store import Order
from bot.ui.calls import action_text
from bot.ui.interactions.error_boundary import Desk, run_guarded
from bot.ui.interactions.responses import (
    Interaction,
    actor_of,
    reply_address,
    respond,
    respond_then_order,
)
from bot.ui.links import link_results

OrderFactory: TypeAlias = Callable[[Interaction, Desk], Coroutine[None, None, Order]]

_MAX_NOTE_LENGTH = 1000
_MAX_ID_LENGTH = 200


class Form(Modal):
    """A form with one field; subclasses write `submit`."""

    def __init__(self, title: str, field: TextInput[Any]) -> None:
        super().__init__(title=title, timeout=INTERACTION_LIFETIME.total_seconds())
        self.field = field
        self.add_item(field)

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Do what the form is for; whatever goes wrong is answered."""
        await run_guarded(interaction, self.submit)

    @abstractmethod
    async def submit(self, interaction: Interaction, desk: Desk) -> None:
        """Do what the form is for."""


class LinkForm(Form):
    """Asks who somebody is in the CAD, then gives the order that they pressed a button for."""

    def __init__(self, create_order: OrderFactory) -> None:
        super().__init__(
            "Who are you in the CAD?",
            TextInput(
                label="Steam id",
                placeholder="76561… or the address of your Steam profile",
                custom_id="steam",
                max_length=_MAX_ID_LENGTH,
            ),
        )
        self._create_order = create_order

    async def submit(self, interaction: Interaction, desk: Desk) -> None:
        """Link, say what the CAD makes of that, and go on."""
        ordering = partial(self._create_order, interaction, desk)
        linking = self._save_link(interaction, desk)
        await respond_then_order(
            interaction, linking, link_results.link_saved, ordering, desk.orders
        )

    async def _save_link(self, interaction: Interaction, desk: Desk) -> LinkResult:
        actor, reply = actor_of(interaction), reply_address(interaction)
        return await desk.link_desk.link_now(actor, self.field.value, reply)


class NoteForm(Form):
    """Writes a line into the log of a call."""

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

    async def submit(self, interaction: Interaction, desk: Desk) -> None:
        """Write it, signed with the name that the person goes by."""
        noting = desk.acts.add_note(
            actor_of(interaction),
            self._server_id,
            self._call_id,
            self.field.value,
            label=interaction.user.display_name,
        )
        await respond(interaction, noting, action_text.note_added)
