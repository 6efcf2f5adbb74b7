"""The menu behind a call's More button: note, own status, primary unit, close the call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import discord
from discord import SelectOption
from discord.ui import Item, Select, View

from bot.common.discord_limits import MAX_OPTIONS
from bot.ui.calls.call_component import (
    CallButton,
    CallItem,
    QuestionButton,
    call_item_pattern,
    phrase_of,
    view_of,
)
from bot.ui.calls.call_forms import NoteForm
from bot.ui.calls.select_options import PLACEHOLDER_OPTIONS, unit_option
from bot.ui.interactions.answers import answer
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import Interaction, ReplyPlace, actor_of, submit_order
from bot.ui.orders.action_text import STATUS_WORDS


class MoreButton(CallButton, template=call_item_pattern("more")):
    """Opens the menu of less frequent actions: those that the member may use."""

    action = "more"
    label = "More"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Show the menu."""
        actor, place = actor_of(interaction), (self.server_id, self.call_id)
        calls = services.call_actions
        calls.require_self_dispatch(actor)
        view = view_of(StatusSelect(*place))
        if await calls.may_note(actor, *place):
            view.add_item(AddNoteButton(*place))
        if calls.may_dispatch(actor):
            view.add_item(CloseCallButton(*place))
        if units := services.unit_picker.units_on_call(actor, *place):
            view.add_item(PrimarySelect(*place, list(map(unit_option, units[:MAX_OPTIONS]))))
        call = phrase_of(services, self, is_emergency=False)
        await answer(interaction, f"More actions for {call}", view)


class AddNoteButton(CallButton, template=call_item_pattern("note")):
    """Opens the note form."""

    action = "note"
    label = "Add note"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Open the form."""
        actor, place = actor_of(interaction), (self.server_id, self.call_id)
        await services.call_actions.require_note(actor, *place)
        await interaction.response.send_modal(NoteForm(*place))


class StatusSelect(CallItem, template=call_item_pattern("status")):
    """Sets the status of the member's own unit."""

    action = "status"

    def build(self, custom_id: str) -> Item[View]:
        """Return the select; it does not offer "unavailable", which makes no sense on a call."""
        options = [
            SelectOption(label=word.capitalize(), value=str(status))
            for status, word in STATUS_WORDS.items()
            if status
        ]
        return Select(custom_id=custom_id, placeholder="Set my status", options=options)

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        (value,) = cast(Any, interaction.data)["values"]
        setting = partial(
            services.call_actions.set_status, server_id=self.server_id, status=int(value)
        )
        await submit_order(interaction, setting, services.queue)


class PrimarySelect(CallItem, template=call_item_pattern("primary")):
    """Makes one of the call's units its primary unit."""

    action = "primary"

    def __init__(
        self,
        server_id: int,
        call_id: int,
        options: Sequence[SelectOption] = PLACEHOLDER_OPTIONS,
    ) -> None:
        self._options = list(options)
        super().__init__(server_id, call_id)

    def build(self, custom_id: str) -> Item[View]:
        """Return the select with the units."""
        return Select(
            custom_id=custom_id, placeholder="Set the primary unit", options=self._options
        )

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        (value,) = cast(Any, interaction.data)["values"]
        setting = partial(
            services.call_actions.set_primary,
            server_id=self.server_id,
            call_id=self.call_id,
            unit=value,
        )
        await submit_order(interaction, setting, services.queue)


class ConfirmCloseButton(CallButton, template=call_item_pattern("close-now")):
    """Closes a call."""

    action = "close-now"
    label = "Close call"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        close = partial(
            services.call_actions.close_call, server_id=self.server_id, call_id=self.call_id
        )
        await submit_order(interaction, close, services.queue, place=ReplyPlace.PRESSED)


class CloseCallButton(QuestionButton, template=call_item_pattern("close")):
    """Asks for confirmation before a call is closed."""

    action = "close"
    label = "Close call"
    style = discord.ButtonStyle.danger
    question = "Close {call}? All units leave it."
    confirm_button = ConfirmCloseButton


MORE_ITEMS = (AddNoteButton, StatusSelect, PrimarySelect, CloseCallButton, ConfirmCloseButton)
