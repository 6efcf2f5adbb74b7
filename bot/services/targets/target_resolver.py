"""Resolves terms to assignees and removes the excluded ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.common.steam_id import identity
from bot.services.targets import grammar
from bot.services.targets.grammar import Term, TextTerm
from bot.services.targets.resolution import (
    ASSIGNEE_LIMIT,
    Assignee,
    MemberGroupSummary,
    Resolution,
    Roster,
    SkippedTarget,
    SkipReason,
)
from bot.services.targets.roster_lookup import RosterLookup

# Excluding an absent person is already satisfied: these reasons are not reported.
_IGNORED_REASONS = {
    SkipReason.NOT_ON_DUTY,
    SkipReason.NO_MEMBER_ON_DUTY,
    SkipReason.NO_UNIT_IN_RANGE,
    SkipReason.EMPTY_ROLE,
    SkipReason.EMPTY_CHANNEL,
    SkipReason.AMBIGUOUS,
    SkipReason.NO_API_ID,
}


def resolve(terms: Sequence[Term], api_ids: Mapping[int, str | None], roster: Roster) -> Resolution:
    """Resolve terms to assignees.

    Args:
        api_ids: Discord id → API id. A mentioned member has None if not linked, and no entry if
            the lookup failed. A member of a role or channel without an entry is not linked.
    """
    lookup = RosterLookup(api_ids, roster)
    wanted = [one for one in terms if not one.is_excluded]
    excluding = [one for one in terms if one.is_excluded]
    exclusions = _Exclusions(lookup, roster, api_ids, excluding, wanted)
    assignees: dict[str, Assignee] = {}
    excluded: dict[str, Assignee] = {}
    left_out: list[SkippedTarget] = []
    attendances: list[MemberGroupSummary] = []
    for term in wanted:
        found = lookup.find(term, exclusions.member_ids)
        left_out += found.left_out
        attendances += found.attendances
        for one in found.assignees:
            (excluded if exclusions.matches(one) else assignees).setdefault(one.key, one)
    left_out += exclusions.left_out
    return Resolution(
        () if len(assignees) > ASSIGNEE_LIMIT else tuple(assignees.values()),
        tuple(left_out),
        tuple(excluded.values()),
        tuple(attendances),
        len(assignees) if len(assignees) > ASSIGNEE_LIMIT else 0,
    )


class _Exclusions:
    """The people whom the terms with a minus exclude, wherever these terms stand.

    Args:
        wanted: the terms without a minus.
    """

    def __init__(
        self,
        lookup: RosterLookup,
        roster: Roster,
        api_ids: Mapping[int, str | None],
        terms: Sequence[Term],
        wanted: Sequence[Term],
    ) -> None:
        self.member_ids: frozenset[int] = frozenset().union(*grammar.member_ids_in(terms))
        self._idents: set[int] = set()
        # Include excluded members who are not on duty.
        links = (api_ids.get(one) for one in self.member_ids)
        self._api_ids = {identity(link) for link in links if link}
        self.left_out: list[SkippedTarget] = []
        by_name = frozenset().union(*grammar.member_ids_in(wanted))
        for term in terms:
            if isinstance(term.meaning, TextTerm):
                numbered = roster.by_number(term.meaning.text)
                self._idents.update(unit.ident for unit in numbered)
            found = lookup.find(term)
            self._exclude(found.assignees)
            # An excluded member who is also named is excluded by id, linked or not:
            # nothing to report.
            if by_name.isdisjoint(frozenset().union(*grammar.member_ids_in([term]))):
                self.left_out += _failed_exclusions(found.left_out)

    def matches(self, assignee: Assignee) -> bool:
        """Return whether an assignee is excluded, by member, unit or API id."""
        return (
            assignee.discord_id in self.member_ids
            or (assignee.unit is not None and assignee.unit.ident in self._idents)
            or identity(assignee.api_id) in self._api_ids
        )

    def _exclude(self, people: Sequence[Assignee]) -> None:
        for one in people:
            self._api_ids.add(identity(one.api_id))
            if one.unit:
                self._idents.add(one.unit.ident)


def _failed_exclusions(skipped: Sequence[SkippedTarget]) -> list[SkippedTarget]:
    return [
        SkippedTarget(one.target, one.reason, is_excluded=True)
        for one in skipped
        if one.reason not in _IGNORED_REASONS
    ]
