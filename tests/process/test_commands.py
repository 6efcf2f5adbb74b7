"""The commands beside running the bot, in the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import discord
import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import cli
from bot.ending import Exit, Failure
from bot.settings import Settings
from tests.process.conftest import SETTINGS

Run = Callable[..., Result]

FIRST = "123456789012345678"
SECOND = "223456789012345678"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty folder, with no setting but the database's default."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    # A wide terminal, so that no line of the help is broken.
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return lambda *arguments: runner.invoke(cli, arguments, prog_name="python -m bot")


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "people.csv").write_text(text, encoding="utf-8")
        return "people.csv"

    return write


def test_help_names_every_command_and_exit_code(run: Run):
    result = run("--help")
    assert result.exit_code == 0
    for word in ("invite", "links", "db", *map(str, Exit)):
        assert word in result.stdout


def test_links_go_in_and_out(run: Run, csv: Callable[[str], str]):
    people = f"discord_id,api_id\n{FIRST},steam:1\n{SECOND},license:abc\n"
    result = run("links", "import", csv(people), "--guild", "1")
    assert (result.exit_code, result.output) == (0, "2 added, 0 changed, 0 as they were.\n")
    result = run("links", "import", csv(people.replace("steam:1", "steam:2")), "--guild", "1")
    assert result.stdout == "0 added, 1 changed, 1 as they were.\n"
    assert run("links", "export", "--guild", "1").stdout == people.replace("steam:1", "steam:2")
    assert run("links", "export", "--guild", "2").stdout == "discord_id,api_id\n"


def test_a_bad_line_keeps_everything_out(run: Run, csv: Callable[[str], str]):
    file = csv(f"discord_id,api_id\n{FIRST},steam:1\nPat,steam:2\n{FIRST},steam:3\n")
    result = run("links", "import", file, "--guild", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "line 3: 'Pat' is not a Discord user id (15 to 20 digits)",
        f"line 4: the Discord id {FIRST} is already in line 2",
        "Nothing was written. Mend these lines or use --skip-bad.",
    ]
    assert run("links", "export", "--guild", "1").stdout == "discord_id,api_id\n"


def test_bad_lines_can_be_skipped(run: Run, csv: Callable[[str], str]):
    file = csv(f"discord_id,api_id\n{FIRST},steam:1\nPat,steam:2\n")
    result = run("links", "import", file, "--guild", "1", "--skip-bad")
    assert result.exit_code == 0
    assert result.stdout == "1 added, 0 changed, 0 as they were, 1 lines skipped.\n"
    assert "line 3:" in result.stderr


@pytest.mark.parametrize("text", ["", "name,id\n", "discord_id,api_id\nPat,steam:2\n"])
def test_a_file_without_a_good_line_is_a_fault_even_then(
    run: Run, csv: Callable[[str], str], text: str
):
    result = run("links", "import", csv(text), "--guild", "1", "--skip-bad")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Nothing was written: the file has no good line."


def test_a_missing_file_is_one_line(run: Run):
    result = run("links", "import", "nobody.csv", "--guild", "1")
    assert result.exit_code == 2
    assert result.stderr == "nobody.csv cannot be read: No such file or directory.\n"


def test_a_file_in_another_encoding_is_one_line(run: Run, tmp_path: Path):
    (tmp_path / "people.csv").write_bytes(f"discord_id,api_id\n{FIRST},é\n".encode("latin-1"))
    result = run("links", "import", "people.csv", "--guild", "1")
    assert result.exit_code == 2
    assert result.stderr == "people.csv is not UTF-8 text. Save it anew as CSV UTF-8.\n"


@pytest.mark.parametrize("guild", [[], ["--guild", "mine"], ["--guild", "0"]])
def test_the_server_has_to_be_named(run: Run, csv: Callable[[str], str], guild: list[str]):
    result = run("links", "import", csv(f"discord_id,api_id\n{FIRST},steam:1\n"), *guild)
    assert result.exit_code == 2
    assert "--guild" in result.stderr.splitlines()[-1]


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
    with patch("bot.process.invitation", return_value="https://discord.com/invite") as asked:
        assert run("invite").stdout == "https://discord.com/invite\n"
    asked.assert_awaited_once_with(SETTINGS["DISCORD_TOKEN"])


def test_what_ends_a_command_is_said_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", SETTINGS["DISCORD_TOKEN"])
    with patch("bot.process.invitation", side_effect=Failure(Exit.TOKEN, "It is wrong.")):
        result = run("invite")
    assert (result.exit_code, result.stderr) == (3, "It is wrong.\n")


def test_a_fault_of_the_bot_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", SETTINGS["DISCORD_TOKEN"])
    with patch("bot.process.invitation", side_effect=discord.ClientException("odd")):
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

    def test_why_it_cannot_go_on_is_in_the_log(self, run: Run):
        with patch("bot.process.run", side_effect=Failure(Exit.INTENTS, "One is missing.")):
            result = run()
        assert result.exit_code == 4
        assert result.stderr.endswith(" CRITICAL bot One is missing.\n")

    def test_a_fault_of_the_bot_is_in_the_log_with_its_traceback(self, run: Run):
        with patch("bot.process.run", side_effect=RuntimeError("odd")):
            result = run()
        assert result.exit_code == 1
        assert "CRITICAL bot the bot has failed: RuntimeError('odd')\nTraceback" in result.stderr
