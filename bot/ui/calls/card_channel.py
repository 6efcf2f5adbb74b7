"""Where cards live: messages in one Discord channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import discord
from discord.ui import View

from bot.services.cards.card_content import CardFace
from bot.services.links.link_service import LinkingService
from bot.storage.stores.link_row import Link
from bot.ui.calls import card_embed
from bot.ui.text import roles

Buttons: TypeAlias = Callable[[CardFace], View | None]

_UNKNOWN_MESSAGE = 10008  # Discord's number for a message that is gone
_NOBODY = discord.AllowedMentions.none()


class ChannelHost:
    """The CardHost over a channel, which need not be known yet.

    Args:
        buttons: what a card carries while its call is open.
    """

    def __init__(self, client: discord.Client, channel_id: int, buttons: Buttons) -> None:
        self._client = client
        self._channel_id = channel_id
        self._buttons = buttons

    def links(self, linking: LinkingService) -> Sequence[Link]:
        """Return the links of the server that sees the cards, from memory."""
        channel = self._client.get_channel(self._channel_id)
        # Unknown until Discord has told of its servers.
        if not isinstance(channel, discord.abc.GuildChannel):
            return ()
        return linking.known(channel.guild.id)

    async def post(self, face: CardFace) -> int:
        """Send a card, pinging the role that its face names."""
        role_id = face.ping_role_id
        pinged = discord.AllowedMentions(
            everyone=False, users=False, roles=[discord.Object(role_id)] if role_id else False
        )
        message = await self._channel.send(
            roles([role_id]) if role_id else None,
            embed=card_embed.card(face),
            view=self._view(face) or discord.utils.MISSING,
            allowed_mentions=pinged,
        )
        return message.id

    async def edit(self, message_id: int, face: CardFace) -> bool:
        """Change a card; False if somebody has deleted its message."""
        message = self._channel.get_partial_message(message_id)
        try:
            if face.call is not None:
                embed = card_embed.card(face)
            else:
                embed = await self._marked(message, face)
            await message.edit(embed=embed, view=self._view(face), allowed_mentions=_NOBODY)
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

    def _view(self, face: CardFace) -> View | None:
        return None if face.is_closed else self._buttons(face)

    async def _marked(self, message: discord.PartialMessage, face: CardFace) -> discord.Embed:
        """Keep what the message says of a call that nobody else knows any more."""
        shown = (await message.fetch()).embeds
        return card_embed.marked(shown[0], face) if shown else card_embed.card(face)
