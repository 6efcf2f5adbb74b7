"""The units and members that a `units` text excludes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.common.steam_id import identity
from bot.services.targets import grammar
from bot.services.targets.group_lookup import LookupResult
from bot.services.targets.resolution import Assignee, Roster
from bot.services.targets.skipped_target import SkippedTarget, SkipReason
from bot.services.targets.terms import Term, TextTerm

# Excluding an absent person is already satisfied: these reasons are not reported.
_IGNORED_REASONS = {
    SkipReason.NOT_ON_DUTY,
    SkipReason.NO_MEMBER_ON_DUTY,
    SkipReason.NO_UNIT_IN_RANGE,
    SkipReason.EMPTY_ROLE,
    SkipReason.EMPTY_CHANNEL,
    SkipReason.AMBIGUOUS,
}


class Exclusions:
    """The units and members that the terms with a minus exclude, wherever these terms stand.

    Args:
        found: the terms with a minus, each with what it resolved to.
        wanted: the terms without a minus.
    """

    def __init__(
        self,
        found: Sequence[tuple[Term, LookupResult]],
        wanted: Sequence[Term],
        api_ids: Mapping[int, str | None],
        roster: Roster,
    ) -> None:
        terms = [term for term, _ in found]
        self.member_ids: frozenset[int] = frozenset().union(*grammar.member_ids_in(terms))
        self._idents: set[int] = set()
        # Include excluded members who are not on duty.
        links = (api_ids.get(one) for one in self.member_ids)
        self._api_ids = {identity(link) for link in links if link}
        self.left_out: list[SkippedTarget] = []
        by_name = frozenset().union(*grammar.member_ids_in(wanted))
        for term, result in found:
            if isinstance(term.meaning, TextTerm) and not result.assignees:
                text = term.meaning.text  # the number of several units, or of none
                numbered = roster.by_number(text) or roster.by_number_key(text)
                self._idents.update(unit.ident for unit in numbered)
            self._exclude(result.assignees)
            # An excluded member who is also named is excluded by id, linked or not:
            # nothing to report.
            if by_name.isdisjoint(frozenset().union(*grammar.member_ids_in([term]))):
                self.left_out += _failed_exclusions(result.left_out)

    def matches(self, assignee: Assignee) -> bool:
        """Return whether an assignee is excluded, by member, unit or API id."""
        return (
            assignee.discord_id in self.member_ids
            or identity(assignee.api_id) in self._api_ids
            or (
                assignee.unit is not None
                and (
                    assignee.unit.ident in self._idents
                    or identity(assignee.unit.account) in self._api_ids
                )
            )
        )

    def _exclude(self, people: Sequence[Assignee]) -> None:
        for one in people:
            if one.api_id:
                self._api_ids.add(identity(one.api_id))
            if one.unit:
                self._idents.add(one.unit.ident)


def _failed_exclusions(skipped: Sequence[SkippedTarget]) -> list[SkippedTarget]:
    return [
        SkippedTarget(one.target, one.reason, is_excluded=True)
        for one in skipped
        if one.reason not in _IGNORED_REASONS
    ]
