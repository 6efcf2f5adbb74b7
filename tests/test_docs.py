"""The documents say what there is: all of it, and nothing else."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from discord.app_commands import Command, Group
from discord.ext import commands
from typer.main import get_command

import cogs
from bot.__main__ import cli
from bot.config.settings import Settings
from bot.runtime.exit_codes import ExitCode
from bot.ui import error_text

PROJECT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        *(
            PROJECT / name
            for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
        ),
        *sorted((PROJECT / "docs").glob("*.md")),
    )
}
README, CONTRIBUTING = PAGES["README.md"], PAGES["CONTRIBUTING.md"]
ERRORS = PAGES["docs/errors.md"]
CAD_API = PAGES["docs/sonoran-cad.md"]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
SETTINGS = {name.upper() for name in Settings.model_fields}
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))

# The texts of errors, where each belongs to a kind of error, and how many there are at least.
TABLES_OF_ERRORS = {"_FIXED_TEXTS": 18, "_REASONS": 24}


def section(page: str, title: str) -> str:
    """Return a section of a page, up to the next title of its rank or a higher one."""
    head = re.search(rf"^(#+) {re.escape(title)}$", page, re.MULTILINE)
    assert head, title
    rest = page[head.end() :]
    end = re.search(rf"^#{{1,{len(head[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def first_cells(text: str) -> list[str]:
    """Return the first cell of each row of the tables in a text, without backticks."""
    cells = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    heads = {"setting", "command", "code", "what", "answer", "text", "act", "sign"}
    return [cell.strip("`") for cell in cells if cell not in heads]


def titles(page: str) -> list[str]:
    """Return the titles of a page, those of what it includes among them."""
    for included in re.findall(r'^--8<-- "(.+)"$', page, re.MULTILINE):
        page += "\n" + PAGES[included]
    return re.findall(r"^#+ (.+)$", page, re.MULTILINE)


def plain(text: str) -> str:
    """Return a text without what makes it bold or code, and with … for what is filled in."""
    return re.sub(r"[*`\\]", "", re.sub(r"\{[^{}]*\}", "…", text))


def slash_commands() -> Iterator[Command[Any, ..., Any]]:
    for module in pkgutil.iter_modules(cogs.__path__, "cogs."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and issubclass(thing, commands.Cog):
                for command in thing.__cog_app_commands__:
                    below = command.walk_commands() if isinstance(command, Group) else [command]
                    yield from (one for one in below if isinstance(one, Command))


def usage(command: Command[Any, ..., Any]) -> str:
    """Write a command as the page of the commands does: what is optional in brackets."""
    options = [one.name if one.required else f"[{one.name}]" for one in command.parameters]
    return " ".join([f"/{command.qualified_name}", *options])


def terminal_commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for key, one in getattr(command, "commands", {}).items():
        whole = f"{name} {key}".strip()
        if hasattr(one, "commands"):
            yield from terminal_commands(one, whole)
        else:
            yield whole, one


def literals(node: ast.AST) -> Iterator[str]:
    """Find the texts in a piece of code, in the order in which they stand there."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def beginning(value: ast.AST) -> str | None:
    """Return how a text of several words begins, as far as it is always the same."""
    start = next((one for one in literals(value) if len(one.split()) > 2), None)
    return start and plain(re.split(r"[.:(;]", start.strip())[0].strip())


@cache
def texts_of_errors() -> dict[str, list[str]]:
    """Find how each error of an order or a command begins, by where it stands in `bot/ui`."""
    found: dict[str, list[str]] = {}
    for path in sorted((PROJECT / "bot" / "ui").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {ast.unparse(target): value for target, value in assignments(tree.body)}
        for name in TABLES_OF_ERRORS.keys() & top.keys():
            table = top[name]
            assert isinstance(table, ast.Dict)
            values = [top.get(ast.unparse(value), value) for value in table.values]
            found[name] = [text for value in values if (text := beginning(value))]
        if path.name.endswith("error_text.py"):
            texts = [value for target, value in assignments(ast.walk(tree)) if is_text(target)]
            found.setdefault("text", []).extend(filter(None, map(beginning, texts)))
    return found


def assignments(nodes: Any) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in nodes:
        match node:
            case ast.Assign(targets=[target], value=value):
                yield target, value
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield target, value


def is_text(target: ast.expr) -> bool:
    return ast.unparse(target) == "text"


@cache
def words_of_the_bot() -> str:
    """Return every text in the code, one a line, as `plain` has it."""
    lines = []
    for folder in ("bot", "cogs"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(value=str(text)):
                        lines.append(plain(text))
                    case ast.JoinedStr(values=values):
                        parts = [getattr(one, "value", None) for one in values]
                        text = "".join(one if isinstance(one, str) else "…" for one in parts)
                        lines.append(plain(text))
    # Some of these hold a limit that is a constant of the code.
    lines += map(plain, error_text._FIXED_TEXTS.values())
    return "\n".join(lines)


def fragments(cell: str) -> list[str]:
    """Return the pieces of an answer that are always the same, of three words or more."""
    pieces = [
        sentence.strip(" .,;:()")
        for piece in plain(cell).split("…")
        for sentence in re.split(r"(?<=[.:]) ", piece)
    ]
    return [piece for piece in pieces if len(piece.split()) > 2]


def anchor(title: str) -> str:
    """Return the anchor of a title, as the site makes it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower(), flags=re.ASCII).strip())


def test_the_readme_is_one_page_that_starts_with_how_to_try_the_bot():
    assert len(README.splitlines()) <= 200
    first_screen = "\n".join(README.splitlines()[:20])
    assert all(
        one in first_screen for one in ("make sandbox", "make test", "Python 3.11", "make**")
    )


def test_the_example_has_every_setting_and_no_other():
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == SETTINGS


def as_written(default: object) -> str:
    """Return a default as an operator writes it, without a slash at its end."""
    match default:
        case bool():
            return str(default).lower()
        case frozenset():
            return ", ".join(sorted(default))
        case _:
            return str(default).rstrip("/")


def test_the_example_shows_the_defaults():
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^([A-Z_]+)=(.+)$", example, re.MULTILINE))
    defaults = {name: Settings.model_fields[name.lower()].default for name in shown}
    assert {name: value.rstrip("/") for name, value in shown.items()} == {
        name: as_written(default) for name, default in defaults.items()
    }


def test_every_page_names_the_same_first_settings():
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    first = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)[:5]
    assert "fill in the first five" in example
    assert first_cells(section(PAGES["docs/settings.md"], "The first five")) == first
    install = section(PAGES["docs/setup.md"], "3. Install and write the settings")
    assert first_cells(install) == first
    steps = section(README, "Set it up in five steps")
    (step,) = re.findall(r"^3\. .*$", steps, re.MULTILINE)
    assert re.findall(r"`([A-Z_]+)`", step) == first


def test_the_settings_page_has_every_setting_and_no_other():
    assert sorted(first_cells(PAGES["docs/settings.md"])) == sorted(SETTINGS)


def test_the_settings_page_shows_the_defaults():
    rows = re.findall(r"^\| `([A-Z_]+)` \| `(.+?)` \|", PAGES["docs/settings.md"], re.MULTILINE)
    assert {name: shown.rstrip("/") for name, shown in rows} == {
        name.upper(): as_written(one.default)
        for name, one in Settings.model_fields.items()
        if not one.is_required() and one.default not in (None, frozenset(), ())
    }


def test_the_commands_page_has_every_command_and_no_other():
    documented = [one for one in first_cells(PAGES["docs/commands.md"]) if one.startswith("/")]
    assert sorted(documented) == sorted(usage(command) for command in slash_commands())


def test_the_hosting_page_has_every_command_of_the_terminal_and_no_other():
    here = section(PAGES["docs/hosting.md"], "Commands of the terminal")
    documented = {re.split(r" (?:FILE|\[?--)", one)[0]: one for one in first_cells(here)}
    existing = dict(terminal_commands(get_command(cli)))
    assert set(documented) == set(existing)
    for name, command in existing.items():
        options = {one for parameter in command.params for one in parameter.opts if "--" in one}
        assert set(re.findall(r"--[a-z-]+", documented[name])) == options - {"--help"}


def test_the_hosting_page_has_every_exit_code_and_no_other():
    documented = first_cells(section(PAGES["docs/hosting.md"], "Exit codes"))
    assert documented == ["0", *(str(int(one)) for one in ExitCode)]


def test_the_findings_that_the_hosting_page_shows_are_those_of_the_doctor():
    shown = section(PAGES["docs/hosting.md"], "Checking the set-up")
    findings = re.findall(
        r"^(?:fault|warning|ok) +[a-z]+(?: [a-z]+)? {2,}(.+)$", shown, re.MULTILINE
    )
    assert findings
    known = [
        re.escape(line).replace("…", ".+")
        for line in words_of_the_bot().splitlines()
        if len(re.findall(r"\w{2,}", line)) > 2
    ]
    for finding in findings:
        assert any(re.fullmatch(one, plain(finding)) for one in known), finding


def test_the_findings_that_the_hosting_page_shows_are_counted():
    shown = section(PAGES["docs/hosting.md"], "Checking the set-up")
    levels = re.findall(r"^(fault|warning|ok) ", shown, re.MULTILINE)
    faults, warnings = levels.count("fault"), levels.count("warning")
    assert f"\n{faults} faults, {warnings} warning, {len(levels)} findings\n" in shown


def test_every_table_of_errors_is_found():
    found = texts_of_errors()
    assert found["text"]
    for name, count in TABLES_OF_ERRORS.items():
        assert len(found[name]) >= count, name


@pytest.mark.parametrize(
    "start", sorted({one for all_ in texts_of_errors().values() for one in all_})
)
def test_the_errors_page_says_what_to_do_about_each_error(start: str):
    assert any(start in plain(answer) for answer in first_cells(ERRORS))


@pytest.mark.parametrize("answer", first_cells(ERRORS))
def test_the_errors_page_has_no_answer_that_the_bot_does_not_give(answer: str):
    for fragment in fragments(answer):
        assert fragment in words_of_the_bot()


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_that_is_named_exists(name: str):
    code = "\n".join(re.findall(r"`[^`\n]+`|^make .*", PAGES[name], re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code))
    assert named or name not in {"README.md", "CONTRIBUTING.md"}
    assert named <= TARGETS


def test_contributing_names_every_make_target():
    assert {f"`make {target}`" for target in TARGETS - {"help"}} <= set(
        re.findall(r"`make [a-z-]+`", CONTRIBUTING)
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_link_inside_the_project_leads_somewhere(name: str):
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[name]):
        if "://" in target:
            continue
        path, _, wanted = target.partition("#")
        file = (PROJECT / name).parent / path if path else PROJECT / name
        assert file.is_file(), target
        if wanted:
            page = PAGES[file.resolve().relative_to(PROJECT).as_posix()]
            assert wanted in {anchor(title) for title in titles(page)}, target


@pytest.mark.parametrize("name", PAGES)
def test_every_file_and_folder_that_is_named_exists(name: str):
    ours = "|".join(path.name for path in PROJECT.iterdir() if path.is_dir())
    for path in re.findall(rf"`((?:{ours})/[\w./-]*)`", PAGES[name]):
        assert (PROJECT / path).exists(), path


def test_every_picture_is_shown_on_a_page():
    shown = {
        target.rpartition("/")[2]
        for page in PAGES.values()
        for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page)
    }
    assert shown == {path.name for path in (PROJECT / "docs" / "images").iterdir()}


def test_what_the_code_refers_to_stands_on_the_page_about_the_cad():
    quoted = r'docs/sonoran-cad\.md,?(?:\s+and)?((?:[\s,]+(?:and\s+)?"[^"]+")+)'
    named = [
        (path.name, title.rstrip(":"))
        for folder in ("bot", "sandbox")
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for found in re.findall(quoted, path.read_text(encoding="utf-8"))
        for title in re.findall(r'"([^"]+)"', found)
    ]
    assert named
    assert [one for one in named if one[1] not in titles(CAD_API)] == []
