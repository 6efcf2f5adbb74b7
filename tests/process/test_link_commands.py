"""`links import` and `links export`: in the test's own process, and at a terminal of their own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deadlines import HANG_TIMEOUT
from tests.process.conftest import PROJECT, Run

Write = Callable[[str], str]

FIRST = "123456789012345678"
SECOND = "223456789012345678"
THIRD = "323456789012345678"
STEAM64, HEX = "76561198836490351", "1100001343a206f"
DRY = "Nothing was written: this was a dry run. --yes writes."


@pytest.fixture
def csv(tmp_path: Path) -> Write:
    def write(text: str) -> str:
        (tmp_path / "people.csv").write_text(text, encoding="utf-8")
        return "people.csv"

    return write


@pytest.fixture
def stored(run: Run) -> Callable[[], str]:
    """Return what is in the database, without the header."""
    return lambda: run("links", "export", "--guild", "1").stdout.partition("\n")[2]


def test_links_go_in_and_out(run: Run, csv: Write):
    people = f"discord_id,api_id\n{FIRST},steam:1\n{SECOND},license:abc\n"
    result = run("links", "import", csv(people), "--guild", "1", "--yes")
    assert (result.exit_code, result.output) == (0, "2 added, 0 changed, 0 unchanged.\n")
    changed = people.replace("steam:1", "steam:2")
    result = run("links", "import", csv(changed), "--guild", "1", "--yes")
    assert result.stdout == "0 added, 1 changed, 1 unchanged.\n"
    assert run("links", "export", "--guild", "1").stdout == changed
    assert run("links", "export", "--guild", "2").stdout == "discord_id,api_id\n"


def test_what_was_exported_changes_nothing(run: Run, csv: Write):
    odd = f'discord_id,api_id\n{FIRST},\'=1+1\n{SECOND},\'1E5\n{THIRD},"x:;""\'="""\n'
    run("links", "import", csv(odd), "--guild", "1", "--yes")
    exported = run("links", "export", "--guild", "1").stdout
    result = run("links", "import", csv(exported), "--guild", "1")
    assert (result.exit_code, result.output) == (
        0,
        "unchanged: 3\n0 added, 0 changed, 3 unchanged.\n",
    )
    assert run("links", "import", csv(exported), "--guild", "2", "--yes").exit_code == 0
    assert run("links", "export", "--guild", "2").stdout == exported


def test_without_a_word_it_is_a_dry_run(run: Run, csv: Write, stored: Callable[[], str]):
    run("links", "import", csv(f"discord_id,api_id\n{FIRST},steam:1\n"), "--guild", "1", "--yes")
    file = csv(f"discord_id;steam\n{FIRST};{STEAM64}\n<@{SECOND}>;[U:1:1]\n")
    result = run("links", "import", file, "--guild", "1")
    assert (result.exit_code, result.stderr) == (2, f"{DRY}\n")
    assert result.stdout.splitlines() == [
        "changed: 1",
        f"  line 2: {FIRST} {HEX}, was steam:1",
        "added: 1",
        f"  line 3: {SECOND} 110000100000001",
        "unchanged: 0",
    ]
    assert stored() == f"{FIRST},steam:1\n"


def test_a_long_dry_run_is_cut(run: Run, csv: Write):
    lines = "".join(f"{10**15 + number},x:{number}\n" for number in range(2000))
    result = run("links", "import", csv(f"discord_id,api_id\n{lines}"), "--guild", "1")
    assert len(result.stdout.splitlines()) == 1001
    assert result.stdout.startswith("added: 2,000\n")
    assert result.stdout.endswith("\n… and so on; these were the first 1,000 lines.\n")


def test_steam_ids_are_written_as_the_community_does(
    run: Run, csv: Write, stored: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("API_ID_FORMAT", "steam:{HEX}")
    run("links", "import", csv(f"discord,steam\n{FIRST},{STEAM64}\n"), "--guild", "1", "--yes")
    assert stored() == f"{FIRST},steam:{HEX.upper()}\n"


def test_json_goes_in_as_well(run: Run, csv: Write, stored: Callable[[], str]):
    file = csv(f'[{{"user": "<@{FIRST}>", "steam": {STEAM64}}}, {{"user": "x"}}]')
    result = run("links", "import", file, "--guild", "1", "--yes", "--skip-bad")
    assert result.exit_code == 0
    assert result.stderr.startswith("entry 2: 'x' is a name, and members can be found by name only")
    assert stored() == f"{FIRST},{HEX}\n"


@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_a_bad_line_keeps_everything_out(
    run: Run, csv: Write, stored: Callable[[], str], yes: list[str]
):
    file = csv(f"discord_id,api_id\n{FIRST},steam:1\nPat,steam:2\n{FIRST},steam:3\n")
    result = run("links", "import", file, "--guild", "1", *yes)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "line 3: 'Pat' is not a Discord user id (15 to 20 digits)",
        f"line 4: the Discord id {FIRST} is already in line 2",
        "Nothing was written. Correct these lines or use --skip-bad.",
    ]
    assert bool(result.stdout) is not bool(yes)
    assert stored() == ""


def test_bad_lines_can_be_skipped(run: Run, csv: Write):
    file = csv(f"discord_id,api_id\n{FIRST},steam:1\nPat,steam:2\n")
    result = run("links", "import", file, "--guild", "1", "--skip-bad", "--yes")
    assert result.exit_code == 0
    assert result.stdout == "1 added, 0 changed, 0 unchanged, 1 lines skipped.\n"
    assert "line 3:" in result.stderr


def test_an_id_of_two_people_has_to_be_allowed(run: Run, csv: Write, stored: Callable[[], str]):
    run("links", "import", csv(f"discord_id,api_id\n{FIRST},steam:1\n"), "--guild", "1", "--yes")
    file = csv(f"discord_id,api_id\n{SECOND},STEAM:1\n{THIRD},steam:3\n")
    arguments = ["links", "import", file, "--guild", "1", "--yes"]
    result = run(*arguments, "--skip-bad")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"line 2: {SECOND} STEAM:1, which is also the id of {FIRST}",
        "Nothing was written. --allow-shared lets people share.",
    ]
    assert stored() == f"{FIRST},steam:1\n"
    assert run(*arguments, "--allow-shared").stdout == "2 added, 0 changed, 0 unchanged.\n"
    # Who shares one already is not asked about again.
    assert run(*arguments).exit_code == 0


@pytest.mark.parametrize("text", ["", "name,id\n", "discord_id,api_id\nPat,steam:2\n"])
def test_a_file_without_a_good_line_is_a_fault_even_then(run: Run, csv: Write, text: str):
    result = run("links", "import", csv(text), "--guild", "1", "--skip-bad", "--yes")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Nothing was written: the file has no good line."


def test_a_missing_file_is_one_line(run: Run):
    result = run("links", "import", "missing.csv", "--guild", "1")
    assert result.exit_code == 2
    assert result.stderr == "missing.csv cannot be read: No such file or directory.\n"


def test_a_file_in_another_encoding_is_named_by_its_line(run: Run, tmp_path: Path):
    (tmp_path / "people.csv").write_bytes(f"discord_id,api_id\n{FIRST},é\n".encode("latin-1"))
    result = run("links", "import", "people.csv", "--guild", "1", "--yes")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == (
        "line 2: '\\udce9' is not UTF-8 text; save the file as CSV UTF-8"
    )


@pytest.mark.parametrize("guild", [[], ["--guild", "mine"], ["--guild", "0"]])
def test_the_server_has_to_be_named(run: Run, csv: Write, guild: list[str]):
    result = run("links", "import", csv(f"discord_id,api_id\n{FIRST},steam:1\n"), *guild)
    assert result.exit_code == 2
    assert "--guild" in result.stderr.splitlines()[-1]


@pytest.mark.process
@pytest.mark.parametrize(
    ("key", "end"),
    [
        ("y", "1 added, 0 changed, 0 unchanged."),
        ("n", "Nothing was written."),
        ("", "Nothing was written."),
    ],
)
def test_at_a_terminal_it_asks(
    csv: Write, tmp_path: Path, stored: Callable[[], str], key: str, end: str
):
    code, said = at_terminal(tmp_path, f"{key}\n", csv(f"discord_id,api_id\n{FIRST},steam:1\n"))
    assert code == 0
    assert said[-1].endswith(end)
    assert "Write this? [y/N]:" in "\n".join(said)
    assert stored() == (f"{FIRST},steam:1\n" if key == "y" else "")


@pytest.mark.process
def test_what_changes_while_it_asks_is_not_overwritten(
    csv: Write, tmp_path: Path, run: Run, stored: Callable[[], str]
):
    other = f"discord_id,api_id\n{FIRST},steam:9\n"
    (tmp_path / "other.csv").write_text(other)
    file = csv(f"discord_id,api_id\n{FIRST},steam:1\n")
    code, said = at_terminal(
        tmp_path,
        "y\n",
        file,
        before_keys=lambda: run("links", "import", "other.csv", "--guild", "1", "--yes"),
    )
    assert code == 2
    assert said[-1].startswith("The links in data/dispatch.db have changed meanwhile, so that")
    assert stored() == f"{FIRST},steam:9\n"


@pytest.mark.process
def test_at_a_terminal_a_bar_shows_how_far_it_is(csv: Write, tmp_path: Path):
    lines = "".join(f"{10**15 + number},x:{number}\n" for number in range(3000))
    file = csv(f"discord_id,api_id\n{lines}")
    code, said = at_terminal(tmp_path, "", file, "--yes")
    assert (code, said[-1]) == (0, "3000 added, 0 changed, 0 unchanged.")
    assert "3000/3000" in "\n".join(said)


def at_terminal(
    folder: Path, keys: str, *arguments: str, before_keys: Callable[[], object] = lambda: None
) -> tuple[int, list[str]]:
    """Import at a terminal, typing when asked; return the exit code and the lines seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "links", "import", *arguments, "--guild", "1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TERM": "xterm", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, is_typed = b"", False
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
            if b"[y/N]" in seen and not is_typed:
                before_keys()
                os.write(ours, keys.encode())
                is_typed = True
    except OSError:  # that is how a terminal ends
        pass
    os.close(ours)
    code = process.wait(timeout=HANG_TIMEOUT)
    text = seen.decode().replace("\x1b[2K", "").replace("\x1b[1A", "").replace("\x1b[?25h", "")
    return code, [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
