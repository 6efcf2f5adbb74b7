"""Where settings come from: files with secrets, quotes, and names that are nearly right."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import settings
from bot.config.settings import Settings, SettingsError

TOKEN, OTHER_TOKEN = "the.bot.token", "the.other.token"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("DISCORD_TOKEN", TOKEN),
        ("SONORAN_API_KEY", "the-key"),
        ("DATABASE_URL", "postgresql+asyncpg://bot:hush@host/name"),
    ],
)
def test_a_secret_may_be_in_a_file(
    tmp_path: Path, environment: pytest.MonkeyPatch, setting: str, text: str
):
    (tmp_path / "secret").write_text(f"{text}\n")
    for name, value in (
        ("DISCORD_TOKEN", TOKEN),
        ("SONORAN_API_KEY", "the-key"),
        ("SONORAN_COMMUNITY_ID", "community"),
    ):
        environment.setenv(name, value)
    environment.delenv(setting, raising=False)
    environment.setenv(f"{setting}_FILE", str(tmp_path / "secret"))
    loaded = settings.load()
    value = getattr(loaded, setting.lower())
    assert (value if setting == "DATABASE_URL" else value.get_secret_value()) == text


def test_the_file_may_be_named_in_the_env_file_and_the_value_itself_wins(
    tmp_path: Path, environment: pytest.MonkeyPatch
):
    (tmp_path / "secret").write_text(TOKEN)
    (tmp_path / ".env").write_text("DISCORD_TOKEN=\nDISCORD_TOKEN_FILE=secret\n")
    assert settings.load_token().discord_token.get_secret_value() == TOKEN
    environment.setenv("DISCORD_TOKEN", OTHER_TOKEN)
    assert settings.load_token().discord_token.get_secret_value() == OTHER_TOKEN


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read (No such file or directory)"), (b"\xff", "UTF")]
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, environment: pytest.MonkeyPatch, content: bytes | None, reason: str
):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    environment.setenv("DISCORD_TOKEN_FILE", "secret")
    with pytest.raises(SettingsError) as caught:
        settings.load_token()
    (fault,) = caught.value.faults
    assert fault.startswith("DISCORD_TOKEN_FILE: secret ")
    assert reason in fault


def test_what_is_in_the_file_has_to_fit_too(tmp_path: Path, environment: pytest.MonkeyPatch):
    (tmp_path / "secret").write_text("hello")
    environment.setenv("DISCORD_TOKEN_FILE", "secret")
    with pytest.raises(SettingsError, match="DISCORD_TOKEN: must be the token"):
        settings.load_token()


def test_only_secrets_are_read_from_files(tmp_path: Path, environment: pytest.MonkeyPatch):
    (tmp_path / "format").write_text("steam:{hex}")
    environment.setenv("API_ID_FORMAT_FILE", "format")
    assert settings.load_links().api_id_format == "{hex}"


def test_near_misses_are_found_in_the_environment_and_in_the_file(
    tmp_path: Path, environment: pytest.MonkeyPatch
):
    (tmp_path / ".env").write_text("REQUIRE_CAD_PERMISION=true\nCOMPOSE_PROJECT_NAME=bot\n")
    environment.setenv("DISPATCH_ROLE_ID", "1")
    environment.setenv("DISCORD_TOKEN_FILES", "x")
    environment.setenv("SONORAN_API_KEY_FILE", "x")
    assert settings.find_misspelled() == {
        "DISPATCH_ROLE_ID": "DISPATCH_ROLE_IDS",
        "REQUIRE_CAD_PERMISION": "REQUIRE_CAD_PERMISSION",
        "DISCORD_TOKEN_FILES": "DISCORD_TOKEN_FILE",
    }
