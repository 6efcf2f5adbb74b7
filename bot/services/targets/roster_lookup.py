"""Finds whom a term means among the units on duty. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.cad.models import Unit
from bot.services import steam_id
from bot.services.targets.grammar import (
    Crowd,
    Everyone,
    Field,
    Gap,
    Member,
    Span,
    Team,
    Term,
    Unclear,
    Word,
)
from bot.services.targets.resolution import Assignee, Attendance, LeftOut, Reason, Roster, Target

_GAPS = {
    Gap.EVERYONE: Reason.EVERYONE,
    Gap.ELSEWHERE: Reason.ELSEWHERE,
    Gap.HIDDEN: Reason.MEMBERS_HIDDEN,
    Gap.LOADING: Reason.MEMBERS_LOADING,
    Gap.LARGE: Reason.CROWD_TOO_LARGE,
    Gap.TEXT: Reason.NOT_A_VOICE_CHANNEL,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a term stands for."""

    people: Sequence[Assignee] = ()
    left_out: Sequence[LeftOut] = ()
    attendances: Sequence[Attendance] = ()


class Finder:
    """Finds people on a roster."""

    def __init__(self, api_ids: Mapping[int, str | None], roster: Roster) -> None:
        self._api_ids = api_ids
        self._roster = roster

    def find(self, term: Term, without: Collection[int] = ()) -> Found:
        """Find whom a term means; of the members in without nobody is said to be missing."""
        meaning = term.meaning
        match meaning:
            case Member(id=member_id):
                found = _found(term, self._member(meaning))
                return Found(found.people) if member_id in without else found
            case Crowd():
                return self._crowd(term, meaning, without)
            case Team():
                return self._units(term, self._team(meaning), Reason.NO_SUCH_TEAM)
            case Span(is_sound=True):
                return self._units(term, self._span(meaning), Reason.NO_UNIT_IN_RANGE)
            case _:
                return _found(term, self._single(meaning))

    def _single(self, meaning: Span | Word | Everyone | Unclear) -> Assignee | Reason:
        match meaning:
            case Word(text=text):
                return self._word(text)
            case Span():
                return Reason.NOT_A_RANGE
            case Everyone():
                return Reason.EVERYONE
            case Unclear():
                return Reason.NOT_UNDERSTOOD

    def _member(self, member: Member) -> Assignee | Reason:
        if member.id not in self._api_ids:
            return Reason.NOT_LOOKED_UP
        api_id = self._api_ids[member.id]
        if api_id is None:
            return Reason.NOT_LINKED if member.is_here else Reason.NOT_A_MEMBER
        unit = self._roster.carrier(api_id)
        if unit is None and self._roster.proves_absence():
            return Reason.NOT_ON_DUTY
        return Assignee(api_id, member.id, unit, on_duty=True if unit else None)

    def _word(self, word: str) -> Assignee | Reason:
        numbered = self._roster.numbered(word)
        if len(numbered) > 1:
            return Reason.AMBIGUOUS
        if numbered:
            return _assignee(numbered[0])
        carrier = self._roster.carrier(word)
        # Whoever types a whole API id knows better than our list: it is sent verbatim either way.
        if carrier or steam_id.looks_like_api_id(word):
            absent = False if self._roster.proves_absence() else None
            return Assignee(word, None, carrier, on_duty=True if carrier else absent)
        return Reason.NO_SUCH_UNIT if self._roster.current else Reason.NOT_LOOKED_UP

    def _crowd(self, term: Term, crowd: Crowd, without: Collection[int]) -> Found:
        """Find those of a crowd who are on duty; the others are only counted."""
        if isinstance(crowd.members, Gap):
            return _found(term, _GAPS[crowd.members])
        if not crowd.members:
            return _found(term, Reason.EMPTY_ROLE if crowd.is_role else Reason.EMPTY_CHANNEL)
        linked = {one: api_id for one in crowd.members if (api_id := self._api_ids.get(one))}
        people = [
            Assignee(api_id, member_id, unit, on_duty=True)
            for member_id, api_id in linked.items()
            if (unit := self._roster.carrier(api_id))
        ]
        if not linked:
            return _found(term, Reason.NOBODY_LINKED)
        if not people:
            is_known = self._roster.proves_absence()
            return _found(term, Reason.NOBODY_ON_DUTY if is_known else Reason.NOT_LOOKED_UP)
        counted = set(crowd.members).difference(without)
        not_linked = len(counted.difference(linked))
        off_duty = len(counted) - not_linked - len(counted & {one.discord_id for one in people})
        seen = Attendance(Target(term.text), len(counted), not_linked, off_duty)
        return Found(people, attendances=[seen] if not_linked or off_duty else [])

    def _team(self, team: Team) -> Iterator[Unit]:
        wanted = folded(team.name)
        for unit in self._roster.units:
            # Whoever sits at the dispatchers' screen is nobody to be sent.
            if wanted and folded(team_of(unit, team.field)) == wanted and not unit.is_dispatch:
                yield unit

    def _span(self, span: Span) -> Iterator[Unit]:
        prefix = span.prefix.casefold()
        for unit in self._roster.units:
            number = unit.number.casefold()
            tail = number[len(prefix) :]
            is_alike = number.startswith(prefix) and tail.isdecimal()
            if is_alike and len(tail) < 10 and span.first <= int(tail) <= span.last:
                yield unit

    def _units(self, term: Term, units: Iterator[Unit], nobody: Reason) -> Found:
        people: list[Assignee] = []
        left_out: list[LeftOut] = []
        for unit in units:
            is_shared = (
                isinstance(term.meaning, Span) and len(self._roster.numbered(unit.number)) > 1
            )
            one = Reason.AMBIGUOUS if is_shared else _assignee(unit)
            if isinstance(one, Assignee):
                people.append(one)
            else:
                left_out.append(LeftOut(Target(unit.number or f"unit {unit.ident}"), one))
        if not people and not left_out:
            return _found(term, nobody if self._roster.current else Reason.NOT_LOOKED_UP)
        return Found(people, tuple(dict.fromkeys(left_out)))


def folded(name: str) -> str:
    """Return a department's or group's name as names are compared."""
    return " ".join(name.split()).casefold()


def team_of(unit: Unit, field: Field) -> str:
    """Return the name of the department, group or subdivision that a unit is in."""
    match field:
        case Field.DEPARTMENT:
            return unit.department
        case Field.GROUP:
            return unit.group
        case Field.SUBDIVISION:
            return unit.subdivision


def _assignee(unit: Unit) -> Assignee | Reason:
    return Assignee(unit.api_ids[0], None, unit, on_duty=True) if unit.api_ids else Reason.NO_API_ID


def _found(term: Term, one: Assignee | Reason) -> Found:
    if isinstance(one, Assignee):
        return Found([one])
    member_id = term.meaning.id if isinstance(term.meaning, Member) else None
    return Found(left_out=[LeftOut(Target(term.text, member_id), one)])
