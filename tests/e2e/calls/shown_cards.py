"""A channel of cards, as members see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import discord
from simcord.builders import ChannelHandle

from tests.deadlines import HANG_TIMEOUT
from tests.e2e.bot_fixture import BotFixture

SEEDED = 5  # calls and 911 calls that are open at first


class Cards:
    """A channel of cards, as people see it."""

    def __init__(self, bot_fixture: BotFixture, channel: ChannelHandle) -> None:
        self.bot_fixture = bot_fixture
        self.channel = channel

    @property
    def messages(self) -> list[discord.Message]:
        return self.channel.history()

    @property
    def titles(self) -> list[str]:
        return [one.embeds[0].title or "" for one in self.messages if one.embeds]

    def of(self, start: str) -> discord.Message:
        (found,) = [one for one in self.messages if (one.embeds[0].title or "").startswith(start)]
        return found

    def shows(self, start: str) -> bool:
        return any(title.startswith(start) for title in self.titles)

    def units(self, start: str) -> str:
        fields = self.of(start).embeds[0].fields
        return next(one.value or "" for one in fields if (one.name or "").startswith("Units"))

    def server_of(self, start: str) -> str | None:
        return self.of(start).embeds[0].author.name

    async def until(self, condition: Callable[[], object]) -> None:
        """Let pretend time pass until something is to be seen."""
        async with asyncio.timeout(HANG_TIMEOUT):
            while not condition():
                await self.bot_fixture.advance(1)
                await self.bot_fixture.settle_network()
