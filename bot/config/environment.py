"""Where settings come from: the environment, a file like .env, and files with secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.config.setting_fields import strip_quotes

FILE_SUFFIX = "_FILE"
# What may be in a file: Docker, Kubernetes and systemd hand secrets out as files.
SECRET_NAMES = ("discord_token", "sonoran_api_key", "database_url", "secrets_keys")


class SecretFileError(Exception):
    """A file that a setting names cannot be read. The text names both, and no value."""


class SecretFiles(PydanticBaseSettingsSource):
    """The source of the secrets that are in files.

    Args:
        environments: lower-case names and values; the first that has a name counts.
    """

    def __init__(
        self, settings_cls: type[BaseSettings], *environments: Mapping[str, str | None]
    ) -> None:
        super().__init__(settings_cls)
        self._environments = environments

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 - as the library has it
        field_name: str,
    ) -> tuple[Any, str, bool]:
        """Return the text of the file for a field, None where no file is named."""
        setting = f"{field_name}{FILE_SUFFIX}".lower()
        paths = (environment.get(setting) for environment in self._environments)
        path = next(filter(None, paths), None) if field_name in SECRET_NAMES else None
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
        except UnicodeDecodeError:
            reason = "is not UTF-8 text"
        raise SecretFileError(f"{setting.upper()}: {path} {reason}")

    def __call__(self) -> dict[str, Any]:
        """Return the secrets by the name of their field."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value is not None}


class EnvironmentSettings(BaseSettings):
    """Settings from the environment, a file like .env, and the files that both name."""

    model_config = SettingsConfigDict(
        frozen=True, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    @classmethod
    def settings_customise_sources(  # as the library has it
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - one file for all
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the files that `…_FILE` names, after the values themselves."""
        values = (env_settings, dotenv_settings)
        files = SecretFiles(settings_cls, *(vars(one).get("env_vars", {}) for one in values))
        return (init_settings, *values, files)

    @field_validator("*", mode="before")
    @classmethod
    def _without_quotes(cls, value: object) -> object:
        return strip_quotes(value)


def environment_names(env_file: Path) -> list[str]:
    """Return the names of the environment and of a file like .env."""
    return [*os.environ, *dotenv_values(env_file, interpolate=False)]
