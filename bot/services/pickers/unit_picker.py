"""Whom a dispatcher can pick from a list instead of typing names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from bot.cad.models import Unit
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.errors import NothingSelected
from bot.services.targets import grammar

_UNAVAILABLE_STATUSES = frozenset({0, 1})  # unavailable, busy


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit on duty.

    Attributes:
        word: what names it in a `units` text.
        call_id: the dispatch call that it is on, None for none.
    """

    unit: Unit
    token: str
    call_id: int | None

    @property
    def is_free(self) -> bool:
        """Tell whether it is on no call, and neither busy nor unavailable."""
        return is_free(self.unit, self.call_id is not None)


class UnitPicker:
    """Lists the units on duty, from memory, and spells what was picked as a `units` text."""

    def __init__(self, access: Access, board: Board) -> None:
        self._access = access
        self._board = board

    def candidates(self, actor: Actor, server_id: int) -> list[Candidate]:
        """Return the units on duty: those free first, then by department and number.

        Raises:
            NotAllowed: the actor may not dispatch.
        """
        self._access.require_dispatch(actor)
        self._board.refresh(server_id)
        return self._candidates(server_id)

    def to_units_text(
        self,
        server_id: int,
        members: Collection[int],
        tokens: Collection[str],
        departments: Collection[str],
    ) -> str:
        """Return the `units` text for what was picked.

        Args:
            departments: those whose free units are all meant, as they are at this moment.

        Raises:
            NobodyChosen: nothing was picked, or nobody of it is free.
        """
        crews = [
            one.token
            for one in self._candidates(server_id)
            if one.is_free and one.unit.department in departments
        ]
        text = " ".join(dict.fromkeys([*(f"<@{one}>" for one in members), *tokens, *crews]))
        if not text:
            raise NothingSelected
        return text

    def _candidates(self, server_id: int) -> list[Candidate]:
        units = self._board.units(server_id)
        busy = {
            ident: call.call_id for call in self._board.calls(server_id) for ident in call.idents
        }
        shared = Counter(unit.number.casefold() for unit in units)
        found = [
            Candidate(unit, word, busy.get(unit.ident))
            for unit in units
            if (word := _unambiguous_token(unit, is_shared=shared[unit.number.casefold()] > 1))
        ]
        return sorted(found, key=lambda one: (not one.is_free, one.unit.department, one.token))


def is_free(unit: Unit, is_on_call: bool) -> bool:
    """Tell whether a unit can be sent: on no call, and neither busy nor unavailable."""
    return not is_on_call and unit.status not in _UNAVAILABLE_STATUSES


def free_by_department(candidates: Collection[Candidate]) -> dict[str, list[Candidate]]:
    """Return the free units of each department that has a name and some."""
    crews: dict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.is_free and one.unit.department:
            crews[one.unit.department].append(one)
    return dict(sorted(crews.items()))


def _unambiguous_token(unit: Unit, *, is_shared: bool) -> str:
    """Return what means this unit alone; empty where nothing does."""
    names = unit.api_ids if is_shared else (unit.number, *unit.api_ids)
    return next((name for name in names if name and grammar.is_single_token(name)), "")
