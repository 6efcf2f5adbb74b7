"""What a `units` text names: members, groups of members or units, numbers and ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.services.errors import NoTargets, TooManyTargets

IDENT_KEYWORD = "ident"  # reserved, as those of unit groups
SELF_KEYWORD = "me"  # alone, or before the number of the actor's own unit: `me:A-12`


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
    """One member.

    Attributes:
        is_in_guild: False if the user is known not to be in this server.
        number: the number that the member's unit must have; empty for any.
    """

    id: int
    is_in_guild: bool = True
    number: str = ""


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
class IdentTerm:
    """The unit on duty with this ident, `ident:7`; for units that no other word names."""

    ident: int


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
    | IdentTerm
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


def format_ident(ident: int) -> str:
    """Return the word that means a unit by its ident in a `units` text."""
    return f"{IDENT_KEYWORD}:{ident}"


MentionLookup: TypeAlias = Callable[[Mention], Sequence[int] | MembersUnavailable | None]


@dataclass(frozen=True, slots=True)
class ParsedUnits:
    """A `units` text that was parsed.

    Attributes:
        text: as it is stored, with the ids of the members in the roles and channels it mentions.
        terms: what it names, each once.
        error: why no order can be made of it; None if one can.
    """

    text: str
    terms: tuple[Term, ...]
    error: NoTargets | TooManyTargets | None
