"""The documents say what there is: all of it, and nothing else."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
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

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
SETTINGS = {name.upper() for name in Settings.model_fields}
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def section(title: str) -> str:
    """Return a section of the README, up to the next title of its rank or a higher one."""
    head = re.search(rf"^(#+) {re.escape(title)}$", README, re.MULTILINE)
    assert head, title
    rest = README[head.end() :]
    end = re.search(rf"^#{{1,{len(head[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def first_cells(text: str) -> list[str]:
    """Return the first cell of each row of the tables in a text, without backticks."""
    cells = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    heads = {"setting", "command", "code", "what", "answer", "text", "act"}
    return [cell.strip("`") for cell in cells if cell not in heads]


def slash_commands() -> Iterator[Command[Any, ..., Any]]:
    for module in pkgutil.iter_modules(cogs.__path__, "cogs."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and issubclass(thing, commands.Cog):
                for command in thing.__cog_app_commands__:
                    below = command.walk_commands() if isinstance(command, Group) else [command]
                    yield from (one for one in below if isinstance(one, Command))


def usage(command: Command[Any, ..., Any]) -> str:
    """Write a command as the README does: what is optional in brackets."""
    options = [one.name if one.required else f"[{one.name}]" for one in command.parameters]
    return " ".join([f"/{command.qualified_name}", *options])


def terminal_commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for key, one in getattr(command, "commands", {}).items():
        whole = f"{name} {key}".strip()
        if hasattr(one, "commands"):
            yield from terminal_commands(one, whole)
        else:
            yield whole, one


def texts_of_faults() -> Iterator[str]:
    """Find how each fault of an order or a command begins, as far as it is always the same."""
    tree = ast.parse((PROJECT / "bot" / "ui" / "error_text.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["text"]:
            literals = [
                one.value
                for one in ast.walk(node.value)
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            start = next((one for one in literals if len(one.split()) > 2), None)
            if start is not None:
                yield re.split(r"[.:(;]", start.strip())[0].strip()


def test_the_example_has_every_setting_and_no_other():
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == SETTINGS


def test_the_example_shows_the_defaults():
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^([A-Z_]+)=(.+)$", example, re.MULTILINE))
    defaults = {name: Settings.model_fields[name.lower()].default for name in shown}
    assert {name: value.rstrip("/") for name, value in shown.items()} == {
        name: (str(default).lower() if isinstance(default, bool) else str(default)).rstrip("/")
        for name, default in defaults.items()
    }


def test_the_readme_has_every_setting_and_no_other():
    assert sorted(first_cells(section("Settings"))) == sorted(SETTINGS)


def test_the_readme_has_every_command_and_no_other():
    documented = [one for one in first_cells(section("Commands")) if one.startswith("/")]
    assert sorted(documented) == sorted(usage(command) for command in slash_commands())


def test_the_readme_has_every_command_of_the_terminal_and_no_other():
    here = section("Running it for good")
    here = here[: here.index("### Docker")]
    documented = {one.split(" FILE")[0].split(" --")[0]: one for one in first_cells(here)}
    existing = dict(terminal_commands(get_command(cli)))
    assert set(documented) == set(existing)
    for name, command in existing.items():
        options = {one for parameter in command.params for one in parameter.opts if "--" in one}
        assert set(re.findall(r"--[a-z-]+", documented[name])) == options - {"--help"}


def test_the_readme_has_every_exit_code_and_no_other():
    assert first_cells(section("Exit codes")) == ["0", *(str(int(one)) for one in ExitCode)]


@pytest.mark.parametrize("start", sorted(set(texts_of_faults())))
def test_the_readme_says_what_to_do_about_each_fault(start: str):
    assert start in section("When something goes wrong")


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_is_named_exists(text: str):
    named = set(
        re.findall(
            r"`?make ([a-z][a-z-]*)", "\n".join(re.findall(r"`[^`]+`|^make .*", text, re.MULTILINE))
        )
    )
    assert named
    assert named <= TARGETS


def test_contributing_names_every_make_target():
    assert {f"`make {target}`" for target in TARGETS - {"help"}} <= set(
        re.findall(r"`make [a-z-]+`", CONTRIBUTING)
    )


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_inside_the_project_leads_somewhere(name: str):
    text = (PROJECT / name).read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in titles}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target in anchors
        elif "://" not in target:
            assert (PROJECT / target).is_file(), target
