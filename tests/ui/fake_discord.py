"""A client that records what is sent to Discord, and fails where a test says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import discord
import pytest
from aiohttp import RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

TOKEN = "aW50ZXJhY3Rpb24"
LOG_CHANNEL = 77

_SECRET_URL = URL(f"https://discord.com/webhooks/7/{TOKEN}")
_REQUEST = RequestInfo(_SECRET_URL, "PATCH", CIMultiDictProxy(CIMultiDict()), _SECRET_URL)


class NotFoundAnswer:
    """The part of an answer that discord.py's error reads."""

    status = 404
    reason = "Not Found"


# Where the library requests is installed, discord.py's types name its answer too.
GONE = discord.NotFound(cast("Any", NotFoundAnswer()), "Unknown Webhook")
# Errors that a request to Discord can end with; two of them have the token in their text.
ERRORS = [
    GONE,
    discord.RateLimited(60.0),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ContentTypeError(_REQUEST, ()),
    TimeoutError(),
    ConnectionResetError("reset"),
    ValueError(f"no webhook at {TOKEN}"),
]


@dataclass(frozen=True, slots=True)
class FakeGuild:
    name: str


@dataclass(frozen=True, slots=True)
class FakeMessage:
    client: FakeDiscord
    id: int

    async def edit(self, **changes: Any) -> None:
        self.client.raise_fault("edit message")
        self.client.message_edits.append((self.id, changes))


@dataclass(frozen=True, slots=True)
class FakeChannel:
    client: FakeDiscord
    id: int

    async def send(self, text: str, **options: Any) -> FakeMessage:
        self.client.raise_fault("post")
        self.client.posts.append((self.id, text))
        self.client.post_options.append(options)
        return self.get_partial_message(5)

    def get_partial_message(self, message_id: int) -> FakeMessage:
        return FakeMessage(self.client, message_id)


@dataclass(frozen=True, slots=True)
class FakeUser:
    client: FakeDiscord
    id: int

    async def send(self, text: str) -> None:
        self.client.raise_fault("direct message")
        self.client.direct_messages.append((self.id, text))


@dataclass(frozen=True, slots=True)
class FakeWebhook:
    client: FakeDiscord
    application_id: int

    async def edit_message(self, message_id: int | str, **changes: Any) -> None:
        self.client.raise_fault("edit reply")
        self.client.reply_edits.append((self.application_id, message_id, changes))


class FakeDiscord:
    """The client, with the webhook of private replies.

    Attributes:
        faults: the error of each kind of request: "edit reply", "edit message", "post",
            "find user" or "direct message".
        reply_edits: application id, message id and changes of each edited reply.
        posts: channel id and text of each message; `post_options` has the rest of it.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.faults: dict[str, Exception] = {}
        self.reply_edits: list[tuple[int, int | str, dict[str, Any]]] = []
        self.message_edits: list[tuple[int, dict[str, Any]]] = []
        self.posts: list[tuple[int, str]] = []
        self.post_options: list[dict[str, Any]] = []
        self.direct_messages: list[tuple[int, str]] = []
        monkeypatch.setattr(discord.Webhook, "partial", self._webhook)

    def raise_fault(self, request: str) -> None:
        if fault := self.faults.get(request):
            raise fault

    def get_channel(self, channel_id: int) -> None:
        """Know no channel, as before Discord has sent its servers."""

    def get_guild(self, guild_id: int) -> FakeGuild:
        return FakeGuild("*Andreas*")

    def get_partial_messageable(self, channel_id: int) -> FakeChannel:
        return FakeChannel(self, channel_id)

    async def fetch_user(self, user_id: int) -> FakeUser:
        self.raise_fault("find user")
        return FakeUser(self, user_id)

    def _webhook(self, application_id: int, token: str, *, client: object) -> FakeWebhook:
        assert (token, client) == (TOKEN, self)
        return FakeWebhook(self, application_id)
