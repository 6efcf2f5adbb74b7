"""The buttons of call cards."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

import discord
from discord.ui import View

from bot.services.cards.card_content import CardContent
from bot.ui.calls import action_text
from bot.ui.calls.call_component import CallButton, call_item_pattern, view_of
from bot.ui.calls.call_forms import LinkForm
from bot.ui.calls.more_menu import MORE_ITEMS, MoreButton
from bot.ui.calls.unit_panel import PANEL_ITEMS, AttachPickedButton, DispatchPickedButton, UnitPanel
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import (
    Accept,
    Interaction,
    actor_of,
    answer,
    respond,
    submit_order,
)


class AttachMeButton(CallButton, template=call_item_pattern("attach-me")):
    """Attaches the member who pressed it to the call."""

    action = "attach-me"
    label = "Attach me"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order; if the member is not linked, open the link form first."""
        actor = actor_of(interaction)
        services.call_actions.require_self_dispatch(actor)
        if await services.call_actions.is_linked(actor):
            await submit_order(interaction, self.accept(services), services.queue)
        else:
            await services.link_workflow.require_no_request(actor)
            await interaction.response.send_modal(LinkForm(self.accept))

    def accept(self, services: GuildServices) -> Accept:
        """Store the order and return it."""
        return partial(
            services.intake.attach, units="me", call_id=self.call_id, server_id=self.server_id
        )


class DetachMeButton(CallButton, template=call_item_pattern("detach-me")):
    """Detaches the member who pressed it from this call, and from no other call."""

    action = "detach-me"
    label = "Detach me"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        detach = partial(
            services.intake.detach, units="me", call_id=self.call_id, server_id=self.server_id
        )
        await submit_order(interaction, detach, services.queue)


class RespondButton(CallButton, template=call_item_pattern("respond")):
    """Turns a 911 call into a dispatch call and attaches the member who pressed it."""

    action = "respond"
    label = "Respond"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Create the call and give the order; if not linked, open the link form first."""
        actor = actor_of(interaction)
        services.call_actions.require_dispatch(actor)
        if await services.call_actions.is_linked(actor):
            accept = self.accept(services)
            await submit_order(interaction, accept, services.queue, asks_cad=True)
        else:
            await services.link_workflow.require_no_request(actor)
            await interaction.response.send_modal(LinkForm(self.accept))

    def accept(self, services: GuildServices) -> Accept:
        """Create the call; store the order and return it."""
        return partial(
            services.call_actions.respond_to_911,
            server_id=self.server_id,
            number=self.call_id,
            units="me",
        )


class OpenPanelButton(CallButton, template=call_item_pattern("panel")):
    """Opens the unit panel."""

    submit_button: type[CallButton]

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Show the units, members and departments that can be picked."""
        candidates = services.unit_picker.candidates(actor_of(interaction), self.server_id)
        view = UnitPanel.from_candidates(candidates).view(
            self.submit_button(self.server_id, self.call_id)
        )
        await answer(interaction, self.question(), view)

    @abstractmethod
    def question(self) -> str:
        """Return the text above the panel."""


class AttachOthersButton(OpenPanelButton, template=call_item_pattern("attach")):
    """Opens the unit panel for a dispatch call."""

    action = "attach"
    label = "Attach…"
    submit_button = AttachPickedButton

    def question(self) -> str:
        """Return the text above the panel."""
        return f"Which units go to **#{self.call_id}**?"


class DispatchOthersButton(OpenPanelButton, template=call_item_pattern("dispatch")):
    """Opens the unit panel for a 911 call."""

    action = "dispatch"
    label = "Dispatch…"
    style = discord.ButtonStyle.primary
    submit_button = DispatchPickedButton

    def question(self) -> str:
        """Return the text above the panel."""
        return f"Which units go to **911 #{self.call_id}**?"


class DismissButton(CallButton, template=call_item_pattern("dismiss")):
    """Asks for confirmation before a 911 call is dismissed."""

    action = "dismiss"
    label = "Dismiss"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Ask for confirmation."""
        services.call_actions.require_dispatch(actor_of(interaction))
        question = f"Dismiss **911 #{self.call_id}**? No unit will be sent."
        await answer(
            interaction, question, view_of(ConfirmDismissButton(self.server_id, self.call_id))
        )


class ConfirmDismissButton(CallButton, template=call_item_pattern("dismiss-now")):
    """Dismisses a 911 call."""

    action = "dismiss-now"
    label = "Dismiss it"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Dismiss the 911 call."""
        dismissing = services.call_actions.dismiss_911(
            actor_of(interaction), self.server_id, self.call_id
        )
        await respond(interaction, dismissing, action_text.emergency_dismissed)


CALL_CARD_BUTTONS = (AttachMeButton, AttachOthersButton, DetachMeButton, MoreButton)
EMERGENCY_CARD_BUTTONS = (RespondButton, DispatchOthersButton, DismissButton)
CALL_ITEMS = (
    *CALL_CARD_BUTTONS,
    *EMERGENCY_CARD_BUTTONS,
    ConfirmDismissButton,
    *MORE_ITEMS,
    *PANEL_ITEMS,
)


def call_buttons(server_id: int, call_id: int) -> View:
    """Return the buttons of a dispatch call's card."""
    return view_of(*(button(server_id, call_id) for button in CALL_CARD_BUTTONS))


def buttons_for_card(content: CardContent) -> View | None:
    """Return the buttons for a card's current content; None if its call is closed."""
    if content.is_closed:
        return None
    buttons = emergency_buttons if content.is_emergency else call_buttons
    return buttons(content.server_id, content.call_id)


def emergency_buttons(server_id: int, call_id: int) -> View:
    """Return the buttons of a 911 call's card."""
    return view_of(*(button(server_id, call_id) for button in EMERGENCY_CARD_BUTTONS))
