"""The settings of a guild as they are stored: JSON, without its community and the API key."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import from_json

from bot.config.guild_settings import GuildSettings
from bot.config.settings import SettingsError, fault_lines

_APART = frozenset({"sonoran_community_id", "sonoran_api_key"})  # stored beside them, see Sealer
STORED = frozenset(GuildSettings.model_fields) - _APART


def to_stored(settings: GuildSettings) -> str:
    """Return the settings of a guild as JSON: those that are not the default."""
    return settings.model_dump_json(include=set(STORED), exclude_defaults=True)


def from_stored(text: str, community_id: str, api_key: str) -> GuildSettings:
    """Read the settings of a guild.

    Raises:
        SettingsError: with one line per error; no line contains a value.
    """
    try:
        apart = {"sonoran_community_id": community_id, "sonoran_api_key": api_key}
        return GuildSettings.model_validate(from_json(text) | apart)
    except ValidationError as error:
        raise SettingsError(fault_lines(error)) from None  # its text contains the values
    except (ValueError, TypeError):
        raise SettingsError(["the settings are no JSON object"]) from None
