"""What somebody is typing at the end of a `units` text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.services.targets.grammar import UnitGroupKind

_MIN_KEYWORD_LENGTH = 2  # letters of `dept` and such before they are understood

_BEFORE = re.compile(r"(?:.*[\s,;|])?", re.DOTALL)
_OPEN_QUOTE = re.compile(
    r'(?P<before>(?:.*[\s,;|])?)(?P<word>-?(?i:dept|group|sub):["“”„][^"“”„]*)', re.DOTALL
)
_QUOTES = '"“”„'


@dataclass(frozen=True, slots=True)
class PartialInput:
    """The word that is being typed.

    Attributes:
        before: everything before what is to be completed: separators, a minus and the beginning
            of a range included.
        word: what is to be completed; None where only the name of a department or such can be.
        named: the words before it, as they are compared.
        fields: whose names may be meant: departments, groups, subdivisions.
        name: as much of such a name as has been typed.
        prefix: of a range, the letters before its numbers; None where it is no range.
    """

    leading_text: str
    fragment: str | None
    earlier_words: frozenset[str]
    group_kinds: tuple[UnitGroupKind, ...] = ()
    group_name: str = ""
    range_prefix: str | None = None


def parse(typed: str) -> PartialInput:
    """Find the last word of a text."""
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
