"""The grammar of a `units` text: parses what the user typed into terms. Pure.

This module knows no links and no units. Only Discord knows the members of a role or a voice
channel, and they change. So their ids are written into the mention when an order is accepted and
stored with it: `<@&5>` becomes `<@&5:11,12>`, or `<@&5:hidden>` if Discord does not list them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.common.discord_limits import LAST_SNOWFLAKE
from bot.services.errors import NoTargets, TooManyTargets
from bot.services.targets.terms import (
    IDENT_KEYWORD,
    SELF_KEYWORD,
    EveryoneTerm,
    IdentTerm,
    MemberGroupTerm,
    MembersUnavailable,
    MemberTerm,
    Mention,
    MentionLookup,
    ParsedUnits,
    Term,
    TermMeaning,
    TextTerm,
    UnitGroupKind,
    UnitGroupTerm,
    UnitRangeTerm,
    UnknownTerm,
)

TARGET_LIMIT = 50
RANGE_LIMIT = 50  # numbers in one range

_DIGITS = "0123456789"
_MAX_DIGITS = 9  # of a number in a range
_IDENT = re.compile(r"\d{1,9}", re.ASCII)
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


def parse_units(text: str, *, actor_id: int, lookup: MentionLookup | None = None) -> ParsedUnits:
    """Parse a text and ask Discord which members its mentions stand for.

    Args:
        actor_id: the member that `me` stands for.
        lookup: says who has a role or is in a channel, and whether a user is no member of this
            server. None for a stored text: the members that are written in its mentions count.
    """
    terms: dict[object, Term] = {}
    stored: list[str] = []
    looked_up: set[tuple[Mention, bool]] = set()
    end = 0
    for token in _TOKEN.finditer(text):
        sigil = token["sigil"]
        if sigil is None:
            meaning = _read_text(token, actor_id)
        elif lookup is None:
            meaning = _mention_meaning(token, _stored_members(token["known"]))
        else:
            mention = Mention(sigil, int(token["id"]))
            stored.append(text[end : token.start()])
            end = token.end()
            if (key := (mention, bool(token["minus"]))) in looked_up:
                stored.append(" ")  # its members would be stored once more
                continue
            looked_up.add(key)
            members = lookup(mention) if len(terms) <= TARGET_LIMIT else None
            meaning = _mention_meaning(token, members)
            stored += token["minus"] or "", _mention(token, members)
        term = _term(token, meaning)
        same = meaning.id if isinstance(meaning, MemberTerm) else term.text.casefold()
        terms.setdefault((term.is_excluded, same), term)
    found = tuple(terms.values())
    error: NoTargets | TooManyTargets | None = None
    if not [term for term in found if not term.is_excluded]:
        error = NoTargets()
    elif len(found) > TARGET_LIMIT:
        error = TooManyTargets(len(found), TARGET_LIMIT)
    return ParsedUnits("".join(stored) + text[end:], found, error)


def parse(text: str, *, actor_id: int) -> tuple[Term, ...]:
    """Split a stored text into terms, each once.

    Raises:
        NoTargets: the text names no unit; an exclusion alone names none.
        TooManyTargets: more than `TARGET_LIMIT`.
    """
    parsed = parse_units(text, actor_id=actor_id)
    if parsed.error is not None:
        raise parsed.error
    return parsed.terms


def targets_only(terms: Iterable[Term], member_id: int) -> bool:
    """Tell whether the terms name this member and no other unit."""
    named = [term.meaning for term in terms if not term.is_excluded]
    return len(named) == 1 and isinstance(named[0], MemberTerm) and named[0].id == member_id


def as_own_unit(parsed: ParsedUnits, member_id: int) -> ParsedUnits:
    """Return a text that is one unit number as the member's own unit, which must have it."""
    match parsed.terms:
        case (Term(meaning=TextTerm(text=number), is_excluded=False),):
            term = Term(f"{SELF_KEYWORD}:{number}", MemberTerm(member_id, number=number))
            return ParsedUnits(term.text, (term,), parsed.error)
        case _:
            return parsed


def names_units_one_by_one(terms: Iterable[Term]) -> bool:
    """Tell whether no term means several units."""
    return all(isinstance(one.meaning, MemberTerm | TextTerm | IdentTerm) for one in terms)


def depends_on_duty(terms: Iterable[Term]) -> bool:
    """Tell whether the units that the terms mean depend on who is on duty at this moment."""
    for term in terms:
        match term.meaning:
            case UnitGroupTerm() | UnitRangeTerm():
                return True
            case MemberGroupTerm(member_ids=tuple() as member_ids) if member_ids:
                return True
    return False


def member_ids_in(terms: Iterable[Term]) -> tuple[set[int], set[int]]:
    """Return the ids of the members who are named, and of those who are in a named group."""
    named: set[int] = set()
    in_groups: set[int] = set()
    for term in terms:
        match term.meaning:
            case MemberTerm(id=member_id):
                named.add(member_id)
            case MemberGroupTerm(member_ids=tuple() as member_ids):
                in_groups.update(member_ids)
    return named, in_groups


def is_single_token(text: str) -> bool:
    """Tell whether `parse` would find this very text in a `units` text, as one word."""
    token = _whole_token(text)
    return (
        token is not None
        and not token["sigil"]
        and _term(token, _read_text(token, 0)) == Term(text, TextTerm(text))
    )


def format_unit_group(group: UnitGroupTerm) -> str:
    """Return the text that `parse` reads as this unit group; empty if there is none."""
    for text in (f"{group.kind}:{group.name}", f'{group.kind}:"{group.name}"'):
        token = _whole_token(text)
        if token is not None and not token["sigil"] and _read_text(token, 0) == group:
            return text
    return ""


def remove_member_ids(text: str) -> str:
    """Return a stored text as it was typed, without the ids of members in its mentions."""
    return _ANY_MENTION.sub(r"<\g<sigil>\g<id>>", text)


def _whole_token(text: str) -> re.Match[str] | None:
    """Return the text as the one token that it is; not `fullmatch`, which tries other readings."""
    token = _TOKEN.match(text)
    return token if token and token.end() == len(text) else None


def _term(token: re.Match[str], meaning: TermMeaning) -> Term:
    if token["sigil"]:
        text = f"<{token['sigil']}{token['id']}>"
    else:
        text = remove_member_ids(token[0].removeprefix(token["minus"] or ""))
    return Term(f"-{text}", meaning, is_excluded=True) if token["minus"] else Term(text, meaning)


def _read_text(token: re.Match[str], actor_id: int) -> TermMeaning:
    """Read a token that is no mention."""
    if token["field"]:
        kind = UnitGroupKind(token["field"].casefold())
        return UnitGroupTerm(kind, remove_member_ids(token["name"]))
    return _read_chunk(token[0].removeprefix(token["minus"] or ""), actor_id)


def _mention_meaning(
    token: re.Match[str], members: Sequence[int] | MembersUnavailable | None
) -> TermMeaning:
    number = int(token["id"])
    if token["sigil"] in {"@", "@!"}:
        is_in_guild = members is not MembersUnavailable.NOT_VISIBLE
        return MemberTerm(number, is_in_guild) if number <= LAST_SNOWFLAKE else UnknownTerm()
    if members is None:
        return UnknownTerm()
    if not isinstance(members, MembersUnavailable):
        members = tuple(members)
    return MemberGroupTerm(members, is_role=token["sigil"] == "@&")


def _mention(token: re.Match[str], members: Sequence[int] | MembersUnavailable | None) -> str:
    """Spell a mention with its members, as it is stored."""
    bare = f"<{token['sigil']}{token['id']}"
    if members is None:
        return f"{bare}>"
    if isinstance(members, MembersUnavailable):
        return f"{bare}:{members}>"
    return f"{bare}:{','.join(map(str, members))}>"


def _stored_members(known: str | None) -> Sequence[int] | MembersUnavailable | None:
    """Read the members that are stored in a mention; None if there are none, or no known reason."""
    if known is None:
        return None
    if known[:1].isalpha():
        return MembersUnavailable(known) if known in set(MembersUnavailable) else None
    ids = [int(one) for one in known.split(",") if one.isdecimal() and len(one) <= 20]
    return [one for one in ids if one <= LAST_SNOWFLAKE]


def _read_chunk(chunk: str, actor_id: int) -> TermMeaning:
    folded = chunk.casefold()
    field, colon, name = chunk.partition(":")
    if field.casefold() == SELF_KEYWORD:
        return MemberTerm(actor_id, number=name)
    if folded in _EVERYONE_MENTIONS:
        return EveryoneTerm()
    if chunk[0] == "<" or chunk == "-":
        return UnknownTerm()
    if colon and field.casefold() in set(UnitGroupKind):
        return UnitGroupTerm(UnitGroupKind(field.casefold()), name)
    if field.casefold() == IDENT_KEYWORD and _IDENT.fullmatch(name):
        return IdentTerm(int(name))
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
