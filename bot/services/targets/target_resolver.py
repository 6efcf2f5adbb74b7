"""Resolves terms to assignees among the units on duty, and removes the excluded ones. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.cad.models import Unit
from bot.common import steam_id
from bot.services.targets import group_lookup
from bot.services.targets.exclusions import Exclusions
from bot.services.targets.group_lookup import LookupResult
from bot.services.targets.resolution import (
    ASSIGNEE_LIMIT,
    Assignee,
    MemberGroupSummary,
    Resolution,
    Roster,
)
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.services.targets.terms import (
    EveryoneTerm,
    IdentTerm,
    MemberGroupTerm,
    MemberTerm,
    Term,
    TextTerm,
    UnitGroupTerm,
    UnitRangeTerm,
    UnknownTerm,
)
from bot.services.targets.unit_numbers import number_key


def resolve(
    terms: Sequence[Term],
    api_ids: Mapping[int, str | None],
    roster: Roster,
    pending: Collection[int] = (),
) -> Resolution:
    """Resolve terms to assignees.

    Args:
        api_ids: Discord id → API id. A mentioned member has None if not linked, and no entry if
            the lookup failed. A member of a role or channel without an entry is not linked.
        pending: members of roles and channels who are still being looked up.
    """
    lookup = RosterLookup(api_ids, roster, pending)
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
        roster.partial_list,
        tuple(sorted(pending)),
    )


@dataclass(frozen=True, slots=True)
class RosterLookup:
    """Looks up terms in a roster."""

    api_ids: Mapping[int, str | None]
    roster: Roster
    pending: Collection[int] = ()

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
                return group_lookup.find_members(
                    term,
                    meaning,
                    self.api_ids,
                    self.roster,
                    pending=self.pending,
                    excluded_ids=excluded_ids,
                )
            case UnitGroupTerm():
                return group_lookup.find_unit_group(term, meaning, self.roster)
            case UnitRangeTerm(is_valid=True):
                return group_lookup.find_unit_range(term, meaning, self.roster)
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
            elif unit and member.number and number_key(unit.number) != number_key(member.number):
                skipped = SkippedTarget(Target(member.number), SkipReason.NOT_OWN_UNIT)
                return LookupResult(left_out=[skipped])
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
        if numbered := self.roster.by_number(text):
            return _only(numbered)
        unit = self.roster.by_api_id(text)
        if unit is None and self.roster.has_dispatcher(text):
            return SkipReason.DISPATCHER
        # A whole API id is sent even if the list of units does not show it.
        if unit or steam_id.looks_like_api_id(text):
            absent = False if self.roster.is_conclusive(text) else None
            api_id = _cad_spelling(text, unit)
            return Assignee(api_id, None, unit, on_duty=True if unit else absent)
        # Only now: what matches as it was typed is never passed over for a similar number.
        if similar := self.roster.by_number_key(text):
            return _only(similar)
        return SkipReason.NO_SUCH_UNIT if self.roster.is_current else self.roster.doubt

    def _find_ident(self, ident: int) -> Assignee | SkipReason:
        if unit := self.roster.by_ident(ident):
            return Assignee.of_unit(unit)
        return SkipReason.NOT_ON_DUTY if self.roster.is_current else self.roster.doubt


def _only(units: Sequence[Unit]) -> Assignee | SkipReason:
    return Assignee.of_unit(units[0]) if len(units) == 1 else SkipReason.AMBIGUOUS


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
