"""The grammar of a `units` text: what somebody typed → terms. Pure; knows no people and no units.

Who is in a role or in a voice channel is known to Discord alone, and only at that moment. So it is
written into the mention once an order is accepted, and stored with it: `<@&5>` becomes
`<@&5:11,12>`, or `<@&5:hidden>` where Discord does not say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from bot.services.errors import NoTargets, TooManyTargets

TARGET_LIMIT = 50
SPAN_LIMIT = 50  # numbers in one range

_LAST_SNOWFLAKE = 2**63 - 1
_DIGITS = "0123456789"
_LONGEST_NUMBER = 9  # digits
_EVERYONE = frozenset({"@everyone", "@here"})

# Anything invisible separates too: it cannot be part of a number that people read to each other.
_BLANK = r"\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_QUOTE = '"“”„'  # phones write the others
_MENTION = r"<(?P<sigil>@[!&]?|#)(?P<id>\d{1,20})(?::(?P<known>[a-z]+|[0-9,]*))?>"
_ANY_MENTION = re.compile(_MENTION)
_TOKEN = re.compile(
    rf"(?P<minus>-[{_BLANK}]*)?(?:{_MENTION}"
    rf"|(?P<field>(?i:dept|group|sub)):[{_QUOTE}](?P<name>[^{_QUOTE}]*)[{_QUOTE}]"
    rf"|(?P<chunk>(?:(?!<[@#])[^,;|{_BLANK}])+)|<)"
)


class Field(StrEnum):
    """What of a unit `dept:`, `group:` and `sub:` look at; the words are reserved."""

    DEPARTMENT = "dept"
    GROUP = "group"
    SUBDIVISION = "sub"


class Gap(StrEnum):
    """Why Discord did not say who is meant. Stored within texts."""

    EVERYONE = "everyone"  # the role that all have
    ELSEWHERE = "elsewhere"  # nothing of this server, or nothing that the person can see
    HIDDEN = "hidden"  # the bot may not know the members of the server
    LOADING = "loading"  # Discord has not listed the members yet
    LARGE = "large"  # more people than an order can hold
    TEXT = "text"  # a channel in which nobody talks


@dataclass(frozen=True, slots=True)
class Member:
    """One person; is_here is False for who is surely no member of this server."""

    id: int
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody with a role or in a voice channel, or why that is not known."""

    members: tuple[int, ...] | Gap
    is_role: bool


@dataclass(frozen=True, slots=True)
class Team:
    """All units on duty of a department, a group or a subdivision; name as typed."""

    field: Field
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """The units on duty with numbers from first to last; prefix is what stands before them.

    Attributes:
        is_sound: False where both ends have different prefixes, or it is too long.
    """

    prefix: str
    first: int
    last: int
    is_sound: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A unit number or an API id."""

    text: str


@dataclass(frozen=True, slots=True)
class Everyone:
    """`@everyone` or `@here`."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """What means nothing here."""


Meaning: TypeAlias = Member | Crowd | Team | Span | Word | Everyone | Unclear


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that somebody typed: text as typed; is_excluded where it has a minus."""

    text: str
    meaning: Meaning
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """What Discord is asked about: a member, a role or a channel."""

    sigil: str
    id: int


def parse(text: str, *, me: int) -> tuple[Term, ...]:
    """Split the text into terms, each once.

    Raises:
        NoTargets: the text names nobody; leaving somebody out is not naming anybody.
        TooManyTargets: more than `TARGET_LIMIT`.
    """
    found = _found(text, me)
    if all(one.is_excluded for one in found):
        raise NoTargets
    if len(found) > TARGET_LIMIT:
        raise TooManyTargets(len(found), TARGET_LIMIT)
    return found


def names_only(text: str, member_id: int) -> bool:
    """Tell whether `parse` would find this member, for whom `me` stands, and nobody else."""
    named = [one.meaning for one in _found(text, member_id) if not one.is_excluded]
    return len(named) == 1 and isinstance(named[0], Member) and named[0].id == member_id


def names_groups(terms: Iterable[Term]) -> bool:
    """Tell whether it depends on who is on duty at this moment whom the terms mean."""
    return any(
        isinstance(meaning, Team | Span)
        or (isinstance(meaning, Crowd) and isinstance(meaning.members, tuple) and meaning.members)
        for meaning in (one.meaning for one in terms)
    )


def members(terms: Iterable[Term]) -> tuple[set[int], set[int]]:
    """Return the ids of the members who are named, and of those who are in crowds."""
    named: set[int] = set()
    gathered: set[int] = set()
    for term in terms:
        match term.meaning:
            case Member(id=member_id):
                named.add(member_id)
            case Crowd(members=tuple() as crowd):
                gathered.update(crowd)
    return named, gathered


def is_one_word(text: str) -> bool:
    """Tell whether `parse` would find this very text in a `units` text, as one word."""
    token = _whole_token(text)
    return token is not None and _term(token, 0) == Term(text, Word(text))


def spelled(team: Team) -> str:
    """Return what `parse` finds to be this team; empty where nothing is."""
    for text in (f"{team.field}:{team.name}", f'{team.field}:"{team.name}"'):
        token = _whole_token(text)
        if token is not None and _term(token, 0).meaning == team:
            return text
    return ""


def written_out(text: str, look: Callable[[Mention], Sequence[int] | Gap | None]) -> str:
    """Return the text with what look says written into its mentions, None for nothing."""

    def spelled(found: re.Match[str]) -> str:
        seen = look(Mention(found["sigil"], int(found["id"])))
        bare = f"<{found['sigil']}{found['id']}"
        if seen is None:
            return f"{bare}>"
        return f"{bare}:{seen if isinstance(seen, Gap) else ','.join(map(str, seen))}>"

    return _ANY_MENTION.sub(spelled, text)


def as_typed(text: str) -> str:
    """Return the text as it was before `written_out`."""
    return _ANY_MENTION.sub(r"<\g<sigil>\g<id>>", text)


@lru_cache(maxsize=64)  # a text is read several times in a row: who is it about, is it sound
def _found(text: str, me: int) -> tuple[Term, ...]:
    terms: dict[object, Term] = {}
    for token in _TOKEN.finditer(text):
        term = _term(token, me)
        who = term.meaning.id if isinstance(term.meaning, Member) else term.text.casefold()
        terms.setdefault((term.is_excluded, who), term)
    return tuple(terms.values())


def _whole_token(text: str) -> re.Match[str] | None:
    """Return the text as the one token that it is; not `fullmatch`, which tries other readings."""
    token = _TOKEN.match(text)
    return token if token and token.end() == len(text) else None


def _term(token: re.Match[str], me: int) -> Term:
    minus = token["minus"] or ""
    text = as_typed(token[0][len(minus) :])
    if token["sigil"]:
        meaning = _mentioned(token)
    elif token["field"]:
        meaning = Team(Field(token["field"].casefold()), as_typed(token["name"]))
    else:
        meaning = _meant(text, me)
    return Term(f"-{text}" if minus else text, meaning, bool(minus))


def _mentioned(token: re.Match[str]) -> Meaning:
    number, known = int(token["id"]), token["known"]
    if token["sigil"] in {"@", "@!"}:
        return Member(number, known != Gap.ELSEWHERE) if number <= _LAST_SNOWFLAKE else Unclear()
    if known is None:
        return Unclear()
    is_role = token["sigil"] == "@&"
    if known[:1].isalpha():
        return Crowd(Gap(known), is_role) if known in set(Gap) else Unclear()
    people = [int(one) for one in known.split(",") if one.isdecimal() and len(one) <= 20]
    return Crowd(tuple(one for one in people if one <= _LAST_SNOWFLAKE), is_role)


def _meant(chunk: str, me: int) -> Meaning:
    folded = chunk.casefold()
    field, colon, name = chunk.partition(":")
    if folded == "me":
        return Member(me)
    if folded in _EVERYONE:
        return Everyone()
    if chunk[0] == "<" or chunk == "-":
        return Unclear()
    if colon and field.casefold() in set(Field):
        return Team(Field(field.casefold()), name)
    return (None if colon else _span(chunk)) or Word(chunk)


def _span(chunk: str) -> Span | None:
    """Read `A-1..A-9` or `A-1..9`; None for what is no range."""
    begin, dots, end = chunk.partition("..")
    prefix, other = begin.rstrip(_DIGITS), end.rstrip(_DIGITS)
    first, last = begin[len(prefix) :], end[len(other) :]
    if not dots or not first or not last or max(len(first), len(last)) > _LONGEST_NUMBER:
        return None
    low, high = sorted((int(first), int(last)))
    is_same = other.casefold() in {"", prefix.casefold()}
    return Span(prefix, low, high, is_same and high - low < SPAN_LIMIT)
