"""A Discord in the bot's own process that answers at once, with as little work as possible.

All of discord.py runs, from the parser of gateway messages to the JSON of a request; only the HTTP
session below it is replaced. Both bots are measured with it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import discord

APPLICATION_ID = 1200000000000000001
GUILD_ID = 1100000000000000001
ROLE_ID = 1100000000000000002
CHANNEL_ID = 1100000000000000003
FIRST_MEMBER_ID = 1400000000000000000

WAITING = "⏳"
CONFIRMED = "Confirmed by the CAD."

_USER = {
    "id": str(APPLICATION_ID),
    "username": "dispatch",
    "discriminator": "0",
    "global_name": None,
    "avatar": None,
    "bot": True,
}
_APPLICATION = {
    "id": str(APPLICATION_ID),
    "name": "dispatch",
    "description": "",
    "icon": None,
    "bot_public": False,
    "bot_require_code_grant": False,
    "verify_key": "",
    "owner": _USER,
    "flags": 0,
}
_ROLE = {
    "id": str(ROLE_ID),
    "name": "Dispatch",
    "color": 0,
    "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    "hoist": False,
    "position": 1,
    "permissions": "0",
    "managed": False,
    "mentionable": False,
    "flags": 0,
}
_CHANNEL = {"id": str(CHANNEL_ID), "name": "dispatch", "type": 0, "position": 0}
_GUILD = {
    "id": str(GUILD_ID),
    "name": "Los Santos",
    "owner_id": str(FIRST_MEMBER_ID),
    "features": [],
    "roles": [_ROLE | {"id": str(GUILD_ID), "name": "@everyone", "position": 0}, _ROLE],
    "channels": [_CHANNEL | {"permission_overwrites": []}],
    "members": [],
}
_MESSAGE: dict[str, Any] = {
    "channel_id": str(CHANNEL_ID),
    "author": _USER,
    "timestamp": "2026-01-01T00:00:00+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "mentions": [],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "pinned": False,
    "type": 20,
}


@dataclass(slots=True)
class Exchange:
    """One interaction, with the times of its steps (`time.perf_counter`, in seconds)."""

    arrived: float
    acknowledged: float | None = None
    answered: float | None = None
    confirmed: float | None = None
    answer: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the final answer has arrived."""
        return self.answered is not None

    @property
    def is_confirmed(self) -> bool:
        """Whether the answer says that the CAD shows the units on the call."""
        return self.confirmed is not None


@dataclass(slots=True)
class _Response:
    """The parts of a response that discord.py reads."""

    body: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    async def text(self, encoding: str) -> str:  # noqa: ARG002
        return self.body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


class PretendDiscord:
    """Sends interactions to a client and records their acknowledgements and answers."""

    def __init__(self) -> None:
        self.exchanges: dict[str, Exchange] = {}  # by the interaction's token
        self._numbers = itertools.count(1)
        self._progress = asyncio.Event()
        self._client: discord.Client | None = None

    async def log_in(self, client: discord.Client) -> None:
        """Log a client in and add the guild to it."""
        with patch.object(aiohttp, "ClientSession", return_value=self):
            await client.login("a-token.that-is.right")
        client._connection._add_guild_from_data(_GUILD)  # type: ignore[arg-type]  # noqa: SLF001
        self._client = client

    def attach(self, orders: Iterable[tuple[int, int]]) -> list[Exchange]:
        """Deliver one `/attach` per member and call, all at once."""
        if self._client is None:
            raise RuntimeError("no client is logged in")
        payloads = [self._interaction(member, call) for member, call in orders]
        now = time.perf_counter()
        exchanges = [Exchange(now) for _ in payloads]
        for payload, exchange in zip(payloads, exchanges, strict=True):
            self.exchanges[payload["token"]] = exchange
        deliver = self._client._connection.parsers["INTERACTION_CREATE"]  # noqa: SLF001
        for payload in payloads:
            deliver(payload)
        return exchanges

    async def wait_for(
        self,
        exchanges: Iterable[Exchange],
        seconds: float = 120.0,
        *,
        is_done: Callable[[Exchange], bool] = attrgetter("is_over"),
    ) -> None:
        """Wait until all are done: by default, until they have their final answer."""
        waiting = list(exchanges)
        async with asyncio.timeout(seconds):
            while waiting := [one for one in waiting if not is_done(one)]:
                self._progress.clear()
                await self._progress.wait()

    def request(
        self,
        method: str,
        url: str,
        data: str | None = None,
        **_: object,
    ) -> _Response:
        """Answer a request of discord.py; it replaces `aiohttp.ClientSession.request`."""
        now = time.perf_counter()
        match method, url.partition("?")[0].split("/")[5:]:
            case "POST", ["interactions", id_, token, "callback"]:
                self.exchanges[token].acknowledged = now
                body = _acknowledgement(id_)
            case "PATCH", ["webhooks", _, token, "messages", _]:
                content = json.loads(data or "{}")["content"]
                self._record_answer(self.exchanges[token], content, now)
                body = json.dumps(_MESSAGE | {"id": "1", "content": content})
            case "GET", ["users", "@me"]:
                body = json.dumps(_USER)
            case "GET", ["oauth2", *_]:
                body = json.dumps(_APPLICATION)
            case "PUT", _:
                body = json.dumps([_command(one) for one in json.loads(data or "[]")])
            case _:
                body = "[]"
        return _Response(body)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def _record_answer(self, exchange: Exchange, content: str, now: float) -> None:
        exchange.answer = content
        if exchange.answered is None and not content.startswith(WAITING):
            exchange.answered = now
            self._progress.set()
        if exchange.confirmed is None and CONFIRMED in content:
            exchange.confirmed = now
            self._progress.set()

    def _interaction(self, member_id: int, call_id: int) -> dict[str, Any]:
        number = next(self._numbers)
        user = _USER | {"id": str(member_id), "username": f"member{member_id}", "bot": False}
        return {
            "id": str(1500000000000000000 + number),
            "application_id": str(APPLICATION_ID),
            "type": 2,
            "token": f"token-{number}",
            "version": 1,
            "attachment_size_limit": 10_485_760,
            "locale": "en-US",
            "guild_locale": "en-US",
            "guild_id": str(GUILD_ID),
            "guild": {"id": str(GUILD_ID), "features": [], "locale": "en-US"},
            "channel_id": str(CHANNEL_ID),
            "channel": _CHANNEL,
            "app_permissions": "0",
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(GUILD_ID)},
            "context": 0,
            "member": {
                "user": user,
                "roles": [str(ROLE_ID)],
                "joined_at": "2026-01-01T00:00:00+00:00",
                "permissions": "0",
                "flags": 0,
                "deaf": False,
                "mute": False,
            },
            "data": {
                "id": "1",
                "name": "attach",
                "type": 1,
                "guild_id": str(GUILD_ID),
                "options": [
                    {"name": "call", "type": 3, "value": str(call_id)},
                    {"name": "units", "type": 3, "value": f"<@{member_id}>"},
                ],
            },
        }


def _acknowledgement(interaction_id: str) -> str:
    message = _MESSAGE | {"id": str(int(interaction_id) + 1), "content": "", "flags": 192}
    return json.dumps(
        {
            "interaction": {
                "id": interaction_id,
                "type": 2,
                "response_message_id": message["id"],
                "response_message_loading": True,
                "response_message_ephemeral": True,
            },
            "resource": {"type": 5, "message": message},
        }
    )


def _command(sent: dict[str, Any]) -> dict[str, Any]:
    return (
        {"description": ""}
        | sent
        | {
            "id": "1",
            "application_id": str(APPLICATION_ID),
            "default_member_permissions": None,
            "version": "1",
        }
    )
