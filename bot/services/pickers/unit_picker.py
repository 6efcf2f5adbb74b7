"""The units that a dispatcher can pick from a list instead of typing a `units` text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from bot.cad.models import Unit
from bot.common.discord_limits import MAX_OPTION_LENGTH
from bot.common.invisible import is_invisible
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.errors import NothingSelected, NoUnitFree
from bot.services.targets import grammar
from bot.services.targets.terms import format_ident

_UNAVAILABLE_STATUSES = frozenset({0, 1})  # unavailable, busy


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit on duty.

    Attributes:
        token: the word that means this unit in a `units` text.
        call_id: the dispatch call that it is on, None if none.
    """

    unit: Unit
    token: str
    call_id: int | None

    @property
    def is_free(self) -> bool:
        """Return whether the unit is on no call, and neither busy nor unavailable."""
        return is_free(self.unit, self.call_id is not None)


class UnitPicker:
    """Lists the units on duty, from memory, and writes a selection as a `units` text."""

    def __init__(self, access: Access, board: Board) -> None:
        self._access = access
        self._board = board

    def candidates(
        self, actor: Actor, server_id: int, call_id: int | None = None
    ) -> list[Candidate]:
        """Return the units on duty: free ones first, then by department and number.

        Args:
            call_id: the call that they are picked for; units that are on it are left out.

        Raises:
            RoleRequired: the actor may not dispatch.
        """
        self._access.require_dispatch(actor)
        self._board.refresh(server_id)
        found = self._candidates(server_id)
        return [one for one in found if call_id is None or one.call_id != call_id]

    def units_on_call(self, actor: Actor, server_id: int, call_id: int) -> list[Candidate]:
        """Return the units on a call, by number; none if the actor may not dispatch."""
        if not self._access.may_dispatch(actor):
            return []
        call = self._board.call(server_id, call_id)
        idents = call.idents if call else ()
        on_call = [one for one in self._candidates(server_id) if one.unit.ident in idents]
        return sorted(on_call, key=lambda one: one.token)

    def old_units_as_of(self, server_id: int) -> datetime | None:
        """Return how old the list of units is, if it is old or not whole; see `Board`."""
        return self._board.old_units_as_of(server_id)

    def to_units_text(
        self,
        server_id: int,
        members: Collection[int],
        tokens: Collection[str],
        departments: Collection[str],
    ) -> str:
        """Return the `units` text of a selection.

        Args:
            members: Discord ids.
            tokens: tokens of candidates.
            departments: keys of departments whose free units are all selected, as of now.

        Raises:
            NothingSelected: nothing was selected.
            NoUnitFree: no unit of the departments is free.
        """
        free_units = [
            one.token
            for one in self._candidates(server_id)
            if one.is_free and department_key(one.unit.department) in departments
        ]
        text = " ".join(dict.fromkeys([*(f"<@{one}>" for one in members), *tokens, *free_units]))
        if not text:
            raise NoUnitFree if departments else NothingSelected
        return text

    def _candidates(self, server_id: int) -> list[Candidate]:
        units = self._board.units(server_id)
        busy = {
            ident: call.call_id for call in self._board.calls(server_id) for ident in call.idents
        }
        shared = shared_words(units)
        found = [
            Candidate(unit, unambiguous_token(unit, shared), busy.get(unit.ident)) for unit in units
        ]
        return sorted(found, key=lambda one: (not one.is_free, one.unit.department, one.token))


def is_free(unit: Unit, is_on_call: bool) -> bool:
    """Return whether a unit can be sent: on no call, and neither busy nor unavailable."""
    return not is_on_call and unit.status not in _UNAVAILABLE_STATUSES


def free_by_department(candidates: Collection[Candidate]) -> dict[str, list[Candidate]]:
    """Return the free units of each named department that has any, sorted by name."""
    departments: dict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.is_free and one.unit.department:
            departments[one.unit.department].append(one)
    return dict(sorted(departments.items()))


def shared_words(units: Collection[Unit]) -> frozenset[str]:
    """Return the numbers and API ids that several of these units have, as identities."""
    counts = Counter(key for unit in units for key in {*map(identity, _names(unit))})
    return frozenset(key for key, count in counts.items() if count > 1)


def unambiguous_token(unit: Unit, shared: Container[str] = frozenset()) -> str:
    """Return a word that means only this unit: its number, an API id, or else its ident.

    Args:
        shared: the words of several units, see `shared_words`.
    """
    words = (
        name
        for name in _names(unit)
        if len(name) <= MAX_OPTION_LENGTH
        and not any(map(is_invisible, name))
        and grammar.is_single_token(name)
        and identity(name) not in shared
    )
    return next(words, format_ident(unit.ident))


def department_key(name: str) -> str:
    """Return a text of at most `MAX_OPTION_LENGTH` characters that stands for a department."""
    if len(name) <= MAX_OPTION_LENGTH and name == name.strip() and not any(map(is_invisible, name)):
        return name
    return f"sha:{blake2b(name.encode(errors='replace'), digest_size=16).hexdigest()}"


def _names(unit: Unit) -> tuple[str, ...]:
    return tuple(name for name in (unit.number, *unit.api_ids) if name)
