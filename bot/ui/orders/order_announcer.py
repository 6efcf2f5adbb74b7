"""Deliver the answer to an order, even minutes later or after a restart."""

from __future__ import annotations

from typing import cast

import discord

from bot.services.orders.outcomes import OrderView
from bot.ui.discord_sender import DiscordSender, log_failure
from bot.ui.orders import order_text
from bot.ui.orders.order_buttons import buttons_for_order
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
