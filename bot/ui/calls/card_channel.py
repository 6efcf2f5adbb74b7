"""Post, edit and delete cards as messages in one Discord channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias, TypeVar

import discord
from discord.ui import View

from bot.services.cards.card_content import CardContent
from bot.services.cards.card_writer import CardRateLimited
from bot.services.cards.overview import Overview
from bot.services.links.link_service import LinkService
from bot.storage.stores.link_row import Link
from bot.ui.calls import card_embed
from bot.ui.calls.call_text import overview_embed
from bot.ui.text import role_mentions

T = TypeVar("T")
ButtonFactory: TypeAlias = Callable[[CardContent], View | None]

_UNKNOWN_MESSAGE = 10008  # Discord's error code for a deleted message
# Discord's error codes for a text that its moderation refuses: AutoMod, and harmful links.
_MODERATED = frozenset({200000, 240000})
_NO_MENTIONS = discord.AllowedMentions.none()


class DiscordCardChannel:
    """The CardChannel in Discord; the client need not know the channel yet.

    Args:
        buttons: returns the buttons of a card while its call is open.
        guild_id: of the channel, for the links to cards.
    """

    def __init__(
        self, client: discord.Client, channel_id: int, buttons: ButtonFactory, *, guild_id: int
    ) -> None:
        self._client = client
        self._cards_url = f"https://discord.com/channels/{guild_id}/{channel_id}"
        self._channel_id = channel_id
        self._buttons = buttons

    def links(self, linking: LinkService) -> Sequence[Link]:
        """Return the cached links of the Discord server that the channel belongs to."""
        channel = self._client.get_channel(self._channel_id)
        # Discord sends the channels only after the connection is ready.
        if not isinstance(channel, discord.abc.GuildChannel):
            return ()
        return linking.cached(channel.guild.id)

    async def post(self, content: CardContent, nonce: str) -> int:
        """Post a card, with a ping of the content's role; return the message's id."""
        role_id = content.ping_role_id

        async def send(embed: discord.Embed) -> discord.Message:
            return await self._channel.send(
                role_mentions([role_id]) if role_id else None,
                embed=embed,
                view=self._view(content) or discord.utils.MISSING,
                allowed_mentions=_mentions_of(role_id),
                nonce=nonce,
            )

        with _rate_limits():
            return (await self._moderated_card(send, content)).id

    async def ping(self, role_id: int, count: int) -> int:
        """Ping a role for several urgent calls at once; return the message's id."""
        calls = "1 more urgent call" if count == 1 else f"{count} more urgent calls"
        message = await self._channel.send(
            f"{role_mentions([role_id])} {calls}: see the cards above.",
            allowed_mentions=_mentions_of(role_id),
        )
        return message.id

    async def edit(self, message_id: int, content: CardContent) -> bool:
        """Edit a card; return False if its message was deleted."""
        message = self._channel.get_partial_message(message_id)

        async def edit(embed: discord.Embed) -> None:
            await message.edit(embed=embed, view=self._view(content), allowed_mentions=_NO_MENTIONS)

        try:
            with _rate_limits():
                if content.call is not None:
                    await self._moderated_card(edit, content)
                else:
                    await edit(await self._restyled_embed(message, content))
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise  # the channel was deleted
            return False
        return True

    async def post_overview(self, overview: Overview, nonce: str) -> int:
        """Post the overview of the open calls; return the message's id."""

        async def send(embed: discord.Embed) -> discord.Message:
            return await self._channel.send(
                embed=embed, allowed_mentions=_NO_MENTIONS, nonce=nonce, silent=True
            )

        with _rate_limits():
            return (await self._moderated_overview(send, overview)).id

    async def edit_overview(self, message_id: int, overview: Overview) -> bool:
        """Edit the overview; return False if its message was deleted."""
        message = self._channel.get_partial_message(message_id)

        async def edit(embed: discord.Embed) -> None:
            await message.edit(embed=embed, allowed_mentions=_NO_MENTIONS)

        try:
            with _rate_limits():
                await self._moderated_overview(edit, overview)
        except discord.NotFound as error:
            if error.code != _UNKNOWN_MESSAGE:
                raise  # the channel was deleted
            return False
        return True

    async def delete(self, message_id: int) -> None:
        """Delete a card; a message that is already deleted is no error."""
        try:
            with _rate_limits():
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

    async def _moderated_card(
        self, write: Callable[[discord.Embed], Awaitable[T]], content: CardContent
    ) -> T:
        """Write a card; where moderation refuses its texts, without what people typed."""
        usual = partial(card_embed.card, content, self._cards_url)
        return await _moderated(
            write, usual, partial(card_embed.plain_card, content, self._cards_url)
        )

    async def _moderated_overview(
        self, write: Callable[[discord.Embed], Awaitable[T]], overview: Overview
    ) -> T:
        """Write the overview; where moderation refuses its texts, without them."""
        usual = partial(overview_embed, overview, self._cards_url)
        return await _moderated(write, usual, partial(usual, is_plain=True))

    async def _restyled_embed(
        self, message: discord.PartialMessage, content: CardContent
    ) -> discord.Embed:
        """Return the embed of the message itself, restyled: the call's data is no longer known."""
        shown = (await message.fetch()).embeds
        return card_embed.restyled(shown[0], content) if shown else card_embed.card(content)


async def _moderated(
    write: Callable[[discord.Embed], Awaitable[T]],
    usual: Callable[[], discord.Embed],
    plain: Callable[[], discord.Embed],
) -> T:
    """Write an embed; where moderation refuses its texts, the one without what people typed."""
    try:
        return await write(usual())
    except discord.HTTPException as error:
        if error.code not in _MODERATED:
            raise
        return await write(plain())


@contextmanager
def _rate_limits() -> Iterator[None]:
    """Raise what Discord's rate limits refuse for long as CardRateLimited."""
    try:
        yield
    except discord.RateLimited as error:
        raise CardRateLimited(error.retry_after) from error


def _mentions_of(role_id: int | None) -> discord.AllowedMentions:
    roles = [discord.Object(role_id)] if role_id else False
    return discord.AllowedMentions(everyone=False, users=False, roles=roles)
