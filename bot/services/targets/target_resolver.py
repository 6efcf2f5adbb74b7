"""Resolves terms to assignees among the units on duty, and removes the excluded ones. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.cad.models import Unit
from bot.common import steam_id
from bot.services.targets.exclusions import Exclusions
from bot.services.targets.resolution import (
    ASSIGNEE_LIMIT,
    Assignee,
    LookupResult,
    MemberGroupSummary,
    Resolution,
    Roster,
    SkippedTarget,
    SkipReason,
    Target,
)
from bot.services.targets.terms import (
    EveryoneTerm,
    IdentTerm,
    MemberGroupTerm,
    MembersUnavailable,
    MemberTerm,
    Term,
    TextTerm,
    UnitGroupKind,
    UnitGroupTerm,
    UnitRangeTerm,
    UnknownTerm,
)

_UNAVAILABLE_REASONS = {
    MembersUnavailable.EVERYONE: SkipReason.EVERYONE,
    MembersUnavailable.NOT_VISIBLE: SkipReason.NOT_VISIBLE,
    MembersUnavailable.HIDDEN: SkipReason.MEMBERS_HIDDEN,
    MembersUnavailable.LOADING: SkipReason.MEMBERS_LOADING,
    MembersUnavailable.TOO_LARGE: SkipReason.TOO_MANY_MEMBERS,
    MembersUnavailable.TEXT_CHANNEL: SkipReason.NOT_A_VOICE_CHANNEL,
}


def resolve(terms: Sequence[Term], api_ids: Mapping[int, str | None], roster: Roster) -> Resolution:
    """Resolve terms to assignees.

    Args:
        api_ids: Discord id → API id. A mentioned member has None if not linked, and no entry if
            the lookup failed. A member of a role or channel without an entry is not linked.
    """
    lookup = RosterLookup(api_ids, roster)
    wanted = [one for one in terms if not one.is_excluded]
    exclusions = None
    if len(wanted) < len(terms):
        found = [(one, lookup.find(one)) for one in terms if one.is_excluded]
        exclusions = Exclusions(found, wanted, api_ids, roster)
    excluded_ids = exclusions.member_ids if exclusions else ()
    assignees: dict[str, Assignee] = {}
    excluded: dict[str, Assignee] = {}
    left_out: list[SkippedTarget] = []
    attendances: list[MemberGroupSummary] = []
    for term in wanted:
        result = lookup.find(term, excluded_ids)
        left_out += result.left_out
        attendances += result.attendances
        for one in result.assignees:
            is_excluded = exclusions is not None and exclusions.matches(one)
            (excluded if is_excluded else assignees).setdefault(one.key, one)
    if exclusions is not None:
        left_out += exclusions.left_out
    is_too_long = len(assignees) > ASSIGNEE_LIMIT
    return Resolution(
        () if is_too_long else tuple(assignees.values()),
        tuple(left_out),
        tuple(excluded.values()),
        tuple(attendances),
        len(assignees) if is_too_long else 0,
    )


@dataclass(frozen=True, slots=True)
class RosterLookup:
    """Looks up terms in a roster."""

    api_ids: Mapping[int, str | None]
    roster: Roster

    def find(self, term: Term, excluded_ids: Collection[int] = ()) -> LookupResult:
        """Resolve a term.

        Args:
            excluded_ids: members who are excluded; these are not reported as missing.
        """
        meaning = term.meaning
        match meaning:
            case MemberTerm():
                return self._find_member(term, meaning, excluded_ids)
            case MemberGroupTerm():
                return self._find_member_group(term, meaning, excluded_ids)
            case UnitGroupTerm():
                return self._result_of_units(
                    term, self._units_in_group(meaning), SkipReason.NO_SUCH_UNIT_GROUP
                )
            case UnitRangeTerm(is_valid=True):
                return self._result_of_units(
                    term, self._units_in_range(meaning), SkipReason.NO_UNIT_IN_RANGE
                )
            case _:
                return _result(term, self._find_single(meaning))

    def _find_single(
        self, meaning: UnitRangeTerm | IdentTerm | TextTerm | EveryoneTerm | UnknownTerm
    ) -> Assignee | SkipReason:
        match meaning:
            case TextTerm(text=text):
                return self._find_text(text)
            case IdentTerm(ident=ident):
                return self._find_ident(ident)
            case UnitRangeTerm():
                return SkipReason.INVALID_RANGE
            case EveryoneTerm():
                return SkipReason.EVERYONE
            case UnknownTerm():
                return SkipReason.NOT_UNDERSTOOD

    def _find_member(
        self, term: Term, member: MemberTerm, excluded_ids: Collection[int]
    ) -> LookupResult:
        api_id = self.api_ids.get(member.id)
        if api_id is not None:
            unit = self.roster.by_api_id(api_id)
            if unit is None and self.roster.has_dispatcher(api_id):
                reason = SkipReason.DISPATCHER
            elif unit is not None or not self.roster.is_conclusive(api_id):
                on_duty = True if unit else None
                return LookupResult([Assignee(api_id, member.id, unit, on_duty)])
            else:
                reason = SkipReason.NOT_ON_DUTY
        elif member.id not in self.api_ids:
            reason = SkipReason.NOT_LOOKED_UP
        else:
            reason = SkipReason.NOT_LINKED if member.is_in_guild else SkipReason.NOT_A_MEMBER
        return LookupResult() if member.id in excluded_ids else _result(term, reason)

    def _find_text(self, text: str) -> Assignee | SkipReason:
        numbered = self.roster.by_number(text)
        if len(numbered) > 1:
            return SkipReason.AMBIGUOUS
        if numbered:
            return _to_assignee(numbered[0])
        unit = self.roster.by_api_id(text)
        if unit is None and self.roster.has_dispatcher(text):
            return SkipReason.DISPATCHER
        # A whole API id is sent even if the list of units does not show it.
        if unit or steam_id.looks_like_api_id(text):
            absent = False if self.roster.is_conclusive(text) else None
            api_id = _cad_spelling(text, unit)
            return Assignee(api_id, None, unit, on_duty=True if unit else absent)
        return SkipReason.NO_SUCH_UNIT if self.roster.is_current else SkipReason.NOT_LOOKED_UP

    def _find_ident(self, ident: int) -> Assignee | SkipReason:
        if unit := self.roster.by_ident(ident):
            return _to_assignee(unit)
        return SkipReason.NOT_ON_DUTY if self.roster.is_current else SkipReason.NOT_LOOKED_UP

    def _find_member_group(
        self, term: Term, group: MemberGroupTerm, excluded_ids: Collection[int]
    ) -> LookupResult:
        """Return the members of a group who are on duty; only count the others."""
        if isinstance(group.member_ids, MembersUnavailable):
            return _result(term, _UNAVAILABLE_REASONS[group.member_ids])
        if not group.member_ids:
            return _result(
                term, SkipReason.EMPTY_ROLE if group.is_role else SkipReason.EMPTY_CHANNEL
            )
        linked = {one: api_id for one in group.member_ids if (api_id := self.api_ids.get(one))}
        people = [
            Assignee(api_id, member_id, unit, on_duty=True)
            for member_id, api_id in linked.items()
            if (unit := self.roster.by_api_id(api_id))
        ]
        if not linked:
            return _result(term, SkipReason.NO_MEMBER_LINKED)
        if not people:
            is_known = all(map(self.roster.is_conclusive, linked.values()))
            return _result(
                term, SkipReason.NO_MEMBER_ON_DUTY if is_known else SkipReason.NOT_LOOKED_UP
            )
        counted = set(group.member_ids).difference(excluded_ids)
        not_linked = len(counted.difference(linked))
        off_duty = len(counted) - not_linked - len(counted & {one.discord_id for one in people})
        summary = MemberGroupSummary(Target(term.text), len(counted), not_linked, off_duty)
        return LookupResult(people, attendances=[summary] if not_linked or off_duty else [])

    def _units_in_group(self, group: UnitGroupTerm) -> Iterator[Unit]:
        wanted = normalise_name(group.name)
        for unit in self.roster.units:
            if wanted and normalise_name(unit_group_name(unit, group.kind)) == wanted:
                yield unit

    def _units_in_range(self, unit_range: UnitRangeTerm) -> Iterator[Unit]:
        prefix = unit_range.prefix.casefold()
        for unit in self.roster.units:
            number = unit.number.casefold()
            tail = number[len(prefix) :]
            is_alike = number.startswith(prefix) and tail.isdecimal()
            if is_alike and len(tail) < 10 and unit_range.first <= int(tail) <= unit_range.last:
                yield unit

    def _result_of_units(
        self, term: Term, units: Iterator[Unit], if_empty: SkipReason
    ) -> LookupResult:
        people: list[Assignee] = []
        left_out: list[SkippedTarget] = []
        for unit in units:
            is_shared = (
                isinstance(term.meaning, UnitRangeTerm)
                and len(self.roster.by_number(unit.number)) > 1
            )
            if is_shared:
                left_out.append(SkippedTarget(Target(unit.number), SkipReason.AMBIGUOUS))
            else:
                people.append(_to_assignee(unit))
        if not people and not left_out:
            return _result(term, if_empty if self.roster.is_current else SkipReason.NOT_LOOKED_UP)
        return LookupResult(people, tuple(dict.fromkeys(left_out)))


def normalise_name(name: str) -> str:
    """Return a name for comparison: in lower case, with single spaces."""
    return " ".join(name.split()).casefold()


def unit_group_name(unit: Unit, kind: UnitGroupKind) -> str:
    """Return the name of the department, group or subdivision that a unit is in."""
    match kind:
        case UnitGroupKind.DEPARTMENT:
            return unit.department
        case UnitGroupKind.GROUP:
            return unit.group
        case UnitGroupKind.SUBDIVISION:
            return unit.subdivision


def _to_assignee(unit: Unit) -> Assignee:
    return Assignee(unit.api_ids[0] if unit.api_ids else "", None, unit, on_duty=True)


def _cad_spelling(api_id: str, unit: Unit | None) -> str:
    """Return a typed id as the CAD writes it on the unit; API 1 compares it letter by letter.

    The id of an account stays as it is.

    The id of a link does not need this: it was stored as the CAD confirmed it, and the
    remembered units may be older than that.
    """
    if unit is None or api_id in unit.api_ids:
        return api_id
    wanted = steam_id.identity(api_id)
    return next((one for one in unit.api_ids if steam_id.identity(one) == wanted), api_id)


def _result(term: Term, assignee_or_reason: Assignee | SkipReason) -> LookupResult:
    if isinstance(assignee_or_reason, Assignee):
        return LookupResult([assignee_or_reason])
    member_id = term.meaning.id if isinstance(term.meaning, MemberTerm) else None
    return LookupResult(left_out=[SkippedTarget(Target(term.text, member_id), assignee_or_reason)])
