"""No pattern takes longer than its text: one quadratic pattern would stop the whole process."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

import bot
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


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        # The settings are the operator's own text.
        if module.name.startswith(("bot.config", "bot.storage.migrations", "bot.__main__")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


PATTERNS = dict(patterns())


@cache
def used_ways(module: str, name: str) -> frozenset[str]:
    source = inspect.getsource(importlib.import_module(module))
    found = re.findall(rf"{name}\.(fullmatch|match|search|finditer|sub|split)\(", source)
    return frozenset(found)


def seconds(name: str, text: str) -> float:
    """Use a pattern in the ways in which its module does."""
    pattern = PATTERNS[name]
    module, _, short = name.rpartition(".")
    ways = used_ways(module, short)
    started = time.thread_time()
    if "fullmatch" in ways:
        pattern.fullmatch(text)
    if "match" in ways:
        pattern.match(text)
    if ways & {"search", "finditer", "sub", "split"}:
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


def test_there_are_patterns_and_the_address_of_a_profile_is_one():
    assert "bot.common.steam_id._URL" in PATTERNS
    assert len(PATTERNS) > 20
    assert parse_account("steamcommunity.com/id/" + "a" * LENGTH + " b") is None
