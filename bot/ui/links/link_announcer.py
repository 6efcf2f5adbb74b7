"""Tell members and staff about changes of links and about link requests."""

from __future__ import annotations

from typing import cast

import discord
from discord.utils import MISSING

from bot.services.cards.discord_budget import DiscordBudget, Urgency
from bot.services.links.link_changes import LinkChange, MessageRef, RequestNotice
from bot.services.reply import Delivery
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_store import ImportCounts
from bot.ui.discord_sender import DiscordSender, attempt
from bot.ui.links import link_text
from bot.ui.links.link_buttons import request_buttons
from bot.ui.text import escape, member_mention

_NO_MENTIONS = discord.AllowedMentions.none()
_ORIGINAL_REPLY = cast(int, "@original")  # Discord takes this word for the id of the first reply


class DiscordLinkNotifier:
    """The LinkNotifier over Discord."""

    def __init__(
        self, client: discord.Client, log_channel_id: int | None, budget: DiscordBudget
    ) -> None:
        self._client = client
        self._budget = budget
        self._log_channel_id = log_channel_id
        self._sender = DiscordSender(client, log_channel_id, budget)

    async def post_request(self, notice: RequestNotice) -> MessageRef | None:
        """Post a request with its buttons in the log channel, if that is on the same server.

        Return the message; None if it was not posted.
        """
        request, channel_id = notice.request, self._log_channel_id
        if channel_id is None:
            return None
        channel = self._client.get_channel(channel_id)
        if isinstance(channel, discord.abc.GuildChannel) and channel.guild.id != request.guild_id:
            return None  # members of another server must not decide about it
        posted: list[discord.Message] = []

        async def post() -> None:
            place = self._client.get_partial_messageable(channel_id)
            text, view = link_text.request_notice(notice), request_buttons(request.id)
            await self._budget.take(Urgency.MESSAGE)
            posted.append(await place.send(text, view=view, allowed_mentions=_NO_MENTIONS))

        if not await attempt(post(), f"post link request {request.id}"):
            return None
        return MessageRef(channel_id, posted[0].id)

    async def close_request(self, request: LinkRequest) -> None:
        """Edit a request's message: show how the request ended, remove the buttons."""
        if request.channel_id is None or request.message_id is None:
            return
        message = MessageRef(request.channel_id, request.message_id)
        editing = self._edit(message, content=link_text.request_closed(request))
        await attempt(editing, f"edit the message of link request {request.id}")

    async def remove_buttons(self, message: MessageRef) -> None:
        """Remove the buttons of a message that no request has."""
        await attempt(self._edit(message), f"remove the buttons of message {message.message_id}")

    async def _edit(self, message: MessageRef, content: str = MISSING) -> None:
        """Edit a message in the log channel, and remove its buttons."""
        await self._budget.take(Urgency.MESSAGE)
        channel = self._client.get_partial_messageable(message.channel_id)
        await channel.get_partial_message(message.message_id).edit(
            content=content, view=None, allowed_mentions=_NO_MENTIONS
        )

    async def answer_requester(self, request: LinkRequest) -> None:
        """Edit the requester's private reply; else send a direct message; else post to the log."""
        text = link_text.request_answer(request)
        if await self._edit_reply(request, text):
            return
        letter = f"{self._guild_name(request.guild_id)}: {text}"
        if await self._sender.direct_message(request.discord_id, letter) is not Delivery.DONE:
            await self._sender.post_to_log(f"{member_mention(request.discord_id)}: {text}")

    async def notify_owner(self, change: LinkChange) -> None:
        """Send a direct message to the owner of a changed link, if they accept messages."""
        before = change.before
        text = f"{self._guild_name(before.guild_id)}: {link_text.change_message(change)}"
        await self._sender.direct_message(before.discord_id, text)

    async def log_change(self, change: LinkChange) -> None:
        """Post one line to the log channel, if there is one."""
        await self._sender.post_to_log(link_text.change_log_line(change))

    async def log_import(self, imported_by: int, counts: ImportCounts) -> None:
        """Post one line to the log channel, if there is one."""
        await self._sender.post_to_log(link_text.import_log_line(imported_by, counts))

    async def _edit_reply(self, request: LinkRequest, text: str) -> bool:
        if request.token is None:
            return False
        webhook = discord.Webhook.partial(
            request.application_id, request.token, client=self._client
        )
        reply_id = request.reply_id or _ORIGINAL_REPLY
        editing = webhook.edit_message(reply_id, content=text, allowed_mentions=_NO_MENTIONS)
        return await attempt(editing, f"edit the reply to link request {request.id}")

    def _guild_name(self, guild_id: int) -> str:
        guild = self._client.get_guild(guild_id)
        return f"**{escape(guild.name, 100)}**" if guild else "Dispatch"
