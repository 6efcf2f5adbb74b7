"""How news of links and requests reach people."""

from __future__ import annotations

from typing import cast

import discord

from bot.services.links.link_changes import Asking, News, Place
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_store import ImportCounts
from bot.ui.discord_sender import Outbox, worked
from bot.ui.links import link_text
from bot.ui.links.link_buttons import request_buttons
from bot.ui.text import member, plain

_NOBODY = discord.AllowedMentions.none()
_ORIGINAL = cast(int, "@original")  # Discord takes this word for the id of the first reply


class LinkDelivery:
    """The Herald over Discord."""

    def __init__(self, client: discord.Client, log_channel_id: int | None) -> None:
        self._client = client
        self._log_channel_id = log_channel_id
        self._outbox = Outbox(client, log_channel_id)

    async def ask(self, asking: Asking) -> Place | None:
        """Post a request with its buttons in the log channel, if that is on the same server."""
        request, channel_id = asking.request, self._log_channel_id
        if channel_id is None:
            return None
        channel = self._client.get_channel(channel_id)
        if isinstance(channel, discord.abc.GuildChannel) and channel.guild.id != request.guild_id:
            return None  # nobody there may decide about it
        posted: list[discord.Message] = []

        async def post() -> None:
            place = self._client.get_partial_messageable(channel_id)
            text, view = link_text.asking(asking), request_buttons(request.id)
            posted.append(await place.send(text, view=view, allowed_mentions=_NOBODY))

        if not await worked(post(), f"post link request {request.id}"):
            return None
        return Place(channel_id, posted[0].id)

    async def close(self, request: LinkRequest) -> None:
        """Edit the message of a request: what became of it, and no buttons."""
        if request.channel_id is None or request.message_id is None:
            return
        channel = self._client.get_partial_messageable(request.channel_id)
        editing = channel.get_partial_message(request.message_id).edit(
            content=link_text.closed(request), view=None, allowed_mentions=_NOBODY
        )
        await worked(editing, f"edit the message of link request {request.id}")

    async def answer(self, request: LinkRequest) -> None:
        """Edit the private reply; else write to the person; else into the log channel."""
        text = link_text.answered(request)
        if await self._edited(request, text):
            return
        letter = f"{self._server(request.guild_id)}: {text}"
        if not await self._outbox.sent(request.discord_id, letter):
            await self._outbox.logged(f"{member(request.discord_id)}: {text}")

    async def tell(self, news: News) -> None:
        """Write to whoever had the link; who takes no messages is not told."""
        before = news.before
        text = f"{self._server(before.guild_id)}: {link_text.letter(news)}"
        await self._outbox.sent(before.discord_id, text)

    async def report(self, news: News) -> None:
        """Write one line into the log channel, if there is one."""
        await self._outbox.logged(link_text.line(news))

    async def imported(self, by: int, counts: ImportCounts) -> None:
        """Write one line into the log channel, if there is one."""
        await self._outbox.logged(link_text.imported(by, counts))

    async def _edited(self, request: LinkRequest, text: str) -> bool:
        if request.token is None:
            return False
        webhook = discord.Webhook.partial(
            request.application_id, request.token, client=self._client
        )
        reply_id = request.reply_id or _ORIGINAL
        editing = webhook.edit_message(reply_id, content=text, allowed_mentions=_NOBODY)
        return await worked(editing, f"edit the reply to link request {request.id}")

    def _server(self, guild_id: int) -> str:
        guild = self._client.get_guild(guild_id)
        return f"**{plain(guild.name, 100)}**" if guild else "Dispatch"
