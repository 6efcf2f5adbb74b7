"""Read the environment into frozen, validated Settings; report all errors at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    ValidationError,
)
from pydantic_settings import BaseSettings

from bot.common.discord_limits import LAST_SERVER_ID
from bot.config.environment import (
    FILE_SUFFIX,
    SECRET_NAMES,
    EnvironmentSettings,
    SecretFileError,
    environment_names,
)
from bot.config.guild_settings import GuildSettings
from bot.config.misspelled import near_misses
from bot.config.secret_keys import SecretKeys
from bot.config.setting_fields import (
    IdFormat,
    Snowflake,
    Text,
    Token,
    to_lower,
    to_upper,
    valid_api_url,
    valid_database_url,
    valid_listen_address,
)

SettingsT = TypeVar("SettingsT", bound=BaseSettings)

ENV_FILE = Path(".env")

_EXPECTED_IDS = "must be Discord ids, numbers of 17 to 20 digits, separated by commas"

# What each setting accepts, for the message about an invalid value. Pydantic's own messages are for
# programmers and name types; a setting without an entry here has a validator with its own message.
_EXPECTED = {
    "discord_guild_id": "must be a Discord id, a number of 17 to 20 digits",
    "dispatch_role_ids": _EXPECTED_IDS,
    "self_dispatch_role_ids": _EXPECTED_IDS,
    "link_role_ids": _EXPECTED_IDS,
    "admin_role_ids": _EXPECTED_IDS,
    "members_intent": "must be true or false",
    "link_approval": "must be true or false",
    "forget_on_leave": "must be true or false",
    "status_on_attach": "must be a number from 0 to 4",
    "calls_channel_id": "must be a Discord id, a number of 17 to 20 digits",
    "card_keep_minutes": "must be a whole number from 0 to 10080",
    "ping_role_id": "must be a Discord id, a number of 17 to 20 digits",
    "urgent_priorities": "must be numbers or names of priorities, separated by commas",
    "log_channel_id": "must be a Discord id, a number of 17 to 20 digits",
    "sonoran_community_id": "must not be blank",
    "sonoran_api_url": "must be an address that starts with https:// or http://",
    "sonoran_api_version": "must be auto, 1 or 2",
    "sonoran_server_id": f"must be a whole number from 1 to {LAST_SERVER_ID}",
    "require_cad_permission": "must be true or false",
    "sonoran_budget_share": "must be a number above 0 and not above 1, such as 0.8",
    "sonoran_websocket": "must be true or false",
    "audit_days": "must be a whole number from 1 to 3650",
    "keep_after_leave_days": "must be a whole number from 0 to 3650",
    "log_level": "must be DEBUG, INFO, WARNING or ERROR",
    "log_format": "must be text or json",
}


class SettingsError(Exception):
    """The settings are invalid; `faults` has one line for each setting to fix."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class TokenSettings(EnvironmentSettings):
    """The settings for requests to Discord about the bot."""

    discord_token: Token


class DatabaseSettings(EnvironmentSettings):
    """The settings for work on the database only."""

    database_url: Annotated[Text, AfterValidator(valid_database_url)] = (
        "sqlite+aiosqlite:///data/dispatch.db"
    )


class SecretSettings(DatabaseSettings):
    """The settings for work on the secrets in the database."""

    secrets_keys: SecretKeys = ()

    @property
    def sealing_keys(self) -> tuple[str, ...]:
        """The keys that seal secrets, the newest first."""
        return tuple(one.get_secret_value() for one in self.secrets_keys)


class LinkSettings(DatabaseSettings):
    """The settings for importing links."""

    api_id_format: IdFormat = "{hex}"


class OperatorSettings(LinkSettings, SecretSettings, TokenSettings):
    """What the operator of the process decides."""

    discord_guild_id: Snowflake | None = None
    members_intent: bool = False
    sonoran_api_url: Annotated[HttpUrl, AfterValidator(valid_api_url)] = HttpUrl(
        "https://api.sonorancad.com"
    )
    sonoran_budget_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    push_listen: Annotated[str, AfterValidator(valid_listen_address)] | None = None
    audit_days: Annotated[int, Field(ge=1, le=3650)] = 90
    keep_after_leave_days: Annotated[int, Field(ge=0, le=3650)] = 30
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(to_upper)
    ] = "INFO"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(to_lower)] = "text"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not appear in a log."""
        token = self.discord_token.get_secret_value()
        return (token, *self.sealing_keys, *_passwords(self.database_url))

    @property
    def push_address(self) -> tuple[str, int] | None:
        """The host and port for the push events of all guilds; None to not listen."""
        if self.push_listen is None:
            return None
        host, _, port = self.push_listen.rpartition(":")
        return host.strip("[]"), int(port)


class Settings(GuildSettings, OperatorSettings):
    """Everything that can be set in the environment: the operator's, and those of one guild."""

    model_config = EnvironmentSettings.model_config

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not appear in a log."""
        return (self.sonoran_api_key.get_secret_value(), *super().secrets)


class _Community(EnvironmentSettings):
    """What tells whether there is a community in the environment, and whether one is needed."""

    secrets_keys: str | None = None
    sonoran_community_id: str | None = None
    sonoran_api_key: str | None = None


def load(env_file: Path = ENV_FILE, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings from the environment and, if not set there, from the file.

    Args:
        overrides: values by name that replace both.

    Raises:
        SettingsError: with one line per error; no line contains a value, which may be a secret.
    """
    return _read(Settings, env_file, overrides)


def load_operator(
    env_file: Path = ENV_FILE, overrides: Mapping[str, Any] | None = None
) -> OperatorSettings:
    """Read the settings to run the bot with; otherwise as `load`.

    They are `Settings`, with those of one guild, unless SECRETS_KEYS is set and no community is.
    """
    found = _read(_Community, env_file)
    has_community = found.sonoran_community_id or found.sonoran_api_key
    is_needed = has_community or not found.secrets_keys
    return _read(Settings if is_needed else OperatorSettings, env_file, overrides)


def load_database(env_file: Path = ENV_FILE) -> DatabaseSettings:
    """Read the settings for the database commands; raises as `load` does."""
    return _read(DatabaseSettings, env_file)


def load_secrets(env_file: Path = ENV_FILE, *, need_keys: bool = False) -> SecretSettings:
    """Read the settings for work on the secrets in the database; raises as `load` does."""
    loaded = _read(SecretSettings, env_file)
    if need_keys and not loaded.secrets_keys:
        raise SettingsError(["SECRETS_KEYS: is not set"])
    return loaded


def load_links(env_file: Path = ENV_FILE) -> LinkSettings:
    """Read the settings for importing links; raises as `load` does."""
    return _read(LinkSettings, env_file)


def load_token(env_file: Path = ENV_FILE) -> TokenSettings:
    """Read the settings for the invitation; raises as `load` does."""
    return _read(TokenSettings, env_file)


def find_misspelled(env_file: Path = ENV_FILE) -> dict[str, str]:
    """Return the setting that was probably meant, by each name in the environment and the file.

    A misspelled setting counts as not set, which may allow more than was intended.
    """
    known = [*Settings.model_fields, *(f"{name}{FILE_SUFFIX}" for name in SECRET_NAMES)]
    return near_misses(environment_names(env_file), known)


def _read(
    kind: type[SettingsT], env_file: Path, overrides: Mapping[str, Any] | None = None
) -> SettingsT:
    try:
        return kind(_env_file=env_file, **(overrides or {}))
    except ValidationError as error:
        raise SettingsError(fault_lines(error)) from None  # its text contains the values
    except UnicodeDecodeError:
        raise SettingsError(
            [f"{env_file}: is not UTF-8 text"]
        ) from None  # its text contains the values, too
    except SecretFileError as error:
        raise SettingsError([str(error)]) from error
    except OSError as error:
        raise SettingsError([f"{env_file}: cannot be read ({error.strerror})"]) from error


def fault_lines(error: ValidationError) -> list[str]:
    """Say in one line each which settings are faulty; no line contains a value."""
    # A list of ids may have many errors; dict.fromkeys keeps one line of each, in order.
    return list(
        dict.fromkeys(
            _fault_line(str(fault["loc"][0]), fault["type"], fault["msg"])
            for fault in error.errors(include_url=False, include_input=False)
        )
    )


def _fault_line(name: str, kind: str, message: str) -> str:
    if kind == "missing":
        text = "is not set"
    elif kind == "value_error":  # the message of a validator in setting_fields
        text = message.removeprefix("Value error, ")
    else:
        text = _EXPECTED.get(name) or message
    return f"{name.upper()}: {text}"


def _passwords(database_url: str) -> tuple[str, ...]:
    """Return the password, also unquoted; drivers accept it as a query parameter, too."""
    try:
        parts = urlsplit(database_url)
    except ValueError:  # SQLAlchemy will report the invalid URL
        return ()
    in_query = parse_qs(parts.query).get("password", [])
    return tuple({*in_query, parts.password or "", unquote(parts.password or "")} - {""})
