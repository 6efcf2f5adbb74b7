"""The guilds that the bot serves, and the services of each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType

from bot.config.guild_settings import GuildSettings
from bot.config.settings import SettingsError
from bot.config.stored_settings import from_stored
from bot.runtime import logs
from bot.services.errors import ServiceError, StoredKeyLocked, StoredSettingsInvalid
from bot.storage.errors import SecretLocked
from bot.storage.stores.guild_store import GuildStore
from bot.wiring.dependencies import SharedDependencies
from bot.wiring.services import SHUTDOWN_GRACE, Services, open_services

_log = logging.getLogger(__name__)


class GuildRegistry:
    """Opens and closes the services of guilds. No guild sees those of another.

    Attributes:
        services: those of the guilds that the bot serves, by guild id.
        refusals: why it does not serve others that are set up, by guild id.
    """

    def __init__(self, shared: SharedDependencies) -> None:
        self._shared = shared
        self._services: dict[int, Services] = {}
        self._stacks: dict[int, AsyncExitStack] = {}
        self._refusals: dict[int, type[ServiceError]] = {}
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
        # Imported only where it is used: cryptography takes time and memory.
        from bot.storage.sealing import Sealer  # noqa: PLC0415

        store = GuildStore(self._shared.database, Sealer(self._shared.operator.sealing_keys))
        for guild in await store.all():
            try:
                api_key = store.api_key(guild)
                logs.redact(api_key)
                settings = from_stored(guild.settings, guild.cad_id, api_key)
            except SecretLocked as error:
                self._refuse(guild.guild_id, StoredKeyLocked, error)
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
