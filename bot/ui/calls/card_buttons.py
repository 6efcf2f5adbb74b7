"""The buttons of call cards."""

from __future__ import annotations

from abc import abstractmethod

import discord
from discord.ui import View

from bot.services.cards.card_content import CardContent
from bot.storage.stores.order_store import Order
from bot.ui.calls import action_text
from bot.ui.calls.call_component import CallButton, call_item_pattern, view_of
from bot.ui.calls.call_forms import LinkForm
from bot.ui.calls.more_menu import MORE_ITEMS, MoreButton
from bot.ui.calls.unit_panel import PANEL_ITEMS, AttachPickedButton, DispatchPickedButton, UnitPanel
from bot.ui.interactions.error_boundary import Desk
from bot.ui.interactions.responses import (
    Interaction,
    actor_of,
    give_order,
    give_order_later,
    prompt,
    reply_address,
    respond,
)


class AttachMeButton(CallButton, template=call_item_pattern("attach-me")):
    """Attaches the member who pressed it to the call."""

    action = "attach-me"
    label = "Attach me"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Give the order; if the member is not linked, open the link form first."""
        actor = actor_of(interaction)
        desk.acts.require_self_dispatch(actor)
        if await desk.acts.is_linked(actor):
            await give_order(interaction, self.create_order(interaction, desk), desk.orders)
        else:
            await desk.link_desk.require_no_request(actor)
            await interaction.response.send_modal(LinkForm(self.create_order))

    async def create_order(self, interaction: Interaction, desk: Desk) -> Order:
        """Store the order and return it."""
        return await desk.attaching.attach(
            actor_of(interaction),
            reply_address(interaction),
            "me",
            call_id=self.call_id,
            server_id=self.server_id,
        )


class DetachMeButton(CallButton, template=call_item_pattern("detach-me")):
    """Detaches the member who pressed it from this call, and from no other call."""

    action = "detach-me"
    label = "Detach me"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Give the order."""
        order = desk.attaching.detach(
            actor_of(interaction),
            reply_address(interaction),
            "me",
            call_id=self.call_id,
            server_id=self.server_id,
        )
        await give_order(interaction, order, desk.orders)


class RespondButton(CallButton, template=call_item_pattern("respond")):
    """Turns a 911 call into a dispatch call and attaches the member who pressed it."""

    action = "respond"
    label = "Respond"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Create the call and give the order; if not linked, open the link form first."""
        actor = actor_of(interaction)
        desk.acts.require_dispatch(actor)
        if await desk.acts.is_linked(actor):
            await give_order_later(interaction, self.create_order(interaction, desk), desk.orders)
        else:
            await desk.link_desk.require_no_request(actor)
            await interaction.response.send_modal(LinkForm(self.create_order))

    async def create_order(self, interaction: Interaction, desk: Desk) -> Order:
        """Create the call; store the order and return it."""
        actor, reply = actor_of(interaction), reply_address(interaction)
        return await desk.acts.respond_to_911(actor, reply, self.server_id, self.call_id, "me")


class OpenPanelButton(CallButton, template=call_item_pattern("panel")):
    """Opens the unit panel."""

    submit_button: type[CallButton]

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Show the units, members and departments that can be picked."""
        candidates = desk.picking.candidates(actor_of(interaction), self.server_id)
        view = UnitPanel.from_candidates(candidates).view(
            self.submit_button(self.server_id, self.call_id)
        )
        await prompt(interaction, self.question(), view)

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

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Ask for confirmation."""
        desk.acts.require_dispatch(actor_of(interaction))
        question = f"Dismiss **911 #{self.call_id}**? No unit will be sent."
        await prompt(
            interaction, question, view_of(ConfirmDismissButton(self.server_id, self.call_id))
        )


class ConfirmDismissButton(CallButton, template=call_item_pattern("dismiss-now")):
    """Dismisses a 911 call."""

    action = "dismiss-now"
    label = "Dismiss it"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Dismiss the 911 call."""
        dismissing = desk.acts.dismiss_911(actor_of(interaction), self.server_id, self.call_id)
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
