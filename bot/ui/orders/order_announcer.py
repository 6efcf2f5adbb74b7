"""The reply to an order: shown even minutes later or after a restart, with its buttons.

The `number` of a button is the order's id.
"""

from __future__ import annotations

from functools import partial
from typing import cast

import discord
from discord.ui import View

from bot.services.orders.intake import UNDOABLE
from bot.services.orders.outcomes import OrderView
from bot.storage.stores.order_store import OrderState
from bot.ui.discord_sender import DiscordSender, log_failure
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import IdButton, id_button_pattern
from bot.ui.interactions.responses import (
    Interaction,
    ReplyPlace,
    actor_of,
    answer,
    submit_order,
)
from bot.ui.orders import order_text
from bot.ui.text import MESSAGE_LIMIT, member_mention


class DiscordOrderAnnouncer:
    """Shows an order in its private reply; else in the log channel; else as a direct message."""

    def __init__(self, client: discord.Client, log_channel_id: int | None) -> None:
        self._client = client
        self._sender = DiscordSender(client, log_channel_id)

    async def show(self, view: OrderView) -> bool:
        """Edit the private reply; if that fails, post an outcome elsewhere.

        Return False if the actor could not be told.
        """
        if await self._edit_reply(view):
            return True
        if view.waiting:
            return False  # a waiting order has no outcome yet
        text = f"{member_mention(view.order.actor_id)}, your order: "
        text += order_text.order_reply(view, MESSAGE_LIMIT - len(text))
        return await self._sender.post_to_log(text) or await self._sender.direct_message(
            view.order.actor_id, text
        )

    async def report(self, view: OrderView) -> None:
        """Post one line about an order to the log channel, if there is one."""
        await self._sender.post_to_log(order_text.order_line(view))

    async def _edit_reply(self, view: OrderView) -> bool:
        order = view.order
        if order.token is None:
            return False
        webhook = discord.Webhook.partial(order.application_id, order.token, client=self._client)
        # If the bot stopped before it stored the id, `@original` addresses the first reply.
        reply_id = order.reply_id or cast(int, "@original")
        text, buttons = order_text.order_reply(view), buttons_for_order(view)
        try:
            await webhook.edit_message(reply_id, content=text, view=buttons)
        except Exception as error:  # noqa: BLE001 - the member is told in another way
            log_failure(f"edit the reply to order {order.id}", error)
            return False
        return True


class CancelButton(IdButton, template=id_button_pattern("cancel")):
    """Cancels a waiting order."""

    action = "cancel"
    label = "Cancel"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Cancel the order; the queue then edits its reply."""
        if await services.queue.cancel(self.number, interaction.user.id):
            await interaction.response.defer()
        else:
            await answer(interaction, "❌ Too late to cancel: the order is being sent or closed.")


class UndoButton(IdButton, template=id_button_pattern("undo")):
    """Detaches the units that an order has attached."""

    action = "undo"
    label = "Undo"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the opposite order; the units were confirmed once already."""
        undo = partial(services.intake.undo, order_id=self.number)
        await submit_order(interaction, undo, services.queue, may_ask=False)


class ConfirmButton(IdButton, template=id_button_pattern("confirm")):
    """Confirms an order about many units."""

    action = "confirm"
    label = "Confirm"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order; its answer replaces the question."""
        confirm = partial(services.confirmation.confirm, order_id=self.number)
        await submit_order(interaction, confirm, services.queue, place=ReplyPlace.PRESSED)


class DeclineButton(IdButton, template=id_button_pattern("drop")):
    """Declines to confirm an order about many units."""

    action = "drop"
    label = "Cancel"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Cancel the order; the answer replaces the question."""
        dropped = await services.confirmation.decline(actor_of(interaction), self.number)
        await interaction.response.edit_message(content=order_text.order_reply(dropped), view=None)


ORDER_BUTTONS = (CancelButton, UndoButton, ConfirmButton, DeclineButton)


def buttons_for_order(view: OrderView) -> View:
    """Return the buttons for the present state of an order."""
    buttons = View(timeout=None)
    order, outcome = view.order, view.outcome
    if view.waiting:
        buttons.add_item(CancelButton(order.id))
    elif order.state is OrderState.AWAITING_CONFIRMATION:
        buttons.add_item(ConfirmButton(order.id))
        buttons.add_item(DeclineButton(order.id))
    elif order.action in UNDOABLE and order.state is OrderState.DONE:
        missing = outcome.missing if outcome else ()
        if len(view.resolution.assignees) > len(missing):
            buttons.add_item(UndoButton(order.id))
    return buttons
