"""Where cards live: messages in one Discord channel."""

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

_UNKNOWN_MESSAGE = 10008  # Discord's number for a message that is gone
_NO_MENTIONS = discord.AllowedMentions.none()


class DiscordCardChannel:
    """The CardHost over a channel, which need not be known yet.

    Args:
        buttons: what a card carries while its call is open.
    """

    def __init__(self, client: discord.Client, channel_id: int, buttons: ButtonFactory) -> None:
        self._client = client
        self._channel_id = channel_id
        self._buttons = buttons

    def links(self, linking: LinkService) -> Sequence[Link]:
        """Return the links of the server that sees the cards, from memory."""
        channel = self._client.get_channel(self._channel_id)
        # Unknown until Discord has told of its servers.
        if not isinstance(channel, discord.abc.GuildChannel):
            return ()
        return linking.cached(channel.guild.id)

    async def post(self, face: CardContent) -> int:
        """Send a card, pinging the role that its face names."""
        role_id = face.ping_role_id
        pinged = discord.AllowedMentions(
            everyone=False, users=False, roles=[discord.Object(role_id)] if role_id else False
        )
        message = await self._channel.send(
            role_mentions([role_id]) if role_id else None,
            embed=card_embed.card(face),
            view=self._view(face) or discord.utils.MISSING,
            allowed_mentions=pinged,
        )
        return message.id

    async def edit(self, message_id: int, face: CardContent) -> bool:
        """Change a card; False if somebody has deleted its message."""
        message = self._channel.get_partial_message(message_id)
        try:
            if face.call is not None:
                embed = card_embed.card(face)
            else:
                embed = await self._restyled_embed(message, face)
            await message.edit(embed=embed, view=self._view(face), allowed_mentions=_NO_MENTIONS)
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise  # the channel is
            return False
        return True

    async def delete(self, message_id: int) -> None:
        """Remove a card, unless somebody was quicker."""
        try:
            await self._channel.get_partial_message(message_id).delete()
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise

    @property
    def _channel(self) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(self._channel_id)

    def _view(self, face: CardContent) -> View | None:
        return None if face.is_closed else self._buttons(face)

    async def _restyled_embed(
        self, message: discord.PartialMessage, face: CardContent
    ) -> discord.Embed:
        """Keep what the message says of a call that nobody else knows any more."""
        shown = (await message.fetch()).embeds
        return card_embed.restyled(shown[0], face) if shown else card_embed.card(face)
