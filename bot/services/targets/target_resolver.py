"""Terms → people of the CAD, exclusions taken out. Pure."""

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

# Whoever is not there need not be left out: an exclusion for such a reason is as good as done.
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
    """Turn terms into people of the CAD.

    Args:
        api_ids: Discord id → API id for the members among the terms, None for who is not linked;
            who is missing could not be looked up. Of the members of roles and channels, whoever
            is missing is not linked.
    """
    finder = RosterLookup(api_ids, roster)
    wanted = [one for one in terms if not one.is_excluded]
    excluding = [one for one in terms if one.is_excluded]
    without = _Exclusions(finder, roster, api_ids, excluding, wanted)
    assignees: dict[str, Assignee] = {}
    excluded: dict[str, Assignee] = {}
    left_out: list[SkippedTarget] = []
    attendances: list[MemberGroupSummary] = []
    for term in wanted:
        found = finder.find(term, without.member_ids)
        left_out += found.left_out
        attendances += found.attendances
        for one in found.assignees:
            (excluded if without.matches(one) else assignees).setdefault(one.key, one)
    left_out += without.left_out
    return Resolution(
        () if len(assignees) > ASSIGNEE_LIMIT else tuple(assignees.values()),
        tuple(left_out),
        tuple(excluded.values()),
        tuple(attendances),
        len(assignees) if len(assignees) > ASSIGNEE_LIMIT else 0,
    )


class _Exclusions:
    """Whom the terms with a minus mean; the order in which they were typed does not matter.

    Args:
        wanted: the other terms.
    """

    def __init__(
        self,
        finder: RosterLookup,
        roster: Roster,
        api_ids: Mapping[int, str | None],
        terms: Sequence[Term],
        wanted: Sequence[Term],
    ) -> None:
        self.member_ids: frozenset[int] = frozenset().union(*grammar.member_ids_in(terms))
        self._idents: set[int] = set()
        # Also of those whom the finder does not see on duty.
        links = (api_ids.get(one) for one in self.member_ids)
        self._api_ids = {identity(link) for link in links if link}
        self.left_out: list[SkippedTarget] = []
        by_name = frozenset().union(*grammar.member_ids_in(wanted))
        for term in terms:
            if isinstance(term.meaning, TextTerm):
                numbered = roster.by_number(term.meaning.text)
                self._idents.update(unit.ident for unit in numbered)
            found = finder.find(term)
            self._exclude(found.assignees)
            # Whoever is named as a member is left out as one, linked or not.
            if by_name.isdisjoint(frozenset().union(*grammar.member_ids_in([term]))):
                self.left_out += _failed_exclusions(found.left_out)

    def matches(self, assignee: Assignee) -> bool:
        """Tell whether somebody is excluded, in whatever way they were named."""
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
