"""What fits what somebody is typing. From memory only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeAlias

from bot.cad.models import Call, Unit
from bot.services import steam_id
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.links.link_service import LinkingService
from bot.services.pickers.unit_picker import is_free
from bot.services.targets import grammar, partial_input
from bot.services.targets.grammar import Field, Team
from bot.services.targets.partial_input import LastWord
from bot.services.targets.roster_lookup import folded, team_of
from bot.storage.stores.link_row import Link

LIMIT = 25  # Discord shows no more choices
OFF_DUTY_LIMIT = 5000  # links that are looked through for people who are not on duty

Names: TypeAlias = Callable[[int], str]  # Discord id → what the guild calls that member, or ""


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
        if self.unit and grammar.is_one_word(self.unit.number):
            return self.unit.number
        if self.discord_id:
            return f"<@{self.discord_id}>"
        return next(filter(grammar.is_one_word, self.unit.api_ids if self.unit else ()), "")

    @property
    def value(self) -> str:
        """The whole text once completed."""
        return self.before + self.word


@dataclass(frozen=True, slots=True)
class TeamSuggestion:
    """A department, group or subdivision: how many are on duty, and free."""

    before: str
    field: Field
    name: str
    count: int
    free: int

    @property
    def word(self) -> str:
        """What names it in a `units` text; empty where nothing does."""
        return grammar.spelled(Team(self.field, self.name))

    @property
    def value(self) -> str:
        """The whole text once completed."""
        return self.before + self.word


Suggestion: TypeAlias = UnitSuggestion | TeamSuggestion


class Suggestions:
    """Completes calls and units for those who may dispatch; others are shown nothing."""

    def __init__(
        self, access: Access, board: Board, linking: LinkingService, default_server_id: int
    ) -> None:
        self._access = access
        self._board = board
        self._linking = linking
        self._default_server_id = default_server_id
        # By guild: the links as last read, and the same by what ids have in common.
        self._owners: dict[int, tuple[tuple[Link, ...], dict[str, int]]] = {}

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
        self, actor: Actor, typed: str, names: Names, server_id: int | None = None
    ) -> list[Suggestion]:
        """Return what completes the last word, each once: departments and such where one is
        being typed, then the units on duty, free ones first, then other linked members.
        """
        server = server_id or self._default_server_id
        if not self._access.may_dispatch(actor):
            return []
        self._board.look(server)
        last = partial_input.read(typed)
        busy = {ident: call for call in self._board.calls(server) for ident in call.idents}
        units = sorted(
            self._board.units(server),
            key=lambda one: (not is_free(one, one.ident in busy), one.number),
        )
        owners = self._owners_of(actor.guild_id)
        if last.prefix is not None:
            return [*_ends(last, units, busy)[:LIMIT]]
        found: Iterable[Suggestion] = _teams(last, units, busy)
        if last.word is not None:
            found = chain(found, _people(last, units, busy, owners, names))
        new = (one for one in found if one.word and one.word.casefold() not in last.named)
        return list(islice(new, LIMIT))

    def _owners_of(self, guild_id: int) -> Mapping[str, int]:
        """Return who has which API id; read anew only where the links are."""
        links = self._linking.known(guild_id)
        known, owners = self._owners.get(guild_id, ((), {}))
        if known is not links:
            owners = {steam_id.bare(one.api_id): one.discord_id for one in links}
            self._owners[guild_id] = links, owners
        return owners


def _teams(
    last: LastWord, units: Collection[Unit], busy: Mapping[int, Call]
) -> Iterator[TeamSuggestion]:
    for field in last.fields:
        crews: dict[str, list[Unit]] = {}
        for unit in units:
            if not unit.is_dispatch:
                crews.setdefault(folded(team_of(unit, field)), []).append(unit)
        for key in sorted(crews):
            crew = crews[key]
            if key and folded(last.name) in key:
                free = sum(1 for one in crew if is_free(one, one.ident in busy))
                name = " ".join(team_of(crew[0], field).split())
                yield TeamSuggestion(last.before, field, name, len(crew), free)


def _people(
    last: LastWord,
    units: Iterable[Unit],
    busy: Mapping[int, Call],
    owners: Mapping[str, int],
    names: Names,
) -> Iterator[UnitSuggestion]:
    wanted = [(last.word or "").lstrip("@").casefold()]
    seen: set[int] = set()
    for unit in units:
        keys = map(steam_id.bare, unit.api_ids)
        mine = [owner for key in keys if (owner := owners.get(key)) and owner not in seen]
        seen.update(mine)
        discord_id = mine[0] if mine else None
        name = names(discord_id) if discord_id else ""
        is_named = discord_id and f"<@{discord_id}>" in last.named
        if not is_named and _fits(wanted, (unit.number, unit.name, unit.department, name)):
            yield UnitSuggestion(last.before, discord_id, unit, busy.get(unit.ident))
    for discord_id in islice(owners.values(), OFF_DUTY_LIMIT):
        if discord_id not in seen and (name := names(discord_id)) and _fits(wanted, (name,)):
            yield UnitSuggestion(last.before, discord_id, None, None)


def _ends(last: LastWord, units: Iterable[Unit], busy: Mapping[int, Call]) -> list[UnitSuggestion]:
    """Return the units on duty that a range can end with, the lowest number first."""
    prefix, wanted = (last.prefix or "").casefold(), (last.word or "").casefold()
    found: dict[int, Unit] = {}
    for unit in units:
        number = unit.number.casefold()
        tail = number[len(prefix) :]
        if number.startswith(prefix) and tail.isdecimal() and number.startswith(wanted):
            found.setdefault(int(tail[:9]), unit)
    ends = (found[tail] for tail in sorted(found) if grammar.is_one_word(found[tail].number))
    return [UnitSuggestion(last.before, None, one, busy.get(one.ident)) for one in ends]


def _fits(words: Iterable[str], texts: Iterable[str]) -> bool:
    haystack = " ".join(texts).casefold()
    return all(word in haystack for word in words)
