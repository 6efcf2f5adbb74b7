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
from typing import TYPE_CHECKING, Self
from unittest.mock import patch

import aiohttp

from benchmarks.servers import discord_payloads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import discord

WAITING = "⏳"
CONFIRMED = "Confirmed by the CAD."


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
        client._connection._add_guild_from_data(discord_payloads.GUILD)  # type: ignore[arg-type]  # noqa: SLF001
        self._client = client

    def attach(self, orders: Iterable[tuple[int, int]]) -> list[Exchange]:
        """Deliver one `/attach` per member and call, all at once."""
        if self._client is None:
            raise RuntimeError("no client is logged in")
        payloads = [
            discord_payloads.attach_interaction(next(self._numbers), member, call)
            for member, call in orders
        ]
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
                body = discord_payloads.acknowledgement(id_)
            case "PATCH", ["webhooks", _, token, "messages", _]:
                content = json.loads(data or "{}")["content"]
                self._record_answer(self.exchanges[token], content, now)
                body = json.dumps(discord_payloads.MESSAGE | {"id": "1", "content": content})
            case "GET", ["users", "@me"]:
                body = json.dumps(discord_payloads.USER)
            case "GET", ["oauth2", *_]:
                body = json.dumps(discord_payloads.APPLICATION)
            case "PUT", _:
                body = json.dumps(
                    [discord_payloads.command(one) for one in json.loads(data or "[]")]
                )
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
