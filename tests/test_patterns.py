"""No pattern takes longer than its text: one quadratic pattern would stop the whole process."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import bot
import cogs
from bot.common.steam_id import parse_account

LENGTH = 100_000
PROBE = 4_000  # finds the worst text of a pattern; a quadratic one takes over 0.05 s for it
LIMIT = 1.0  # seconds; a linear pattern takes a hundredth of it

# The beginnings of what the patterns look for, what may be repeated, and what then does not fit.
BEGINNINGS = (
    *("", "steamcommunity.com/id/", "x:", '="', ";", 'dept:"', "<title", "sep=,", "<@&5:", "- "),
    *("/webhooks/1", "://a:", "ID", "STEAM_0:1:", "1e", "1:", "a..", "76561", "discord:"),
)
REPEATED = (
    *("a", " ", "-", '"', ";", "0", "1", "<", ",", ".", "_", ":", "/", "'", "é", "\u200b", "me "),
    *("- ", ';"', '""', "<@", "<@&1:", "<title", 'dept:"', " :", "1,", "ID ", "webhooks/1/"),
)
ENDS = ("", " b", "\0")


FUNCTIONS = ("fullmatch", "match", "search", "finditer", "findall", "sub", "split")


class UsedPattern(NamedTuple):
    """A pattern, and the functions of `re` or methods by which its module uses it."""

    pattern: re.Pattern[str]
    ways: frozenset[str]


def modules() -> Iterator[ModuleType]:
    for package in (bot, cogs):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # The settings are the operator's own text.
            if not found.name.startswith(("bot.config", "bot.storage.migrations", "bot.__main__")):
                yield importlib.import_module(found.name)


def compiled_patterns(module: ModuleType, source: str) -> Iterator[tuple[str, UsedPattern]]:
    """Yield the patterns of a module and of its classes."""
    holders: dict[str, object] = {module.__name__: module}
    for one in vars(module).values():
        if isinstance(one, type) and one.__module__ == module.__name__:
            holders[one.__name__] = one
    for holder, content in holders.items():
        for name, value in vars(content).items():
            if isinstance(value, re.Pattern):
                ways = re.findall(rf"{name}\.({'|'.join(FUNCTIONS)})\(", source)
                # Another module uses it, such as the template of a button.
                yield f"{holder}.{name}", UsedPattern(value, frozenset(ways or FUNCTIONS))


def written_patterns(module: ModuleType, source: str) -> Iterator[tuple[str, UsedPattern]]:
    """Yield the patterns that are written in a call of `re`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(ast.Name("re"), way), args=[ast.Constant(str(text)), *_]
            ) if way in FUNCTIONS:
                used = UsedPattern(re.compile(text), frozenset({way}))
                yield f"{module.__name__}:{node.lineno}", used


def patterns() -> Iterator[tuple[str, UsedPattern]]:
    for module in modules():
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        yield from compiled_patterns(module, source)
        yield from written_patterns(module, source)


PATTERNS = dict(patterns())


def seconds(name: str, text: str) -> float:
    """Use a pattern in the ways in which its module does."""
    pattern, ways = PATTERNS[name]
    started = time.thread_time()
    if "fullmatch" in ways:
        pattern.fullmatch(text)
    if "match" in ways:
        pattern.match(text)
    if ways - {"fullmatch", "match"}:
        for _ in pattern.finditer(text):
            pass
    return time.thread_time() - started


def texts(length: int) -> Iterator[str]:
    for beginning, repeated, end in product(BEGINNINGS, REPEATED, ENDS):
        yield beginning + repeated * (length // len(repeated)) + end


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_linear_in_its_worst_text(name: str):
    worst, number = max((seconds(name, text), number) for number, text in enumerate(texts(PROBE)))
    assert worst < LIMIT, name
    combination = list(product(BEGINNINGS, REPEATED, ENDS))[number]
    beginning, repeated, end = combination
    text = beginning + repeated * (LENGTH // len(repeated)) + end
    assert seconds(name, text) < LIMIT, (name, combination)


def test_the_patterns_of_modules_of_classes_and_of_calls_are_found():
    assert "bot.common.steam_id._URL" in PATTERNS
    assert "CancelButton.__discord_ui_compiled_template__" in PATTERNS
    assert {one.partition(":")[0] for one in PATTERNS if ":" in one} >= {"bot.cad.values"}
    assert len(PATTERNS) > 40
    assert parse_account("steamcommunity.com/id/" + "a" * LENGTH + " b") is None
