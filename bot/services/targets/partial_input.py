"""Parses the end of a `units` text while the user is typing it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.services.targets.terms import UnitGroupKind

_MIN_KEYWORD_LENGTH = 2  # typed letters of `dept`, `group` or `sub` before they are suggested

_BEFORE = re.compile(r"(?:.*[\s,;|])?", re.DOTALL)
_OPEN_QUOTE = re.compile(
    r'(?P<before>(?:.*[\s,;|])?)(?P<word>-?(?i:dept|group|sub):["“”„][^"“”„]*)', re.DOTALL
)
_QUOTES = '"“”„'


@dataclass(frozen=True, slots=True)
class PartialInput:
    """The word that is being typed.

    Attributes:
        leading_text: everything before the fragment, including separators, a minus and the
            first end of a range.
        fragment: the part to complete; None if only the name of a unit group fits.
        earlier_words: the words before it, in lower case.
        group_kinds: the kinds of unit groups that fit: departments, groups, subdivisions.
        group_name: the typed part of a unit group's name.
        range_prefix: the letters before the numbers of a range; None if it is not a range.
    """

    leading_text: str
    fragment: str | None
    earlier_words: frozenset[str]
    group_kinds: tuple[UnitGroupKind, ...] = ()
    group_name: str = ""
    range_prefix: str | None = None


def parse(typed: str) -> PartialInput:
    """Parse the last word of a text."""
    if quoted := _OPEN_QUOTE.fullmatch(typed):
        before, word = quoted["before"], quoted["word"]
    else:
        before = _BEFORE.match(typed)[0]  # type: ignore[index]  # it matches anything
        word = typed[len(before) :]
    named = frozenset(re.split(r"[\s,;|]+", before.casefold()))
    if word.startswith("-"):
        before, word = before + "-", word[1:]
    field, colon, name = word.partition(":")
    if colon and field.casefold() in set(UnitGroupKind):
        return PartialInput(
            before, None, named, (UnitGroupKind(field.casefold()),), name.lstrip(_QUOTES)
        )
    begin, dots, end = word.rpartition("..")
    prefix = begin.rstrip("0123456789")
    if dots and prefix != begin and not colon:
        return PartialInput(before + begin + dots, end, named, range_prefix=prefix)
    return PartialInput(before, word, named, _matching_kinds(word))


def _matching_kinds(word: str) -> tuple[UnitGroupKind, ...]:
    is_long = len(word) >= _MIN_KEYWORD_LENGTH
    return tuple(one for one in UnitGroupKind if is_long and one.startswith(word.casefold()))
