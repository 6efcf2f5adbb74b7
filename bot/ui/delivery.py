"""How the answer to an order reaches people, even minutes or a restart later."""

from __future__ import annotations

import logging
from typing import cast

import discord

from bot.services.outcomes import OrderView
from bot.ui import orders
from bot.ui.items import buttons_for
from bot.ui.text import member

_log = logging.getLogger(__name__)


class Delivery:
    """The Announcer over Discord: the private reply, else the log channel, else a message."""

    def __init__(self, client: discord.Client, log_channel_id: int | None) -> None:
        self._client = client
        self._log_channel_id = log_channel_id

    async def show(self, view: OrderView) -> bool:
        """Edit the private reply; tell an outcome elsewhere where that is no longer possible."""
        if await self._edited(view):
            return True
        if view.waiting:
            return False  # there is nothing to tell yet
        text = f"{member(view.order.actor_id)}, your order: {orders.order(view)}"
        return await self._logged(text) or await self._sent(view.order.actor_id, text)

    async def report(self, view: OrderView) -> None:
        """Write one line about an order into the log channel, if there is one."""
        await self._logged(orders.line(view))

    async def _edited(self, view: OrderView) -> bool:
        order = view.order
        if order.token is None:
            return False
        webhook = discord.Webhook.partial(order.application_id, order.token, client=self._client)
        # Where the bot was killed before it knew the id, Discord takes this word for it.
        reply_id = order.reply_id or cast(int, "@original")
        try:
            await webhook.edit_message(reply_id, content=orders.order(view), view=buttons_for(view))
        except (discord.HTTPException, OSError) as error:
            _log.warning("the reply to order %s cannot be edited: %s", order.id, error)
            return False
        return True

    async def _logged(self, text: str) -> bool:
        if self._log_channel_id is None:
            return False
        channel = self._client.get_partial_messageable(self._log_channel_id)
        try:
            await channel.send(text)
        except (discord.HTTPException, OSError) as error:
            _log.warning("the log channel cannot be written to: %s", error)
            return False
        return True

    async def _sent(self, user_id: int, text: str) -> bool:
        try:
            user = await self._client.fetch_user(user_id)
            await user.send(text)
        except (discord.HTTPException, OSError) as error:
            _log.warning("user %s cannot be written to: %s", user_id, error)
            return False
        return True
