"""The settings from the environment, and all ways in which they can be invalid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config import settings
from bot.config.settings import Settings, SettingsError

REQUIRED = {
    "DISCORD_TOKEN": "the.bot.token",
    "SONORAN_COMMUNITY_ID": "the-community",
    "SONORAN_API_KEY": "the-key",
}
NO_FILE = Path("no-such-file.env")
A, B, C = (1100000000000000000 + number for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def faults(env_file: Path = NO_FILE) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.load(env_file)
    return caught.value.faults


def test_three_settings_are_enough():
    loaded = settings.load(NO_FILE)
    assert loaded.discord_token.get_secret_value() == "the.bot.token"
    assert loaded.discord_guild_id is None
    assert loaded.dispatch_role_ids == frozenset()
    assert loaded.sonoran_api_url == "https://api.sonorancad.com"
    assert loaded.database_url == "sqlite+aiosqlite:///data/dispatch.db"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DISCORD_GUILD_ID", "1100000000000000001", 1100000000000000001),
        ("DISPATCH_ROLE_IDS", f"{A}, {B} {C},,", frozenset({A, B, C})),
        ("DISPATCH_ROLE_IDS", "", frozenset()),
        ("SELF_DISPATCH_ROLE_IDS", f"{A}, {B}", frozenset({A, B})),
        ("URGENT_PRIORITIES", "1, High,Code  3,", frozenset({"1", "high", "code 3"})),
        ("URGENT_PRIORITIES", "", frozenset({"1"})),
        ("STATUS_ON_ATTACH", "3", 3),
        ("STATUS_ON_ATTACH", "", None),
        ("SONORAN_COMMUNITY_ID", " spaced ", "spaced"),
        ("SONORAN_API_URL", "http://127.0.0.1:8100/", "http://127.0.0.1:8100"),
        ("SONORAN_API_URL", "https://proxy.example/cad/", "https://proxy.example/cad"),
        ("API_ID_FORMAT", "steam:{HEX}", "steam:{HEX}"),
        ("DISCORD_GUILD_ID", '"1100000000000000001"', 1100000000000000001),
        ("DISPATCH_ROLE_IDS", f"'{A},{B}'", frozenset({A, B})),
        ("REQUIRE_CAD_PERMISSION", "'false'", False),
        ("LOG_LEVEL", "warning", "WARNING"),
        ("LOG_FORMAT", " JSON ", "json"),
        ("DATABASE_URL", "postgresql+asyncpg://u@host/name", "postgresql+asyncpg://u@host/name"),
    ],
)
def test_values_are_taken_as_people_write_them(
    environment: pytest.MonkeyPatch, name: str, text: str, value: object
):
    environment.setenv(name, text)
    assert getattr(settings.load(NO_FILE), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("DISCORD_TOKEN", "", "is not set"),
        ("DISCORD_TOKEN", "hello", "three parts with dots between"),
        ("DISCORD_GUILD_ID", "123", "a number of 17 to 20 digits"),
        ("CALLS_CHANNEL_ID", "123", "a number of 17 to 20 digits"),
        ("LINK_ROLE_IDS", "123", "numbers of 17 to 20 digits"),
        ("SONORAN_API_URL", "https://host/x?y=1", "without ?, # and @"),
        ("SONORAN_SERVER_ID", "9" * 23, "a whole number from 1 to 999999999"),
        ("DISCORD_TOKEN", "   ", "must not be blank"),
        ("DISCORD_TOKEN", "Bot abc", "must be one word"),
        ("DISCORD_TOKEN", "abc\ndef", "must be one word"),
        ("DISCORD_TOKEN", "абв", "must be one word"),
        ("DISCORD_GUILD_ID", "my server", "a number of 17 to 20 digits"),
        ("DISCORD_GUILD_ID", "-5", "a number of 17 to 20 digits"),
        ("DISPATCH_ROLE_IDS", "12, @Dispatch", "separated by commas"),
        ("SELF_DISPATCH_ROLE_IDS", "officers", "separated by commas"),
        ("STATUS_ON_ATTACH", "5", "a number from 0 to 4"),
        ("STATUS_ON_ATTACH", "enroute", "a number from 0 to 4"),
        ("SONORAN_COMMUNITY_ID", "  ", "must not be blank"),
        ("SONORAN_API_URL", "api.sonorancad.com", "starts with https://"),
        ("SONORAN_API_URL", "ftp://api.sonorancad.com", "starts with https://"),
        ("SONORAN_SERVER_ID", "one", "a whole number from 1 to"),
        ("SONORAN_SERVER_ID", "0", "a whole number from 1 to"),
        ("SONORAN_API_VERSION", "3", "must be auto, 1 or 2"),
        ("REQUIRE_CAD_PERMISSION", "sometimes", "must be true or false"),
        ("SONORAN_BUDGET_SHARE", "80%", "above 0 and not above 1"),
        ("AUDIT_DAYS", "0", "from 1 to 3650"),
        ("LOG_CHANNEL_ID", "#log", "a number of 17 to 20 digits"),
        ("API_ID_FORMAT", "steam", "must contain {hex}"),
        ("API_ID_FORMAT", "{hex", "must contain {hex}"),
        ("API_ID_FORMAT", "{hex} {other}", "must contain {hex}"),
        ("API_ID_FORMAT", "{0}", "must contain {hex}"),
        ("API_ID_FORMAT", "{hex.real}", "must contain {hex}"),
        ("DATABASE_URL", "data/dispatch.db", "must start with sqlite+aiosqlite://"),
        ("DATABASE_URL", "sqlite:///data/dispatch.db", "must start with sqlite+aiosqlite://"),
        ("DATABASE_URL", "mysql+aiomysql://host/x", "must start with sqlite+aiosqlite://"),
        ("LOG_LEVEL", "LOUD", "must be DEBUG, INFO, WARNING or ERROR"),
        ("LOG_FORMAT", "xml", "must be text or json"),
        ("LINK_APPROVAL", "maybe", "must be true or false"),
        ("LINK_APPROVAL", "true", "needs LOG_CHANNEL_ID"),
        ("FORGET_ON_LEAVE", "maybe", "must be true or false"),
        ("FORGET_ON_LEAVE", "true", "needs MEMBERS_INTENT=true"),
    ],
)
def test_a_fault_names_the_setting_and_what_it_takes(
    environment: pytest.MonkeyPatch, name: str, text: str, words: str
):
    environment.setenv(name, text)
    (fault,) = faults()
    assert fault.startswith(f"{name}: ")
    assert words in fault


NUMBERS = [
    name.upper()
    for name, field in Settings.model_fields.items()
    if re.search(r"\b(int|float)\b", str(field.annotation))
]


@pytest.mark.parametrize("text", ["-1", "1" + 30 * "0", "-1e400", "1e400", "nan"])
@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_bounds(environment: pytest.MonkeyPatch, name: str, text: str):
    environment.setenv(name, text)
    assert [fault.partition(":")[0] for fault in faults()] == [name]


def test_all_faults_come_at_once_one_line_each(environment: pytest.MonkeyPatch):
    for name in REQUIRED:
        environment.delenv(name)
    environment.setenv("DISPATCH_ROLE_IDS", "a b c")
    environment.setenv("LOG_LEVEL", "LOUD")
    found = [fault.partition(":")[0] for fault in faults()]
    assert sorted(found) == sorted([*REQUIRED, "DISPATCH_ROLE_IDS", "LOG_LEVEL"])


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path, environment: pytest.MonkeyPatch):
    file = tmp_path / ".env"
    file.write_text(
        "# a comment\nSONORAN_SERVER_ID=3\nSONORAN_COMMUNITY_ID='of the file'\nUNKNOWN=1\n"
    )
    loaded = settings.load(file)
    assert (loaded.sonoran_server_id, loaded.sonoran_community_id) == (3, "the-community")
    environment.delenv("SONORAN_COMMUNITY_ID")
    assert settings.load(file).sonoran_community_id == "of the file"


def test_what_needs_another_setting_is_one_fault_among_all(environment: pytest.MonkeyPatch):
    environment.setenv("LINK_APPROVAL", "true")
    environment.setenv("FORGET_ON_LEAVE", "true")
    environment.setenv("AUDIT_DAYS", "0")
    assert {one.partition(":")[0] for one in faults()} == {
        "LINK_APPROVAL",
        "FORGET_ON_LEAVE",
        "AUDIT_DAYS",
    }


def test_a_setting_that_is_wrong_is_not_missed_by_another(environment: pytest.MonkeyPatch):
    environment.setenv("LINK_APPROVAL", "true")
    environment.setenv("LOG_CHANNEL_ID", "#log")
    environment.setenv("FORGET_ON_LEAVE", "true")
    environment.setenv("MEMBERS_INTENT", "perhaps")
    assert {one.partition(":")[0] for one in faults()} == {"LOG_CHANNEL_ID", "MEMBERS_INTENT"}


def test_what_needs_another_setting_is_content_with_it(environment: pytest.MonkeyPatch):
    environment.setenv("LINK_APPROVAL", "true")
    environment.setenv("LOG_CHANNEL_ID", "1100000000000000001")
    environment.setenv("FORGET_ON_LEAVE", "true")
    environment.setenv("MEMBERS_INTENT", "true")
    loaded = settings.load(NO_FILE)
    assert (loaded.link_approval, loaded.forget_on_leave) == (True, True)


def test_a_file_in_another_encoding_is_one_fault(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_bytes("DISCORD_TOKEN=sécret".encode("utf-16"))
    assert faults(file) == [f"{file}: is not UTF-8 text"]


def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path, environment: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / ".env"
    file.write_text("LOG_LEVEL=INFO\n")
    environment.setattr("builtins.open", refuse)  # root may read everything
    assert faults(file) == [f"{file}: cannot be read (Permission denied)"]


def test_what_needs_less_asks_for_less(environment: pytest.MonkeyPatch):
    environment.delenv("SONORAN_API_KEY")
    assert settings.load_token(NO_FILE).discord_token.get_secret_value() == "the.bot.token"
    environment.delenv("DISCORD_TOKEN")
    assert settings.load_database(NO_FILE).database_url.startswith("sqlite")


def test_secrets_are_hidden_where_settings_are_shown():
    assert "the.bot.token" not in repr(settings.load(NO_FILE))
    assert "the-key" not in repr(settings.load(NO_FILE))


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        ("sqlite+aiosqlite:///data/dispatch.db", set()),
        ("postgresql+asyncpg://bot:hush@host/name", {"hush"}),
        ("postgresql+asyncpg://bot:hu%2Fsh@host/name", {"hu%2Fsh", "hu/sh"}),
        ("postgresql+asyncpg://host/name?user=bot&password=hush", {"hush"}),
        ("postgresql+asyncpg://bot:hush@[host/name", set()),
    ],
)
def test_a_database_password_is_a_secret_too(
    environment: pytest.MonkeyPatch, url: str, passwords: set[str]
):
    environment.setenv("DATABASE_URL", url)
    assert set(settings.load(NO_FILE).secrets) == {"the.bot.token", "the-key"} | passwords


def test_a_community_is_needed_where_none_can_be_stored(environment: pytest.MonkeyPatch):
    assert isinstance(settings.load_operator(NO_FILE), Settings)
    environment.delenv("SONORAN_API_KEY")
    environment.delenv("SONORAN_COMMUNITY_ID")
    with pytest.raises(SettingsError) as caught:
        settings.load_operator(NO_FILE)
    assert caught.value.faults == [
        "SONORAN_COMMUNITY_ID: is not set",
        "SONORAN_API_KEY: is not set",
    ]
    environment.setenv("SECRETS_KEYS", "k" * 43)
    hosted = settings.load_operator(NO_FILE)
    assert not isinstance(hosted, Settings)
    assert set(hosted.secrets) == {"the.bot.token", "k" * 43}


def test_half_a_community_is_no_choice(environment: pytest.MonkeyPatch):
    environment.setenv("SECRETS_KEYS", "k" * 43)
    environment.delenv("SONORAN_COMMUNITY_ID")
    with pytest.raises(SettingsError) as caught:
        settings.load_operator(NO_FILE)
    assert caught.value.faults == ["SONORAN_COMMUNITY_ID: is not set"]
    environment.setenv("SONORAN_COMMUNITY_ID", "the-community")
    assert isinstance(settings.load_operator(NO_FILE), Settings)


def test_the_address_for_push_events(environment: pytest.MonkeyPatch):
    assert settings.load(NO_FILE).push_address is None
    environment.setenv("PUSH_LISTEN", "[::1]:8080")
    assert settings.load(NO_FILE).push_address == ("::1", 8080)
