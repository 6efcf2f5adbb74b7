"""The buttons of call cards."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import ClassVar

import discord
from discord.ui import View

from bot.services.access.policy import Actor
from bot.services.calls.call_actions import CallActions
from bot.services.cards.card_content import CardContent
from bot.ui.calls.call_component import (
    CallButton,
    QuestionButton,
    call_item_pattern,
    phrase_of,
    view_of,
)
from bot.ui.calls.call_forms import LinkForm
from bot.ui.calls.more_menu import MORE_ITEMS, MoreButton
from bot.ui.calls.panel_items import (
    PANEL_ITEMS,
    AttachPickedButton,
    DispatchPickedButton,
    panel_view,
)
from bot.ui.calls.unit_panel import UnitPanel
from bot.ui.interactions.answers import answer
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import (
    Accept,
    Interaction,
    ReplyPlace,
    actor_of,
    submit_order,
)
from bot.ui.text import units_age


class SelfOrderButton(CallButton, template=call_item_pattern("self-order")):
    """Gives an order about the member who pressed it; one who is not linked is linked first."""

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order, or open the link form, which gives it afterwards."""
        actor = actor_of(interaction)
        self.require_right(services.call_actions, actor)
        if await services.call_actions.is_linked(actor):
            await submit_order(interaction, self.accept(services), services.queue)
        else:
            await services.link_workflow.require_no_request(actor)
            await interaction.response.send_modal(LinkForm(self.accept))

    @abstractmethod
    def require_right(self, calls: CallActions, actor: Actor) -> None:
        """Raise RoleRequired unless the actor may give the order."""

    @abstractmethod
    def accept(self, services: GuildServices) -> Accept:
        """Return what stores the order."""


class AttachMeButton(SelfOrderButton, template=call_item_pattern("attach-me")):
    """Attaches the member who pressed it to the call."""

    action = "attach-me"
    label = "Attach me"
    style = discord.ButtonStyle.primary

    def require_right(self, calls: CallActions, actor: Actor) -> None:
        """Require the right to attach the own unit."""
        calls.require_self_dispatch(actor)

    def accept(self, services: GuildServices) -> Accept:
        """Return what stores an order to attach the own unit."""
        return partial(
            services.intake.attach, units="me", call=self.call_id, server_id=self.server_id
        )


class DetachMeButton(CallButton, template=call_item_pattern("detach-me")):
    """Detaches the member who pressed it from this call, and from no other call."""

    action = "detach-me"
    label = "Detach me"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        detach = partial(
            services.intake.detach, units="me", call=self.call_id, server_id=self.server_id
        )
        await submit_order(interaction, detach, services.queue)


class RespondButton(SelfOrderButton, template=call_item_pattern("respond")):
    """Turns a 911 call into a dispatch call and attaches the member who pressed it."""

    action = "respond"
    label = "Respond"
    style = discord.ButtonStyle.danger

    def require_right(self, calls: CallActions, actor: Actor) -> None:
        """Require the right to send the own unit."""
        calls.require_self_dispatch(actor)

    def accept(self, services: GuildServices) -> Accept:
        """Return what stores an order to send the own unit."""
        return partial(
            services.call_actions.respond_to_911,
            server_id=self.server_id,
            number=self.call_id,
            units="me",
        )


class OpenPanelButton(CallButton, template=call_item_pattern("panel")):
    """Opens the unit panel."""

    submit_button: ClassVar[type[CallButton]]
    is_emergency: ClassVar[bool]

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Show the units, members and departments that can be picked."""
        on_call = None if self.is_emergency else self.call_id
        picker = services.unit_picker
        candidates = picker.candidates(actor_of(interaction), self.server_id, on_call)
        submit = self.submit_button(self.server_id, self.call_id)
        view = panel_view(UnitPanel.from_candidates(candidates), submit)
        call = phrase_of(services, self, is_emergency=self.is_emergency)
        question = f"Which units go to {call}?"
        if as_of := picker.old_units_as_of(self.server_id):
            question += f" · {units_age(as_of)}"
        await answer(interaction, question, view)


class AttachOthersButton(OpenPanelButton, template=call_item_pattern("attach")):
    """Opens the unit panel for a dispatch call."""

    action = "attach"
    label = "Attach…"
    is_emergency = False
    submit_button = AttachPickedButton


class DispatchOthersButton(OpenPanelButton, template=call_item_pattern("dispatch")):
    """Opens the unit panel for a 911 call."""

    action = "dispatch"
    label = "Dispatch…"
    style = discord.ButtonStyle.primary
    is_emergency = True
    submit_button = DispatchPickedButton


class ConfirmDismissButton(CallButton, template=call_item_pattern("dismiss-now")):
    """Dismisses a 911 call."""

    action = "dismiss-now"
    label = "Dismiss it"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        dismiss = partial(
            services.call_actions.dismiss_911, server_id=self.server_id, number=self.call_id
        )
        await submit_order(interaction, dismiss, services.queue, place=ReplyPlace.PRESSED)


class DismissButton(QuestionButton, template=call_item_pattern("dismiss")):
    """Asks for confirmation before a 911 call is dismissed."""

    action = "dismiss"
    label = "Dismiss"
    question = "Dismiss {call}? No unit will be sent."
    is_emergency = True
    confirm_button = ConfirmDismissButton


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
