"""Resolves terms to assignees among the units on duty, and removes the excluded ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.services.targets.exclusions import Exclusions
from bot.services.targets.resolution import (
    ASSIGNEE_LIMIT,
    Assignee,
    MemberGroupSummary,
    Resolution,
    Roster,
    SkippedTarget,
)
from bot.services.targets.roster_lookup import RosterLookup
from bot.services.targets.terms import Term


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
        roster.partial_list,
    )
