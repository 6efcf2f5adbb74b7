"""The texts for members of a server that the bot does not serve."""

from __future__ import annotations

from collections.abc import Mapping

from bot.services.errors import (
    GuildNotServed,
    ServiceError,
    StoredKeyLocked,
    StoredSettingsInvalid,
)

FIXED_GUILD_TEXTS: Mapping[type[ServiceError], str] = {
    GuildNotServed: "This bot does not dispatch for this server.",
    StoredKeyLocked: (
        "The stored API key of this server cannot be opened any more. Ask the operator of the bot"
        " to store it again."
    ),
    StoredSettingsInvalid: (
        "The stored settings of this server cannot be used. Ask the operator of the bot to store"
        " them again."
    ),
}
