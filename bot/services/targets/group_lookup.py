"""Looks up the terms that mean several units: roles, channels, departments, ranges. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.cad.models import Unit
from bot.services.targets.resolution import Assignee, MemberGroupSummary, Roster
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.services.targets.terms import (
    MemberGroupTerm,
    MembersUnavailable,
    Term,
    UnitGroupKind,
    UnitGroupTerm,
    UnitRangeTerm,
)
from bot.services.targets.unit_numbers import number_key, split_number

_UNAVAILABLE_REASONS = {
    MembersUnavailable.EVERYONE: SkipReason.EVERYONE,
    MembersUnavailable.NOT_VISIBLE: SkipReason.NOT_VISIBLE,
    MembersUnavailable.HIDDEN: SkipReason.MEMBERS_HIDDEN,
    MembersUnavailable.LOADING: SkipReason.MEMBERS_LOADING,
    MembersUnavailable.TOO_LARGE: SkipReason.TOO_MANY_MEMBERS,
    MembersUnavailable.TEXT_CHANNEL: SkipReason.NOT_A_VOICE_CHANNEL,
}


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The assignees that a term resolved to, and what was skipped."""

    assignees: Sequence[Assignee] = ()
    left_out: Sequence[SkippedTarget] = ()
    attendances: Sequence[MemberGroupSummary] = ()


def find_members(
    term: Term,
    group: MemberGroupTerm,
    api_ids: Mapping[int, str | None],
    roster: Roster,
    *,
    pending: Collection[int],
    excluded_ids: Collection[int],
) -> LookupResult:
    """Return the members of a role or channel who are on duty; only count the others.

    Args:
        api_ids: Discord id → API id; a member without an entry is not linked.
        pending: members who are still being looked up.
        excluded_ids: members who are not counted.
    """
    if isinstance(group.member_ids, MembersUnavailable):
        return _skipped(term, _UNAVAILABLE_REASONS[group.member_ids])
    if not group.member_ids:
        return _skipped(term, SkipReason.EMPTY_ROLE if group.is_role else SkipReason.EMPTY_CHANNEL)
    counted = set(group.member_ids).difference(excluded_ids)
    linked = {one: api_id for one in group.member_ids if (api_id := api_ids.get(one))}
    doubts = _incomplete(term, roster) if linked else []
    if not counted.isdisjoint(pending):
        doubts.append(SkippedTarget(Target(term.text), SkipReason.MEMBERS_PENDING))
    people = [
        Assignee(api_id, member_id, unit, on_duty=True)
        for member_id, api_id in linked.items()
        if (unit := roster.by_api_id(api_id))
    ]
    if not people:
        return LookupResult(left_out=doubts or _none_found(term, linked.values(), roster))
    not_linked = len(counted.difference(linked, pending))
    # A member who is missing in an incomplete list may be on duty.
    absent = counted & linked.keys() - {one.discord_id for one in people}
    off_duty = 0 if roster.partial_list else len(absent)
    summary = MemberGroupSummary(Target(term.text), len(counted), not_linked, off_duty)
    return LookupResult(people, doubts, [summary] if not_linked or off_duty else [])


def find_unit_group(term: Term, group: UnitGroupTerm, roster: Roster) -> LookupResult:
    """Return the units of a department, group or subdivision.

    Where none has this name, the one name that is spelled alike counts: `sub:k9` for K-9.
    """
    groups: dict[str, list[Assignee]] = {}
    for unit in roster.units:
        name = normalise_name(unit_group_name(unit, group.kind))
        groups.setdefault(name, []).append(Assignee.of_unit(unit))
    wanted, key = normalise_name(group.name), number_key(group.name)
    people = groups.get(wanted, []) if wanted else []
    alike = [name for name in groups if key and number_key(name) == key]
    if not people and len(alike) == 1:
        people = groups[alike[0]]
    return _units_or(SkipReason.NO_SUCH_UNIT_GROUP, term, roster, people)


def find_unit_range(term: Term, unit_range: UnitRangeTerm, roster: Roster) -> LookupResult:
    """Return the units in a range of numbers; leave out numbers that several units have.

    `A1..A9` means A-1 to A-9 too. Of two spellings of one number, the one that was typed counts.
    """
    people: list[Assignee] = []
    left_out: list[SkippedTarget] = []
    spellings: dict[str, list[Unit]] = {}
    for unit in _units_in_range(unit_range, roster.units):
        spellings.setdefault(number_key(unit.number), []).append(unit)
    prefix = unit_range.prefix.casefold()
    for units in spellings.values():
        typed = [one for one in units if split_number(one.number.casefold())[0] == prefix]
        if len(found := typed or units) > 1:
            shared = dict.fromkeys(one.number for one in found)
            left_out += [SkippedTarget(Target(one), SkipReason.AMBIGUOUS) for one in shared]
        else:
            people.append(Assignee.of_unit(found[0]))
    return _units_or(SkipReason.NO_UNIT_IN_RANGE, term, roster, people, left_out)


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


def _units_in_range(unit_range: UnitRangeTerm, units: Iterable[Unit]) -> Iterator[Unit]:
    key = number_key(unit_range.prefix)
    for unit in units:
        prefix, tail = split_number(unit.number)
        is_alike = number_key(prefix) == key and 0 < len(tail) < 10
        if is_alike and unit_range.first <= int(tail) <= unit_range.last:
            yield unit


def _units_or(
    if_none: SkipReason,
    term: Term,
    roster: Roster,
    people: list[Assignee],
    left_out: Collection[SkippedTarget] = (),
) -> LookupResult:
    """Return what was found; if that is nothing, the reason, unless the list may lack units."""
    if not people and not left_out:
        return _skipped(term, if_none if roster.is_current else roster.doubt)
    return LookupResult(people, [*left_out, *_incomplete(term, roster)])


def _incomplete(term: Term, roster: Roster) -> list[SkippedTarget]:
    """Return the term as skipped if further units that it means may be on duty."""
    if roster.partial_list is None:
        return []
    return [SkippedTarget(Target(term.text), SkipReason.LIST_INCOMPLETE)]


def _none_found(term: Term, linked: Collection[str], roster: Roster) -> list[SkippedTarget]:
    """Return why no member of a group was found; `linked` are the ids of those who are linked."""
    if not linked:
        reason = SkipReason.NO_MEMBER_LINKED
    elif all(map(roster.is_conclusive, linked)):
        reason = SkipReason.NO_MEMBER_ON_DUTY
    else:
        reason = SkipReason.NOT_LOOKED_UP
    return [SkippedTarget(Target(term.text), reason)]


def _skipped(term: Term, reason: SkipReason) -> LookupResult:
    return LookupResult(left_out=[SkippedTarget(Target(term.text), reason)])
