"""What a call's More button opens: a note, the own status, closing the call."""

from __future__ import annotations

from typing import Any, cast

import discord
from discord import SelectOption
from discord.ui import Item, Select, View

from bot.ui.calls import action_text
from bot.ui.calls.call_component import CallButton, CallItem, row_of, template
from bot.ui.calls.call_forms import NoteForm
from bot.ui.interactions.error_boundary import Desk
from bot.ui.interactions.responses import Interaction, actor_of, offer, respond


class More(CallButton, template=template("more")):
    """Shows what is needed less often."""

    action = "more"
    label = "More"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Show it."""
        desk.acts.require_self_dispatch(actor_of(interaction))
        place = self.server_id, self.call_id
        view = row_of(SetStatus(*place), AddNote(*place), Close(*place))
        await offer(interaction, f"What about **#{self.call_id}**?", view)


class AddNote(CallButton, template=template("note")):
    """Asks for a note."""

    action = "note"
    label = "Add note"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Open the form."""
        desk.acts.require_dispatch(actor_of(interaction))
        await interaction.response.send_modal(NoteForm(self.server_id, self.call_id))


class SetStatus(CallItem, template=template("status")):
    """Sets the status of the presser's unit."""

    action = "status"

    def build(self, custom_id: str) -> Item[View]:
        """Return the select; nobody makes themselves unavailable at a call."""
        options = [
            SelectOption(label=word.capitalize(), value=str(status))
            for status, word in action_text.STATUSES.items()
            if status
        ]
        return Select(custom_id=custom_id, placeholder="Set my status", options=options)

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Set it."""
        (value,) = cast(Any, interaction.data)["values"]
        setting = desk.acts.set_status(actor_of(interaction), self.server_id, int(value))
        await respond(interaction, setting, action_text.status_set)


class Close(CallButton, template=template("close")):
    """Asks whether to close a call."""

    action = "close"
    label = "Close call"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Ask once more."""
        desk.acts.require_dispatch(actor_of(interaction))
        question = f"Close **#{self.call_id}** for everybody?"
        await offer(interaction, question, row_of(CloseNow(self.server_id, self.call_id)))


class CloseNow(CallButton, template=template("close-now")):
    """Closes a call."""

    action = "close-now"
    label = "Close it"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it."""
        closing = desk.acts.close(actor_of(interaction), self.server_id, self.call_id)
        await respond(interaction, closing, action_text.closed)


MORE_ITEMS = (AddNote, SetStatus, Close, CloseNow)
