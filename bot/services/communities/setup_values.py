"""From what a member enters to settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from bot.config.guild_settings import GuildSettings
from bot.config.settings import fault_lines
from bot.services.communities.setup_state import Connection, SetupState
from bot.services.guild_errors import KeyMalformed, KeyMissing, SettingsInvalid


def entered_key(wanted: Connection, state: SetupState) -> SecretStr:
    """Return the key that was entered, or the stored one.

    Raises:
        KeyMissing.
    """
    if wanted.api_key is not None:
        return wanted.api_key
    if state.settings is None or state.problem is not None:
        raise KeyMissing
    return state.settings.sonoran_api_key


def validated(values: Mapping[str, Any]) -> GuildSettings:
    """Return the settings with some values, all of them by name.

    Raises:
        KeyMalformed, SettingsInvalid: no text of theirs has a value.
    """
    try:
        return GuildSettings.model_validate(values)
    except ValidationError as error:
        faulty = {str(one["loc"][0]) for one in error.errors(include_input=False)}
        if "sonoran_api_key" in faulty:
            raise KeyMalformed from None  # its text contains the values
        raise SettingsInvalid(fault_lines(error)) from None
