"""The guard of all that can be pressed, and the buttons under the answer to an order.

Custom ids carry all state, so that buttons work after a restart: `cad:<action>:<order>`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self, TypeAlias, cast

import discord
from discord import app_commands
from discord.ui import Button, DynamicItem, Item, View

from bot.services.acts import Acts
from bot.services.asking import Asking
from bot.services.attach import AttachService
from bot.services.checking import LinkChecks
from bot.services.link_desk import LinkDesk
from bot.services.link_files import LinkFiles
from bot.services.orders import OrderQueue
from bot.services.outcomes import Confirmation, OrderView
from bot.services.picking import Picking
from bot.storage.orders import Action, State
from bot.ui import orders
from bot.ui.answers import (
    Interaction,
    actor_of,
    answer,
    answer_error,
    give_order,
    give_order_in_place,
    reply_address,
)


class Desk(Protocol):
    """What a button finds in the client that it is pressed at."""

    acts: Acts
    attaching: AttachService
    asking: Asking
    checks: LinkChecks
    link_desk: LinkDesk
    link_files: LinkFiles
    orders: OrderQueue
    picking: Picking

    @property
    def tree(self) -> app_commands.CommandTree[discord.Client]:
        """The gate that every interaction passes."""


Press: TypeAlias = Callable[[Interaction, Desk], Awaitable[None]]


async def guarded(interaction: discord.Interaction[Any], press: Press) -> None:
    """Do what a button, a select or a form is for; whatever goes wrong is answered.

    discord.py only logs an exception in a `callback`, and one in `interaction_check` is a silent
    "not allowed"; therefore every callback of ours is this, around a `press`.
    """
    desk = cast(Desk, interaction.client)
    try:
        if await desk.tree.interaction_check(interaction):
            await press(interaction, desk)
    except Exception as error:  # noqa: BLE001 - nobody above would answer it
        await answer_error(interaction, error)


class OrderButton(DynamicItem[Button[View]], template=r"cad:order:(?P<order>\d{1,19})"):
    """A button about one order; subclasses write `press`."""

    name: str
    label: str
    style: discord.ButtonStyle

    def __init__(self, order_id: int) -> None:
        self.order_id = order_id
        custom_id = f"cad:{self.name}:{order_id}"
        super().__init__(Button(label=self.label, style=self.style, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003
        item: Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """Make the button again that was pressed."""
        return cls(int(match["order"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says; whatever goes wrong is answered."""
        await guarded(interaction, self.press)

    @abstractmethod
    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do what the button says."""


class CancelButton(OrderButton, template=r"cad:cancel:(?P<order>\d{1,19})"):
    """Drops an order that waits."""

    name = "cancel"
    label = "Cancel"
    style = discord.ButtonStyle.secondary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Drop the order; the queue brings its reply up to date."""
        if await desk.orders.cancel(self.order_id, interaction.user.id):
            await interaction.response.defer()
        else:
            await answer(interaction, "❌ Too late to cancel: the order is being sent or closed.")


class UndoButton(OrderButton, template=r"cad:undo:(?P<order>\d{1,19})"):
    """Takes people off the call that an order has put them on."""

    name = "undo"
    label = "Undo"
    style = discord.ButtonStyle.secondary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Give the opposite order; whoever is on the call by it has been confirmed once."""
        undo = desk.attaching.undo(actor_of(interaction), reply_address(interaction), self.order_id)
        await give_order(interaction, undo, desk.orders, asks=False)


class ConfirmButton(OrderButton, template=r"cad:confirm:(?P<order>\d{1,19})"):
    """Says yes to an order about many people."""

    name = "confirm"
    label = "Confirm"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Give the order; its answer takes the place of the question."""
        confirming = desk.asking.confirm(
            actor_of(interaction), reply_address(interaction), self.order_id
        )
        await give_order_in_place(interaction, confirming, desk.orders)


class DropButton(OrderButton, template=r"cad:drop:(?P<order>\d{1,19})"):
    """Says no to an order about many people."""

    name = "drop"
    label = "Cancel"
    style = discord.ButtonStyle.secondary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Drop the order, and say so in the place of the question."""
        dropped = await desk.asking.drop(actor_of(interaction), self.order_id)
        await interaction.response.edit_message(content=orders.order(dropped), view=None)


BUTTONS = (CancelButton, UndoButton, ConfirmButton, DropButton)


def buttons_for(view: OrderView) -> View:
    """Return the buttons that an order's reply carries as it stands."""
    buttons = View(timeout=None)
    order, outcome = view.order, view.outcome
    if view.waiting:
        buttons.add_item(CancelButton(order.id))
    elif order.state is State.ASKED:
        buttons.add_item(ConfirmButton(order.id))
        buttons.add_item(DropButton(order.id))
    elif order.action is Action.ATTACH and order.state is State.DONE and outcome:
        everyone = {one.api_id for one in view.resolution.assignees}
        if outcome.confirmation is not Confirmation.MISSING or everyone - set(outcome.missing):
            buttons.add_item(UndoButton(order.id))
    return buttons
