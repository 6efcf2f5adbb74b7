"""`python -m bot guilds`: what is stored about servers, without their API keys."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.conftest import SETTINGS, Run
from tests.process.discord_server import GUILD_ID

CANARY, KEY, LOST = "canary-key-value", "k" * 43, "l" * 43
ROLE = 1110000000000000001
ADOPTED = {
    **SETTINGS,
    "SONORAN_API_KEY": CANARY,
    "SECRETS_KEYS": KEY,
    "DISPATCH_ROLE_IDS": str(ROLE),
    "API_ID_FORMAT": "steam:{hex}",
}
GUILD = ("--guild", str(GUILD_ID))


@pytest.fixture
def own(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The commands, with the settings of a community in the environment."""
    for name, value in ADOPTED.items():
        monkeypatch.setenv(name, value)
    return run


def test_a_server_is_adopted_from_the_settings_and_shown_without_its_key(own: Run):
    assert own("guilds", "list").output == ""
    result = own("guilds", "adopt")
    assert result.exit_code == 0
    assert result.stdout == (
        f"Server {GUILD_ID} is set up with community sandbox. Restart the bot.\n"
        "These settings are read from the database now: API_ID_FORMAT, DISPATCH_ROLE_IDS,"
        " SONORAN_API_KEY, SONORAN_COMMUNITY_ID.\n"
    )
    (line,) = own("guilds", "list").stdout.splitlines()
    assert line.startswith(f"{GUILD_ID} community sandbox, its API key is sealed since 2")
    shown = own("guilds", "show", *GUILD).stdout.splitlines()
    assert shown[0] == "SONORAN_COMMUNITY_ID=sandbox"
    assert shown[1].startswith("SONORAN_API_KEY: its API key is sealed since 2")
    assert shown[2:] == ["API_ID_FORMAT=steam:{hex}", f"DISPATCH_ROLE_IDS=[{ROLE}]"]


def test_the_key_is_neither_printed_nor_in_the_file(own: Run, tmp_path: Path):
    commands: tuple[tuple[str, ...], ...] = (
        ("guilds", "adopt"),
        ("guilds", "list"),
        ("guilds", "show", *GUILD),
        ("guilds", "export", *GUILD),
        ("keys", "check"),
        ("keys", "rotate"),
    )
    output = "".join(own(*one).output for one in commands)
    assert "sandbox" in output
    files = b"".join(one.read_bytes() for one in (tmp_path / "data").iterdir())
    assert b"sandbox" in files
    for secret in (CANARY, KEY):
        assert secret not in output
        assert secret.encode() not in files


def test_what_is_stored_is_replaced_only_on_demand(own: Run, monkeypatch: pytest.MonkeyPatch):
    own("guilds", "adopt")
    monkeypatch.setenv("SONORAN_COMMUNITY_ID", "liberty")
    result = own("guilds", "adopt")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Nothing was stored: server {GUILD_ID} is set up already; see --replace.\n",
    )
    assert "community sandbox" in own("guilds", "list").stdout
    assert own("guilds", "adopt", "--replace").exit_code == 0
    assert "community liberty" in own("guilds", "list").stdout


def test_a_key_that_does_not_open_is_said(own: Run, monkeypatch: pytest.MonkeyPatch):
    own("guilds", "adopt")
    monkeypatch.setenv("SECRETS_KEYS", LOST)
    assert own("guilds", "list").stdout == (
        f"{GUILD_ID} community sandbox, its API key cannot be opened with SECRETS_KEYS\n"
    )


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("DISCORD_GUILD_ID", "DISCORD_GUILD_ID: is not set"),
        ("SONORAN_API_KEY", "SONORAN_API_KEY: is not set"),
        ("SECRETS_KEYS", "SECRETS_KEYS: is not set"),
    ],
)
def test_what_adopting_needs_is_named(
    own: Run, monkeypatch: pytest.MonkeyPatch, missing: str, line: str
):
    monkeypatch.delenv(missing)
    result = own("guilds", "adopt")
    assert (result.exit_code, result.stderr) == (2, f"The settings cannot be used:\n{line}\n")


def test_a_server_that_is_not_set_up_is_not_shown(own: Run):
    result = own("guilds", "show", *GUILD)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Server {GUILD_ID} is not set up in the database.\n",
    )


def test_the_export_has_the_rows_of_the_server(own: Run, tmp_path: Path):
    own("guilds", "adopt")
    (tmp_path / "people.csv").write_text("discord_id,api_id\n123456789012345678,steam:1\n")
    for guild in (GUILD_ID, GUILD_ID + 1):
        own("links", "import", "people.csv", "--guild", str(guild), "--yes")
    found = json.loads(own("guilds", "export", *GUILD).stdout)
    assert [row["guild_id"] for row in found["links"]] == [GUILD_ID]
    assert found["guilds"][0]["settings"].startswith("{")
    assert found["orders"] == []


def rows(tmp_path: Path) -> int:
    with closing(sqlite3.connect(tmp_path / "data" / "dispatch.db")) as raw:
        tables = ("guilds", "communities")
        return sum(raw.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in tables)


def test_a_server_is_forgotten(own: Run, tmp_path: Path):
    own("guilds", "adopt")
    result = own("guilds", "forget", *GUILD)
    assert (result.exit_code, result.stderr) == (
        2,
        "Nothing was deleted. --yes deletes without asking.\n",
    )
    assert rows(tmp_path) == 2
    result = own("guilds", "forget", *GUILD, "--yes")
    assert (result.exit_code, result.stdout) == (
        0,
        f"Server {GUILD_ID} is forgotten; rows deleted: 1.\n",
    )
    assert rows(tmp_path) == 0


@pytest.mark.parametrize(("typed", "code"), [(str(GUILD_ID), 0), ("7", 2)])
def test_the_id_is_typed_to_forget_a_server(
    own: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
):
    own("guilds", "adopt")
    monkeypatch.setattr("bot.cli.guild_choice.is_terminal", lambda: True)
    result = own("guilds", "forget", *GUILD, typed=f"{typed}\n")
    assert "Type the server's id to delete all about it" in result.stderr
    assert (result.exit_code, rows(tmp_path)) == (code, code)  # the guild and its community


def test_a_running_bot_is_to_be_stopped_first(own: Run, tmp_path: Path):
    own("guilds", "adopt")
    with closing(sqlite3.connect(tmp_path / "data" / "dispatch.db.lock")) as running:
        running.execute("BEGIN EXCLUSIVE")
        result = own("guilds", "forget", *GUILD, "--yes")
    assert result.exit_code == 2
    assert result.stderr.startswith("Another bot uses the database data/dispatch.db. Stop that one")
    assert rows(tmp_path) == 2
