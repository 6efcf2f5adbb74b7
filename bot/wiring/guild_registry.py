"""The guilds that the bot serves, and the services of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType

from bot.config.guild_settings import GuildSettings
from bot.wiring.dependencies import SharedDependencies
from bot.wiring.services import Services, open_services


class GuildRegistry:
    """Opens and closes the services of guilds. No guild sees those of another.

    Attributes:
        services: those of the guilds that the bot serves, by guild id.
    """

    def __init__(self, shared: SharedDependencies) -> None:
        self._shared = shared
        self._services: dict[int, Services] = {}
        self._stacks: dict[int, AsyncExitStack] = {}
        self.services: Mapping[int, Services] = MappingProxyType(self._services)

    async def open(self, guild_id: int, settings: GuildSettings) -> Services:
        """Open the services of a guild; they are started when the bot has logged in.

        Raises:
            ValueError: they are open.
            ListenError: see `open_services`.
        """
        if guild_id in self._services:
            raise ValueError(f"the services of guild {guild_id} are open")
        async with AsyncExitStack() as stack:
            opening = open_services(self._shared, guild_id, settings)
            services = await stack.enter_async_context(opening)
            self._stacks[guild_id] = stack.pop_all()
        self._services[guild_id] = services
        return services

    async def close(self, guild_id: int) -> None:
        """Close the services of a guild, if they are open."""
        self._services.pop(guild_id, None)
        if stack := self._stacks.pop(guild_id, None):
            await stack.aclose()

    async def close_all(self) -> None:
        """Close the services of all guilds."""
        await asyncio.gather(*map(self.close, [*self._services]))
