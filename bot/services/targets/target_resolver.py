"""Terms → people of the CAD, exclusions taken out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.services import steam_id
from bot.services.targets import grammar
from bot.services.targets.grammar import Term, Word
from bot.services.targets.resolution import (
    PEOPLE_LIMIT,
    Assignee,
    Attendance,
    LeftOut,
    Reason,
    Resolution,
    Roster,
)
from bot.services.targets.roster_lookup import Finder

# Whoever is not there need not be left out: an exclusion for such a reason is as good as done.
_NO_MATTER = {
    Reason.NOT_ON_DUTY,
    Reason.NOBODY_ON_DUTY,
    Reason.NO_UNIT_IN_RANGE,
    Reason.EMPTY_ROLE,
    Reason.EMPTY_CHANNEL,
    Reason.AMBIGUOUS,
    Reason.NO_API_ID,
}


def resolve(terms: Sequence[Term], api_ids: Mapping[int, str | None], roster: Roster) -> Resolution:
    """Turn terms into people of the CAD.

    Args:
        api_ids: Discord id → API id for the members among the terms, None for who is not linked;
            who is missing could not be looked up. Of the members of roles and channels, whoever
            is missing is not linked.
    """
    finder = Finder(api_ids, roster)
    wanted = [one for one in terms if not one.is_excluded]
    excluding = [one for one in terms if one.is_excluded]
    without = _Exclusions(finder, roster, api_ids, excluding, wanted)
    assignees: dict[str, Assignee] = {}
    excluded: dict[str, Assignee] = {}
    left_out: list[LeftOut] = []
    attendances: list[Attendance] = []
    for term in wanted:
        found = finder.find(term, without.member_ids)
        left_out += found.left_out
        attendances += found.attendances
        for one in found.people:
            (excluded if without.means(one) else assignees).setdefault(one.key, one)
    left_out += without.left_out
    return Resolution(
        () if len(assignees) > PEOPLE_LIMIT else tuple(assignees.values()),
        tuple(left_out),
        tuple(excluded.values()),
        tuple(attendances),
        len(assignees) if len(assignees) > PEOPLE_LIMIT else 0,
    )


class _Exclusions:
    """Whom the terms with a minus mean; the order in which they were typed does not matter.

    Args:
        wanted: the other terms.
    """

    def __init__(
        self,
        finder: Finder,
        roster: Roster,
        api_ids: Mapping[int, str | None],
        terms: Sequence[Term],
        wanted: Sequence[Term],
    ) -> None:
        self.member_ids: frozenset[int] = frozenset().union(*grammar.members(terms))
        self._idents: set[int] = set()
        # Also of those whom the finder does not see on duty.
        links = (api_ids.get(one) for one in self.member_ids)
        self._api_ids = {steam_id.bare(link) for link in links if link}
        self.left_out: list[LeftOut] = []
        by_name = frozenset().union(*grammar.members(wanted))
        for term in terms:
            if isinstance(term.meaning, Word):
                numbered = roster.numbered(term.meaning.text)
                self._idents.update(unit.ident for unit in numbered)
            found = finder.find(term)
            self._leave_out(found.people)
            # Whoever is named as a member is left out as one, linked or not.
            if by_name.isdisjoint(frozenset().union(*grammar.members([term]))):
                self.left_out += _not_excluded(found.left_out)

    def means(self, one: Assignee) -> bool:
        """Tell whether somebody is excluded, in whatever way they were named."""
        return (
            one.discord_id in self.member_ids
            or (one.unit is not None and one.unit.ident in self._idents)
            or steam_id.bare(one.api_id) in self._api_ids
        )

    def _leave_out(self, people: Sequence[Assignee]) -> None:
        for one in people:
            self._api_ids.add(steam_id.bare(one.api_id))
            if one.unit:
                self._idents.add(one.unit.ident)


def _not_excluded(absent: Sequence[LeftOut]) -> list[LeftOut]:
    return [
        LeftOut(one.target, one.reason, is_excluded=True)
        for one in absent
        if one.reason not in _NO_MATTER
    ]
