"""What a word that names no unit may have meant: it is offered, and never taken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

from bot.cad.models import Unit
from bot.services.targets import grammar
from bot.services.targets.resolution import Roster
from bot.services.targets.skipped_target import NearMatch
from bot.services.targets.terms import format_ident
from bot.services.targets.unit_numbers import number_key

NEAR_LIMIT = 3  # of one word; where more are as near, none is offered
_MIN_LENGTH = 2  # characters of a word
_MIN_REPLACED = 3  # characters of a number in which one may be another


@dataclass(frozen=True, slots=True)
class NamedMember:
    """A member of the Discord server whose name contains a word; is_whole if it is the name."""

    id: int
    is_whole: bool


# Guild id and a word → the members whose name contains it.
MemberSearch: TypeAlias = Callable[[int, str], Sequence[NamedMember]]


def near_matches(
    word: str, roster: Roster, members: Mapping[int, int] | None = None
) -> tuple[NearMatch, ...]:
    """Return the units on duty that are nearest to a word, by number.

    Args:
        members: ident → Discord id, of the units whose member's name contains the word.
    """
    found = next(filter(None, _by_nearness(word, roster, members or {})), [])
    if len(found) > NEAR_LIMIT:
        return ()
    near = [_near_match(one, roster, (members or {}).get(one.ident)) for one in found]
    return tuple(sorted(near, key=lambda one: one.number))


def _by_nearness(word: str, roster: Roster, members: Mapping[int, int]) -> Iterator[Sequence[Unit]]:
    """Yield the units that are near to a word, the nearest first."""
    yield roster.by_number(word) or roster.by_number_key(word)
    key, name = number_key(word), word.lstrip("@").casefold()
    if len(key) < _MIN_LENGTH:
        return
    yield [one for one in roster.units if _bare(one.number) == _bare(word)]
    yield [
        one for one in roster.units if one.ident in members or name in one.name.casefold().split()
    ]
    yield [one for one in roster.units if _is_one_edit(key, number_key(one.number))]


def _bare(number: str) -> str:
    """Return a number without signs, and without the noughts before its last digits."""
    prefix = number_key(number).replace("-", "").rstrip("0123456789")
    digits = number_key(number).replace("-", "")[len(prefix) :]
    return prefix + digits.lstrip("0")


def _is_one_edit(typed: str, number: str) -> bool:
    """Return whether one character is missing, added or another, or two are swapped."""
    pairs = zip(typed, number, strict=False)
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    ours, theirs = typed[start:], number[start:]
    is_replaced = start and len(typed) >= _MIN_REPLACED and ours[1:] == theirs[1:]
    is_swapped = ours[:2] == theirs[:2][::-1] and ours[2:] == theirs[2:]
    return bool(is_replaced or is_swapped or ours[1:] == theirs or ours == theirs[1:])


def _near_match(unit: Unit, roster: Roster, member_id: int | None) -> NearMatch:
    is_alone = grammar.is_single_token(unit.number) and len(roster.by_number(unit.number)) == 1
    token = unit.number if is_alone else format_ident(unit.ident)
    return NearMatch(token, unit.number or token, unit.name, member_id)
