"""Post, edit and delete cards as messages in one Discord channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import discord
from discord.ui import View

from bot.services.cards.card_content import CardContent
from bot.services.links.link_service import LinkService
from bot.storage.stores.link_row import Link
from bot.ui.calls import card_embed
from bot.ui.text import role_mentions

ButtonFactory: TypeAlias = Callable[[CardContent], View | None]

_UNKNOWN_MESSAGE = 10008  # Discord's error code for a deleted message
_NO_MENTIONS = discord.AllowedMentions.none()


class DiscordCardChannel:
    """The CardChannel in Discord; the client need not know the channel yet.

    Args:
        buttons: returns the buttons of a card while its call is open.
    """

    def __init__(self, client: discord.Client, channel_id: int, buttons: ButtonFactory) -> None:
        self._client = client
        self._channel_id = channel_id
        self._buttons = buttons

    def links(self, linking: LinkService) -> Sequence[Link]:
        """Return the cached links of the Discord server that the channel belongs to."""
        channel = self._client.get_channel(self._channel_id)
        # Discord sends the channels only after the connection is ready.
        if not isinstance(channel, discord.abc.GuildChannel):
            return ()
        return linking.cached(channel.guild.id)

    async def post(self, content: CardContent) -> int:
        """Post a card, with a ping of the content's role; return the message's id."""
        role_id = content.ping_role_id
        pinged = discord.AllowedMentions(
            everyone=False, users=False, roles=[discord.Object(role_id)] if role_id else False
        )
        message = await self._channel.send(
            role_mentions([role_id]) if role_id else None,
            embed=card_embed.card(content),
            view=self._view(content) or discord.utils.MISSING,
            allowed_mentions=pinged,
        )
        return message.id

    async def edit(self, message_id: int, content: CardContent) -> bool:
        """Edit a card; return False if its message was deleted."""
        message = self._channel.get_partial_message(message_id)
        try:
            if content.call is not None:
                embed = card_embed.card(content)
            else:
                embed = await self._restyled_embed(message, content)
            await message.edit(embed=embed, view=self._view(content), allowed_mentions=_NO_MENTIONS)
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise  # the channel was deleted
            return False
        return True

    async def delete(self, message_id: int) -> None:
        """Delete a card; a message that is already deleted is no error."""
        try:
            await self._channel.get_partial_message(message_id).delete()
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise

    async def discard(self, message_id: int) -> bool:
        """Delete a card of before; return False if the bot may not.

        A message or a channel that is gone is no error.
        """
        try:
            await self._channel.get_partial_message(message_id).delete()
        except discord.NotFound:
            return True
        except discord.Forbidden:
            return False
        return True

    @property
    def _channel(self) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(self._channel_id)

    def _view(self, content: CardContent) -> View | None:
        return None if content.is_closed else self._buttons(content)

    async def _restyled_embed(
        self, message: discord.PartialMessage, content: CardContent
    ) -> discord.Embed:
        """Return the embed of the message itself, restyled: the call's data is no longer known."""
        shown = (await message.fetch()).embeds
        return card_embed.restyled(shown[0], content) if shown else card_embed.card(content)
