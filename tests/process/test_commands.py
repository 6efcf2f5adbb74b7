"""The commands beside running the bot, in the test's own process."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path
from unittest.mock import patch

import discord
import pytest

from bot.config.settings import load
from bot.runtime.exit_codes import ExitCode, FatalError
from bot.storage.errors import DatabaseUnavailable
from tests.process.conftest import SETTINGS, Run
from tests.process.discord_server import GUILD_ID


def test_help_names_every_command_and_exit_code(run: Run):
    result = run("--help")
    assert result.exit_code == 0
    for word in ("invite", "links", "db", *map(str, ExitCode)):
        assert word in result.stdout


def test_the_database_is_brought_up_to_date_once(run: Run):
    first = run("db", "upgrade")
    assert first.exit_code == 0
    assert first.stdout.startswith("From nothing to ")
    assert run("db", "upgrade").stdout.startswith("Already at ")


@pytest.mark.parametrize(
    "command", [["db", "upgrade"], ["links", "export", "--guild", "1"]], ids=" ".join
)
def test_a_file_that_is_no_database_is_one_line(run: Run, tmp_path: Path, command: list[str]):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dispatch.db").write_text("This is a letter to my aunt. " * 100)
    result = run(*command)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_faulty_setting_is_listed(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "dispatch.db")
    result = run("db", "upgrade")
    assert result.exit_code == 2
    assert result.stderr.startswith("The settings cannot be used:\nDATABASE_URL: must start with")


def test_the_invitation_needs_the_token_alone(run: Run, monkeypatch: pytest.MonkeyPatch):
    assert run("invite").stderr == "The settings cannot be used:\nDISCORD_TOKEN: is not set\n"
    monkeypatch.setenv("DISCORD_TOKEN", SETTINGS["DISCORD_TOKEN"])
    with patch("bot.process.invite_url", return_value="https://discord.com/invite") as asked:
        assert run("invite").stdout == "https://discord.com/invite\n"
    asked.assert_awaited_once_with(SETTINGS["DISCORD_TOKEN"])


def test_what_ends_a_command_is_said_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", SETTINGS["DISCORD_TOKEN"])
    with patch("bot.process.invite_url", side_effect=FatalError(ExitCode.TOKEN, "It is wrong.")):
        result = run("invite")
    assert (result.exit_code, result.stderr) == (3, "It is wrong.\n")


def test_a_fault_of_the_bot_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", SETTINGS["DISCORD_TOKEN"])
    with patch("bot.process.invite_url", side_effect=discord.ClientException("odd")):
        result = run("invite")
    assert result.exit_code == 1
    assert isinstance(result.exception, discord.ClientException)


@pytest.mark.usefixtures("own_signals")
class TestRunning:
    """Without a command, the bot runs; here only until something stops it at once."""

    @pytest.fixture(autouse=True)
    def settings(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in SETTINGS.items():
            monkeypatch.setenv(name, value)

    def test_no_command_runs_the_bot(self, run: Run):
        with patch("bot.process.run") as started:
            assert run().exit_code == 0
        loaded = started.call_args.args[0]
        assert loaded.sonoran_community_id == SETTINGS["SONORAN_COMMUNITY_ID"]

    def test_a_bot_for_servers_in_its_database_needs_no_community(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ):
        for name in ("DISCORD_GUILD_ID", "SONORAN_COMMUNITY_ID", "SONORAN_API_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("SECRETS_KEYS", "k" * 43)
        with patch("bot.process.run") as started:
            assert run().exit_code == 0
        assert started.call_args.args[0].sealing_keys == ("k" * 43,)

    def test_files_are_made_for_their_owner_alone(self, run: Run, tmp_path: Path):
        before = os.umask(0o022)
        try:
            assert run("db", "upgrade").exit_code == 0
        finally:
            os.umask(before)
        data = tmp_path / "data"
        modes = [stat.S_IMODE(one.stat().st_mode) for one in (data, *data.iterdir())]
        assert [mode & 0o077 for mode in modes] == [0] * len(modes)
        assert len(modes) > 1

    def test_a_misspelled_setting_is_named(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("REQUIRE_CAD_PERMISION", "true")
        with patch("bot.process.run"):
            result = run()
        assert "REQUIRE_CAD_PERMISION is no setting and has no effect." in result.stderr
        assert "Perhaps REQUIRE_CAD_PERMISSION is meant." in result.stderr

    def test_without_a_server_and_a_terminal_the_bot_does_not_start(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.delenv("DISCORD_GUILD_ID")
        with patch("bot.process.run") as started:
            result = run()
        assert (result.exit_code, started.called) == (2, False)
        assert "CRITICAL bot DISCORD_GUILD_ID: is not set." in result.stderr

    @pytest.mark.parametrize("may_write", [True, False])
    def test_the_first_server_that_is_confirmed_is_served_and_stored(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, may_write: bool
    ):
        monkeypatch.delenv("DISCORD_GUILD_ID")
        monkeypatch.setattr("bot.cli.guild_choice.is_terminal", lambda: True)
        if not may_write:
            (tmp_path / ".env").mkdir()
            monkeypatch.setattr("bot.config.settings.find_misspelled", dict)
            monkeypatch.setattr("bot.config.settings.load", partial(load, Path("none")))
        names = {GUILD_ID: "A", GUILD_ID + 1: "B"}
        with (
            patch("bot.process.guild_names", return_value=names),
            patch("bot.process.run") as started,
        ):
            result = run(typed="n\ny\n")
        assert started.call_args.args[0].discord_guild_id == GUILD_ID + 1
        assert f"Serve the Discord server B ({GUILD_ID + 1})?" in result.stderr
        line = f"DISCORD_GUILD_ID={GUILD_ID + 1}"
        assert line in result.stderr
        if may_write:
            assert (tmp_path / ".env").read_text() == f"{line}\n"

    def test_a_bot_on_no_confirmed_server_does_not_start(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.delenv("DISCORD_GUILD_ID")
        monkeypatch.setattr("bot.cli.guild_choice.is_terminal", lambda: True)
        with patch("bot.process.guild_names", return_value={GUILD_ID: "A"}):
            assert run(typed="n\n").exit_code == 2

    @pytest.mark.parametrize(("may_pass", "code"), [(True, 5), (False, 2)])
    def test_passing_trouble_of_the_database_is_worth_another_start(
        self, run: Run, may_pass: bool, code: int
    ):
        error = DatabaseUnavailable("the database", "away", may_pass=may_pass)
        with patch("bot.process.run", side_effect=error):
            assert run().exit_code == code

    def test_why_it_cannot_go_on_is_in_the_log(self, run: Run):
        with patch("bot.process.run", side_effect=FatalError(ExitCode.INTENTS, "One is missing.")):
            result = run()
        assert result.exit_code == 4
        assert result.stderr.endswith(" CRITICAL bot One is missing.\n")

    def test_a_fault_of_the_bot_is_in_the_log_with_its_traceback(self, run: Run):
        with patch("bot.process.run", side_effect=RuntimeError("odd")):
            result = run()
        assert result.exit_code == 1
        assert "CRITICAL bot the bot has failed: RuntimeError('odd')\nTraceback" in result.stderr
