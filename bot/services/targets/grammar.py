"""The grammar of a `units` text: parses what the user typed into terms. Pure.

This module knows no links and no units. Only Discord knows the members of a role or a voice
channel, and they change. So their ids are written into the mention when an order is accepted and
stored with it: `<@&5>` becomes `<@&5:11,12>`, or `<@&5:hidden>` if Discord does not list them.
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
RANGE_LIMIT = 50  # numbers in one range

_LAST_SNOWFLAKE = 2**63 - 1
_DIGITS = "0123456789"
_MAX_DIGITS = 9  # of a number in a range
_EVERYONE_MENTIONS = frozenset({"@everyone", "@here"})

# Invisible characters separate terms too: a unit number cannot contain them.
_BLANK = r"\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_QUOTE = '"“”„'  # phones write the others
_MENTION = r"<(?P<sigil>@[!&]?|#)(?P<id>\d{1,20})(?::(?P<known>[a-z]+|[0-9,]*))?>"
_ANY_MENTION = re.compile(_MENTION)
_TOKEN = re.compile(
    rf"(?P<minus>-[{_BLANK}]*)?(?:{_MENTION}"
    rf"|(?P<field>(?i:dept|group|sub)):[{_QUOTE}](?P<name>[^{_QUOTE}]*)[{_QUOTE}]"
    rf"|(?P<chunk>(?:(?!<[@#])[^,;|{_BLANK}])+)|<)"
)


class UnitGroupKind(StrEnum):
    """The field of a unit that `dept:`, `group:` and `sub:` compare; the keywords are reserved."""

    DEPARTMENT = "dept"
    GROUP = "group"
    SUBDIVISION = "sub"


class MembersUnavailable(StrEnum):
    """Why the members of a mention are unknown. The values are stored in `units` texts."""

    EVERYONE = "everyone"  # the role that every member has
    NOT_VISIBLE = "elsewhere"  # not of this server, or not visible to the actor
    HIDDEN = "hidden"  # the bot lacks the Server Members intent
    LOADING = "loading"  # Discord has not listed the members yet
    TOO_LARGE = "large"  # more members than an order can store
    TEXT_CHANNEL = "text"  # not a voice channel


@dataclass(frozen=True, slots=True)
class MemberTerm:
    """One member; is_in_guild is False if the user is known not to be in this server."""

    id: int
    is_in_guild: bool = True


@dataclass(frozen=True, slots=True)
class MemberGroupTerm:
    """The members with a role or in a voice channel, or why they are unknown."""

    member_ids: tuple[int, ...] | MembersUnavailable
    is_role: bool


@dataclass(frozen=True, slots=True)
class UnitGroupTerm:
    """All units on duty of a department, a group or a subdivision; name as typed."""

    kind: UnitGroupKind
    name: str


@dataclass(frozen=True, slots=True)
class UnitRangeTerm:
    """The units on duty whose number is prefix and a value from first to last.

    Attributes:
        is_valid: False if the ends have different prefixes, or the range is too long.
    """

    prefix: str
    first: int
    last: int
    is_valid: bool


@dataclass(frozen=True, slots=True)
class TextTerm:
    """A unit number or an API id."""

    text: str


@dataclass(frozen=True, slots=True)
class EveryoneTerm:
    """`@everyone` or `@here`."""


@dataclass(frozen=True, slots=True)
class UnknownTerm:
    """A chunk with no meaning, such as an emoji or a lone minus."""


TermMeaning: TypeAlias = (
    MemberTerm
    | MemberGroupTerm
    | UnitGroupTerm
    | UnitRangeTerm
    | TextTerm
    | EveryoneTerm
    | UnknownTerm
)


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a `units` text: text as typed; is_excluded if a minus precedes it."""

    text: str
    meaning: TermMeaning
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of a member, a role or a channel."""

    sigil: str
    id: int


def parse(text: str, *, actor_id: int) -> tuple[Term, ...]:
    """Split the text into terms, each once.

    Raises:
        NoTargets: the text names nobody; leaving somebody out is not naming anybody.
        TooManyTargets: more than `TARGET_LIMIT`.
    """
    found = _parse_terms(text, actor_id)
    if all(one.is_excluded for one in found):
        raise NoTargets
    if len(found) > TARGET_LIMIT:
        raise TooManyTargets(len(found), TARGET_LIMIT)
    return found


def targets_only(text: str, member_id: int) -> bool:
    """Tell whether `parse` would find this member, for whom `me` stands, and nobody else."""
    named = [one.meaning for one in _parse_terms(text, member_id) if not one.is_excluded]
    return len(named) == 1 and isinstance(named[0], MemberTerm) and named[0].id == member_id


def depends_on_duty(terms: Iterable[Term]) -> bool:
    """Tell whether it depends on who is on duty at this moment whom the terms mean."""
    return any(
        isinstance(meaning, UnitGroupTerm | UnitRangeTerm)
        or (
            isinstance(meaning, MemberGroupTerm)
            and isinstance(meaning.member_ids, tuple)
            and meaning.member_ids
        )
        for meaning in (one.meaning for one in terms)
    )


def member_ids_in(terms: Iterable[Term]) -> tuple[set[int], set[int]]:
    """Return the ids of the members who are named, and of those who are in crowds."""
    named: set[int] = set()
    gathered: set[int] = set()
    for term in terms:
        match term.meaning:
            case MemberTerm(id=member_id):
                named.add(member_id)
            case MemberGroupTerm(member_ids=tuple() as crowd):
                gathered.update(crowd)
    return named, gathered


def is_single_token(text: str) -> bool:
    """Tell whether `parse` would find this very text in a `units` text, as one word."""
    token = _whole_token(text)
    return token is not None and _read_term(token, 0) == Term(text, TextTerm(text))


def format_unit_group(group: UnitGroupTerm) -> str:
    """Return what `parse` finds to be this team; empty where nothing is."""
    for text in (f"{group.kind}:{group.name}", f'{group.kind}:"{group.name}"'):
        token = _whole_token(text)
        if token is not None and _read_term(token, 0).meaning == group:
            return text
    return ""


def insert_member_ids(
    text: str, lookup: Callable[[Mention], Sequence[int] | MembersUnavailable | None]
) -> str:
    """Return the text with what look says written into its mentions, None for nothing."""

    def spelled(found: re.Match[str]) -> str:
        seen = lookup(Mention(found["sigil"], int(found["id"])))
        bare = f"<{found['sigil']}{found['id']}"
        if seen is None:
            return f"{bare}>"
        return (
            f"{bare}:{seen if isinstance(seen, MembersUnavailable) else ','.join(map(str, seen))}>"
        )

    return _ANY_MENTION.sub(spelled, text)


def remove_member_ids(text: str) -> str:
    """Return the text as it was before `written_out`."""
    return _ANY_MENTION.sub(r"<\g<sigil>\g<id>>", text)


@lru_cache(maxsize=64)  # a text is read several times in a row: who is it about, is it sound
def _parse_terms(text: str, actor_id: int) -> tuple[Term, ...]:
    terms: dict[object, Term] = {}
    for token in _TOKEN.finditer(text):
        term = _read_term(token, actor_id)
        who = term.meaning.id if isinstance(term.meaning, MemberTerm) else term.text.casefold()
        terms.setdefault((term.is_excluded, who), term)
    return tuple(terms.values())


def _whole_token(text: str) -> re.Match[str] | None:
    """Return the text as the one token that it is; not `fullmatch`, which tries other readings."""
    token = _TOKEN.match(text)
    return token if token and token.end() == len(text) else None


def _read_term(token: re.Match[str], actor_id: int) -> Term:
    minus = token["minus"] or ""
    text = remove_member_ids(token[0][len(minus) :])
    if token["sigil"]:
        meaning = _read_mention(token)
    elif token["field"]:
        meaning = UnitGroupTerm(
            UnitGroupKind(token["field"].casefold()), remove_member_ids(token["name"])
        )
    else:
        meaning = _read_chunk(text, actor_id)
    return Term(f"-{text}" if minus else text, meaning, bool(minus))


def _read_mention(token: re.Match[str]) -> TermMeaning:
    number, known = int(token["id"]), token["known"]
    if token["sigil"] in {"@", "@!"}:
        return (
            MemberTerm(number, known != MembersUnavailable.NOT_VISIBLE)
            if number <= _LAST_SNOWFLAKE
            else UnknownTerm()
        )
    if known is None:
        return UnknownTerm()
    is_role = token["sigil"] == "@&"
    if known[:1].isalpha():
        return (
            MemberGroupTerm(MembersUnavailable(known), is_role)
            if known in set(MembersUnavailable)
            else UnknownTerm()
        )
    people = [int(one) for one in known.split(",") if one.isdecimal() and len(one) <= 20]
    return MemberGroupTerm(tuple(one for one in people if one <= _LAST_SNOWFLAKE), is_role)


def _read_chunk(chunk: str, actor_id: int) -> TermMeaning:
    folded = chunk.casefold()
    field, colon, name = chunk.partition(":")
    if folded == "me":
        return MemberTerm(actor_id)
    if folded in _EVERYONE_MENTIONS:
        return EveryoneTerm()
    if chunk[0] == "<" or chunk == "-":
        return UnknownTerm()
    if colon and field.casefold() in set(UnitGroupKind):
        return UnitGroupTerm(UnitGroupKind(field.casefold()), name)
    return (None if colon else _read_range(chunk)) or TextTerm(chunk)


def _read_range(chunk: str) -> UnitRangeTerm | None:
    """Read `A-1..A-9` or `A-1..9`; None for what is no range."""
    begin, dots, end = chunk.partition("..")
    prefix, other = begin.rstrip(_DIGITS), end.rstrip(_DIGITS)
    first, last = begin[len(prefix) :], end[len(other) :]
    if not dots or not first or not last or max(len(first), len(last)) > _MAX_DIGITS:
        return None
    low, high = sorted((int(first), int(last)))
    is_same = other.casefold() in {"", prefix.casefold()}
    return UnitRangeTerm(prefix, low, high, is_same and high - low < RANGE_LIMIT)
