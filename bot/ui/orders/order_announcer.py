"""The reply to an order: shown even minutes later or after a restart, with its buttons.

The `number` of a button is the order's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import discord
from discord.ui import Button, Item, View

from bot.services.cards.discord_budget import DiscordBudget
from bot.services.errors import TooLateToCancel
from bot.services.orders.moves import UNDOABLE
from bot.services.orders.outcomes import OrderView
from bot.services.reply import Delivery
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui.discord_sender import DiscordOutage, DiscordSender
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import IdButton, PersistentItem, id_button_pattern
from bot.ui.interactions.responses import (
    Interaction,
    ReplyPlace,
    actor_of,
    reply_address,
    respond,
    submit_order,
)
from bot.ui.orders import order_text
from bot.ui.text import MESSAGE_LIMIT, member_mention, one_line

MAX_NEAR_BUTTONS = 5  # one row, as Discord shows it
_MAX_LABEL = 80  # Discord's maximum

ResultItems: TypeAlias = Callable[[OrderView], Sequence[Item[Any]]]


class DiscordOrderAnnouncer:
    """Shows an order in its private reply, as a direct message, or in the log channel.

    Args:
        result_items: what returns the buttons of the result, for the kinds of orders with such.
    """

    def __init__(
        self,
        client: discord.Client,
        log_channel_id: int | None,
        budget: DiscordBudget,
        *,
        result_items: Mapping[OrderAction, ResultItems] = MappingProxyType({}),
    ) -> None:
        self._client = client
        self._result_items = result_items
        self._editing = DiscordOutage("edit the replies to orders")
        self._sender = DiscordSender(client, log_channel_id, budget)

    async def show(self, view: OrderView) -> Delivery:
        """Edit the private reply."""
        order = view.order
        if order.token is None:
            return Delivery.IMPOSSIBLE
        webhook = discord.Webhook.partial(order.application_id, order.token, client=self._client)
        # If the bot stopped before it stored the id, `@original` addresses the first reply.
        reply_id = order.reply_id or cast(int, "@original")
        text, buttons = order_text.order_reply(view), buttons_for_order(view)
        if make_items := self._result_items.get(order.action):
            for item in make_items(view):
                buttons.add_item(item)
        try:
            await webhook.edit_message(reply_id, content=text, view=buttons)
        except Exception as error:  # noqa: BLE001 - the member is told in another way
            return self._editing.failed(error, f"edit the reply to order {order.id}")
        if self._editing.failures:
            self._editing.record_success()
        return Delivery.DONE

    async def send(self, view: OrderView) -> Delivery:
        """Tell the outcome in a direct message; if that fails, in the log channel."""
        actor_id = view.order.actor_id
        text = f"{member_mention(actor_id)}, your order: "
        text += order_text.order_reply(view, MESSAGE_LIMIT - len(text))
        sent = await self._sender.direct_message(actor_id, text)
        if sent is Delivery.DONE:
            return sent
        posted = await self._sender.post_to_log(text)
        return sent if posted is Delivery.IMPOSSIBLE else posted

    async def report(self, view: OrderView) -> None:
        """Post one line about an order to the log channel, if there is one."""
        await self._sender.post_to_log(order_text.order_line(view))


class CancelButton(IdButton, template=id_button_pattern("cancel")):
    """Cancels a waiting order."""

    action = "cancel"
    label = "Cancel"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Cancel the order; the queue then edits its reply."""
        await respond(interaction, self._cancel(interaction, services), None, in_place=True)

    async def _cancel(self, interaction: Interaction, services: GuildServices) -> None:
        actor_id, message_id = interaction.user.id, reply_address(interaction).reply_id
        if not await services.queue.cancel(self.number, actor_id, message_id):
            raise TooLateToCancel


class UndoButton(IdButton, template=id_button_pattern("undo")):
    """Puts the units that an order has moved back where they were."""

    action = "undo"
    label = "Undo"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order, whose reply takes the place; the units were confirmed once already."""
        await submit_order(
            interaction,
            partial(services.intake.undo, order_id=self.number),
            services.queue,
            place=ReplyPlace.PRESSED,
            may_ask=False,
        )


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
        await respond(
            interaction, self._decline(interaction, services), order_text.order_reply, in_place=True
        )

    async def _decline(self, interaction: Interaction, services: GuildServices) -> OrderView:
        actor, reply = actor_of(interaction), reply_address(interaction)
        return await services.confirmation.decline(actor, reply, self.number)


class NearMatchButton(PersistentItem, template=r"cad:near:(?P<number>\d{1,19}):(?P<index>\d{1,3})"):
    """Gives an order again, about a unit that a word of it may have meant."""

    def __init__(self, number: int, index: int, label: str = "-") -> None:
        self.number, self.index = number, index
        custom_id = f"cad:near:{number}:{index}"
        super().__init__(Button[View](label=label, custom_id=custom_id))

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order; its reply is a message of its own."""
        message_id = interaction.message.id if interaction.message else None
        give = partial(
            services.intake.give_near_match,
            order_id=self.number,
            index=self.index,
            message_id=message_id,
        )
        await submit_order(interaction, give, services.queue)


ORDER_BUTTONS = (CancelButton, UndoButton, ConfirmButton, DeclineButton)
ORDER_ITEMS = (*ORDER_BUTTONS, NearMatchButton)


def buttons_for_order(view: OrderView) -> View:
    """Return the buttons for the present state of an order."""
    buttons = View(timeout=None)
    order, outcome = view.order, view.outcome
    if view.waiting:
        buttons.add_item(CancelButton(order.id))
    elif order.state is OrderState.AWAITING_CONFIRMATION:
        buttons.add_item(ConfirmButton(order.id))
        buttons.add_item(DeclineButton(order.id))
    elif view.detail.undone_id is not None and order.state.is_failed and view.can_undo:
        buttons.add_item(UndoButton(view.detail.undone_id))  # as it was before
    elif order.state is OrderState.DONE and order.action in UNDOABLE and view.can_undo:
        unmoved = {*outcome.missing, *outcome.unmoved} if outcome else {}
        if len(view.resolution.assignees) > len(unmoved):
            buttons.add_item(UndoButton(order.id))
    if view.resolution.left_out and order.state in {OrderState.DONE, OrderState.REFUSED}:
        for index, near in enumerate(view.resolution.near_matches[:MAX_NEAR_BUTTONS]):
            label = one_line(f"{near.number} {near.name}", _MAX_LABEL)
            buttons.add_item(NearMatchButton(order.id, index, label))
    return buttons
