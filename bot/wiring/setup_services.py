"""Builds what sets guilds up in Discord."""

from __future__ import annotations

from datetime import timedelta

from bot.config.settings import Settings
from bot.runtime import logs
from bot.services.communities.departures import Departures
from bot.services.communities.guild_setup import GuildSetup
from bot.services.communities.setup_state import SetupPolicy
from bot.storage.stores.guild_data_store import GuildDataStore
from bot.storage.stores.guild_store import GuildStore
from bot.storage.stores.left_guild_store import LeftGuildStore
from bot.wiring.dependencies import SharedDependencies
from bot.wiring.guild_registry import GuildRegistry


def build_guild_store(shared: SharedDependencies) -> GuildStore | None:
    """Return the guilds that are set up in the database; None without keys to open them with."""
    keys = shared.operator.sealing_keys
    if not keys:
        return None
    # Imported only where it is used: cryptography takes time and memory.
    from bot.storage.sealing import Sealer  # noqa: PLC0415

    return GuildStore(shared.database, Sealer(keys))


def build_departures(shared: SharedDependencies, registry: GuildRegistry) -> Departures:
    """Build what deletes the data of guilds."""
    return Departures(
        LeftGuildStore(shared.database),
        GuildDataStore(shared.database),
        registry.reopen,
        timedelta(days=shared.operator.keep_after_leave_days),
        own_guild_id=_own_guild_id(shared),
        clock=shared.clock,
    )


def build_setup(
    shared: SharedDependencies, store: GuildStore, registry: GuildRegistry, departures: Departures
) -> GuildSetup:
    """Build the service behind `/setup`."""
    operator = shared.operator

    address = operator.push_address
    return GuildSetup(
        store,
        LeftGuildStore(shared.database),
        departures,
        SetupPolicy(
            _own_guild_id(shared),
            operator.members_intent,
            address and address[1],
        ),
        open_cad=shared.connections.open_client,
        reopen=registry.reopen,
        redact=logs.redact,
        clock=shared.clock,
    )


def _own_guild_id(shared: SharedDependencies) -> int | None:
    """Return the guild that the settings in the environment are about."""
    operator = shared.operator
    return operator.discord_guild_id if isinstance(operator, Settings) else None
