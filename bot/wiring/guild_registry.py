"""The guilds that the bot serves, and the services of each."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType

from bot.config.guild_settings import GuildSettings
from bot.config.settings import SettingsError
from bot.config.stored_settings import from_stored
from bot.runtime import logs
from bot.services.errors import ServiceError
from bot.services.guild_errors import (
    GuildReopening,
    StoredKeyLocked,
    StoredSettingsInvalid,
)
from bot.storage.errors import SecretLocked
from bot.storage.stores.guild_store import GuildStore, StoredGuild
from bot.ui.discord_sender import DiscordSender
from bot.ui.error_text import error_message
from bot.wiring.dependencies import SharedDependencies
from bot.wiring.services import SHUTDOWN_GRACE, Services, open_services

_log = logging.getLogger(__name__)


class GuildRegistry:
    """Opens and closes the services of guilds. No guild sees those of another.

    Attributes:
        services: those of the guilds that the bot serves, by guild id.
        refusals: why it does not serve others that are set up, by guild id.

    Args:
        store: the guilds that are set up in the database; None to serve none of them.
    """

    def __init__(self, shared: SharedDependencies, store: GuildStore | None = None) -> None:
        self._shared = shared
        self._store = store
        self._services: dict[int, Services] = {}
        self._stacks: dict[int, AsyncExitStack] = {}
        self._refusals: dict[int, type[ServiceError]] = {}
        self._locked: list[StoredGuild] = []  # of which their log channel was not told yet
        self._reopening: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.services: Mapping[int, Services] = MappingProxyType(self._services)
        self.refusals: Mapping[int, type[ServiceError]] = MappingProxyType(self._refusals)

    async def open(self, guild_id: int, settings: GuildSettings) -> Services:
        """Open the services of a guild; they are started when the bot has logged in.

        Raises:
            ValueError: they are open.
        """
        if guild_id in self._services:
            raise ValueError(f"the services of guild {guild_id} are open")
        async with AsyncExitStack() as stack:
            opening = open_services(self._shared, guild_id, settings)
            services = await stack.enter_async_context(opening)
            self._stacks[guild_id] = stack.pop_all()
        self._services[guild_id] = services
        return services

    async def open_stored(self) -> None:
        """Open the guilds that are set up in the database; one that cannot be opened is refused.

        Raises:
            StorageError.
        """
        if self._store is not None:
            for guild in await self._store.all():
                await self._open_stored(self._store, guild)

    async def start(self) -> None:
        """Start the services of all guilds, and tell those whose API key does not open."""
        for services in self._services.values():
            await services.start()
        while self._locked:
            guild = self._locked.pop()
            with contextlib.suppress(SettingsError):
                channel_id = from_stored(guild.settings, guild.cad_id, "locked").log_channel_id
                sender = DiscordSender(self._shared.client, channel_id, self._shared.discord)
                await sender.post_to_log(error_message(StoredKeyLocked()))

    async def reopen(
        self, guild_id: int, change: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """Stop serving a guild, make a change, and serve it as it is stored then.

        What is under way ends first. The services outlive the task that asks for this.
        """
        reopening = self._reopen(guild_id, change)
        await contextvars.Context().run(asyncio.create_task, reopening)

    async def _reopen(self, guild_id: int, change: Callable[[], Awaitable[object]] | None) -> None:
        async with self._reopening[guild_id]:
            self._refusals[guild_id] = GuildReopening
            try:
                await self.close(guild_id)
                if change is not None:
                    await change()
            finally:
                del self._refusals[guild_id]
            guild = await self._store.get(guild_id) if self._store else None
            if self._store and guild:
                await self._open_stored(self._store, guild)
            if services := self._services.get(guild_id):
                await services.start()

    async def _open_stored(self, store: GuildStore, guild: StoredGuild) -> None:
        try:
            api_key = store.api_key(guild)
            logs.redact(api_key)
            settings = from_stored(guild.settings, guild.cad_id, api_key)
        except SecretLocked as error:
            self._refuse(guild.guild_id, StoredKeyLocked, error)
            self._locked.append(guild)
        except SettingsError as error:
            self._refuse(guild.guild_id, StoredSettingsInvalid, error)
        else:
            await self.open(guild.guild_id, self._allowed(guild.guild_id, settings))

    def _refuse(self, guild_id: int, refusal: type[ServiceError], error: Exception) -> None:
        _log.error("guild %s is not served: %s", guild_id, error)
        self._refusals[guild_id] = refusal

    def _allowed(self, guild_id: int, settings: GuildSettings) -> GuildSettings:
        """Return the settings without what the operator does not offer."""
        if settings.forget_on_leave and not self._shared.operator.members_intent:
            _log.warning(
                "FORGET_ON_LEAVE of guild %s has no effect without MEMBERS_INTENT", guild_id
            )
            return settings.model_copy(update={"forget_on_leave": False})
        return settings

    async def close(self, guild_id: int) -> None:
        """Close the services of a guild, if they are open; what is under way ends first."""
        if services := self._services.pop(guild_id, None):
            async with self._stacks.pop(guild_id):
                await services.drain(SHUTDOWN_GRACE)

    async def close_all(self) -> None:
        """Close the services of all guilds."""
        await asyncio.gather(*map(self.close, [*self._services]))
