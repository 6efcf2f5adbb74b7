"""The environment → one frozen, validated Settings. Reports every fault at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.services import steam


class SettingsError(Exception):
    """The environment cannot be used; faults has one line for each setting to mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part for part in value.replace(",", " ").split() if part]
    return value


def _not_blank(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("must not be empty")
    return SecretStr(value.get_secret_value().strip())


def _usable_format(value: str) -> str:
    try:
        written = steam.write(1, value)
    except (KeyError, IndexError, ValueError, AttributeError):
        written = value
    if written == value:
        raise ValueError("must contain {hex}, {HEX} or {steam64} and no other braces")
    return value


def _without_slash(value: HttpUrl) -> str:
    return str(value).rstrip("/")


Snowflake = Annotated[int, Field(gt=0, lt=2**63)]
Snowflakes = Annotated[frozenset[Snowflake], NoDecode, BeforeValidator(_split)]
Secret = Annotated[SecretStr, AfterValidator(_not_blank)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Settings(BaseSettings):
    """Everything an operator can set; `.env.example` documents each."""

    model_config = SettingsConfigDict(
        frozen=True, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    discord_token: Secret
    discord_guild_id: Snowflake | None = None
    dispatch_role_ids: Snowflakes = frozenset()
    sonoran_community_id: Text
    sonoran_api_key: Secret
    sonoran_api_url: Annotated[HttpUrl, AfterValidator(_without_slash)] = HttpUrl(
        "https://api.sonorancad.com"
    )
    sonoran_server_id: Annotated[int, Field(ge=1)] = 1
    api_id_format: Annotated[str, AfterValidator(_usable_format)] = "{hex}"
    database_url: Text = "sqlite+aiosqlite:///data/dispatch.db"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a log."""
        return (self.discord_token.get_secret_value(), self.sonoran_api_key.get_secret_value())


class DatabaseSettings(BaseSettings):
    """The part of the settings that work on the database alone needs."""

    model_config = Settings.model_config

    database_url: Text = "sqlite+aiosqlite:///data/dispatch.db"


def load(env_file: Path = Path(".env")) -> Settings:
    """Read the environment and, where it says nothing, the file.

    Raises:
        SettingsError: with one line per fault; no line repeats a secret.
    """
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # filled from outside
    except ValidationError as error:
        raise SettingsError(_lines(error)) from None  # its text would repeat the values


def load_database(env_file: Path = Path(".env")) -> DatabaseSettings:
    """Read the settings that the commands for the database need, as `load` does."""
    try:
        return DatabaseSettings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(_lines(error)) from None


def _lines(error: ValidationError) -> list[str]:
    faults = error.errors(include_url=False, include_input=False)
    return [
        f"{str(fault['loc'][0]).upper()}: {_words(fault['type'], fault['msg'])}" for fault in faults
    ]


def _words(kind: str, message: str) -> str:
    if kind == "missing":
        return "is not set"
    return message.removeprefix("Value error, ")
