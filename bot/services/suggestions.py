"""What fits what somebody is typing. From memory only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.cad.models import Call, Unit
from bot.services import steam, targets
from bot.services.access import Access, Actor
from bot.services.board import Board
from bot.services.linking import LinkingService

LIMIT = 25  # Discord shows no more choices

_LAST_WORD = re.compile(r"[^\s,;|]*\Z")


@dataclass(frozen=True, slots=True)
class UnitSuggestion:
    """One way to complete the last word of a `units` text.

    Attributes:
        before: what was typed before the last word, separators included.
        discord_id: set for a linked member; then the completion is a mention.
        unit: the unit on duty, if there is one.
        call: the call that the unit is on, if any.
    """

    before: str
    discord_id: int | None
    unit: Unit | None
    call: Call | None

    @property
    def word(self) -> str:
        """What names them in a `units` text; empty where nothing does."""
        if self.unit and targets.is_one_word(self.unit.number):
            return self.unit.number
        if self.discord_id:
            return f"<@{self.discord_id}>"
        return next(filter(targets.is_one_word, self.unit.api_ids if self.unit else ()), "")

    @property
    def value(self) -> str:
        """The whole text once completed."""
        return self.before + self.word


class Suggestions:
    """Completes calls and units for those who may dispatch; others are shown nothing."""

    def __init__(
        self, access: Access, board: Board, linking: LinkingService, default_server_id: int
    ) -> None:
        self._access = access
        self._board = board
        self._linking = linking
        self._default_server_id = default_server_id

    def calls(self, actor: Actor, typed: str, server_id: int | None = None) -> list[Call]:
        """Return the active calls that fit, by number or by words of the title."""
        server = server_id or self._default_server_id
        if not self._access.may_dispatch(actor):
            return []
        self._board.look(server)
        words = typed.lstrip("#").casefold().split()
        return [
            call
            for call in self._board.calls(server)
            if _fits(words, (str(call.call_id), call.code, call.title))
        ][:LIMIT]

    def units(
        self, actor: Actor, typed: str, names: dict[int, str], server_id: int | None = None
    ) -> list[UnitSuggestion]:
        """Return the units on duty, free ones first, then other linked members, that fit.

        Args:
            names: Discord id → what the guild calls that member, as far as known.
        """
        server = server_id or self._default_server_id
        if not self._access.may_dispatch(actor):
            return []
        self._board.look(server)
        last = _LAST_WORD.search(typed)
        word = last[0] if last else ""
        before = typed[: len(typed) - len(word)]
        wanted = [word.lstrip("@").casefold()]
        busy = {ident: call for call in self._board.calls(server) for ident in call.idents}
        members = {
            steam.bare(one.api_id): one.discord_id for one in self._linking.known(actor.guild_id)
        }

        found: list[UnitSuggestion] = []
        for unit in sorted(
            self._board.units(server), key=lambda one: (one.ident in busy, one.number)
        ):
            owners = [members.pop(key) for key in map(steam.bare, unit.api_ids) if key in members]
            discord_id = owners[0] if owners else None
            searched = (unit.number, unit.name, unit.department, names.get(discord_id or 0, ""))
            suggestion = UnitSuggestion(before, discord_id, unit, busy.get(unit.ident))
            if suggestion.word and _fits(wanted, searched):
                found.append(suggestion)
        found += [
            UnitSuggestion(before, discord_id, None, None)
            for discord_id in members.values()
            if discord_id in names and _fits(wanted, (names[discord_id],))
        ]
        return found[:LIMIT]


def _fits(words: Iterable[str], texts: Iterable[str]) -> bool:
    haystack = " ".join(texts).casefold()
    return all(word in haystack for word in words)
