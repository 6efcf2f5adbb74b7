"""Autocomplete for calls and units, from memory only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import TypeAlias

from bot.cad.models import Call, Unit
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.board.call_matching import contains_all, matching_calls
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.links.link_service import LinkService
from bot.services.pickers.unit_picker import is_free, shared_words, unambiguous_token
from bot.services.targets import grammar, partial_input
from bot.services.targets.group_lookup import normalise_name, unit_group_name
from bot.services.targets.partial_input import PartialInput
from bot.services.targets.terms import UnitGroupKind, UnitGroupTerm
from bot.services.targets.unit_numbers import number_key, split_number
from bot.storage.stores.link_row import Link

CHOICE_LIMIT = 25  # Discord's maximum
OFF_DUTY_LIMIT = 5000  # links that are searched for members who are not on duty

# Discord id → the member's display name in the guild, or ""
MemberNameLookup: TypeAlias = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class UnitSuggestion:
    """One way to complete the last word of a `units` text.

    Attributes:
        leading_text: the text before the last word, including separators.
        discord_id: the linked member, if known.
        unit: the unit on duty, if there is one.
        call: the call that the unit is on, if any.
        shared: the words of several units on duty, see `shared_words`.
    """

    leading_text: str
    discord_id: int | None
    unit: Unit | None
    call: Call | None
    shared: frozenset[str] = frozenset()

    @property
    def token(self) -> str:
        """The word that means this unit or member in a `units` text."""
        token = unambiguous_token(self.unit, self.shared) if self.unit else ""
        if self.discord_id and (self.unit is None or token != self.unit.number):
            return f"<@{self.discord_id}>"
        return token

    @property
    def value(self) -> str:
        """The whole text once completed."""
        return self.leading_text + self.token


@dataclass(frozen=True, slots=True)
class UnitGroupSuggestion:
    """A department, group or subdivision; count units are on duty, free_count are free."""

    leading_text: str
    kind: UnitGroupKind
    name: str
    count: int
    free_count: int

    @property
    def token(self) -> str:
        """The word that means the unit group in a `units` text; empty if there is none."""
        return grammar.format_unit_group(UnitGroupTerm(self.kind, self.name))

    @property
    def value(self) -> str:
        """The whole text once completed."""
        return self.leading_text + self.token


Suggestion: TypeAlias = UnitSuggestion | UnitGroupSuggestion


class Suggestions:
    """Completes calls and units for actors who may dispatch; others get no suggestions."""

    def __init__(
        self, access: Access, board: Board, linking: LinkService, servers: CadServers
    ) -> None:
        self._access = access
        self._board = board
        self._linking = linking
        self._servers = servers
        # By guild: the links as last read, and the Discord id by normalised API id.
        self._owners: dict[int, tuple[tuple[Link, ...], dict[str, int]]] = {}

    def servers(self, typed: str) -> list[tuple[int, str]]:
        """Return the numbers and names of the servers that contain every typed word."""
        words = typed.casefold().split()
        return [
            (number, name)
            for number, name in self._servers.names.items()
            if contains_all(words, (str(number), name))
        ][:CHOICE_LIMIT]

    def calls(self, actor: Actor, typed: str, server_id: int | None = None) -> list[Call]:
        """Return the active calls that the typed text may mean."""
        server = server_id or self._servers.default_id
        if not self._access.may_dispatch(actor):
            return []
        self._board.refresh(server)
        return matching_calls(typed, self._board.calls(server))[:CHOICE_LIMIT]

    def units(
        self, actor: Actor, typed: str, names: MemberNameLookup, server_id: int | None = None
    ) -> list[Suggestion]:
        """Return completions of the last word: unit groups if their keyword is being typed, then
        the units on duty, then the other linked members.

        Units whose number begins with the word come first, then those whose number contains it,
        then those whose name does; among equals, free ones first.
        """
        server = server_id or self._servers.default_id
        if not self._access.may_dispatch(actor):
            return []
        self._board.refresh(server)
        partial = partial_input.parse(typed)
        busy = {ident: call for call in self._board.calls(server) for ident in call.idents}
        units = sorted(
            self._board.units(server),
            key=lambda one: (not is_free(one, one.ident in busy), one.number),
        )
        owners = self._owners_of(actor.guild_id)
        if partial.range_prefix is not None:
            return [*_range_ends(partial, units, busy)[:CHOICE_LIMIT]]
        found: Iterable[Suggestion] = _unit_groups(partial, units, busy)
        if partial.fragment is not None:
            found = chain(found, _units_and_members(partial, units, busy, owners, names))
        typed_before = partial.earlier_words
        new = (one for one in found if one.token and one.token.casefold() not in typed_before)
        return list(islice(new, CHOICE_LIMIT))

    def _owners_of(self, guild_id: int) -> Mapping[str, int]:
        """Return the Discord id by API id; rebuilt only if the links have changed."""
        links = self._linking.cached(guild_id)
        known, owners = self._owners.get(guild_id, ((), {}))
        if known is not links:
            owners = {identity(one.api_id): one.discord_id for one in links}
            self._owners[guild_id] = links, owners
        return owners


def _unit_groups(
    partial: PartialInput, units: Collection[Unit], busy: Mapping[int, Call]
) -> Iterator[UnitGroupSuggestion]:
    for kind in partial.group_kinds:
        groups: dict[str, list[Unit]] = {}
        for unit in units:
            groups.setdefault(normalise_name(unit_group_name(unit, kind)), []).append(unit)
        for key in sorted(groups):
            group = groups[key]
            if key and normalise_name(partial.group_name) in key:
                free = sum(1 for one in group if is_free(one, one.ident in busy))
                name = " ".join(unit_group_name(group[0], kind).split())
                yield UnitGroupSuggestion(partial.leading_text, kind, name, len(group), free)


def _units_and_members(
    partial: PartialInput,
    units: Collection[Unit],
    busy: Mapping[int, Call],
    owners: Mapping[str, int],
    names: MemberNameLookup,
) -> Iterator[UnitSuggestion]:
    wanted = (partial.fragment or "").lstrip("@").casefold()
    shared = shared_words(units)
    seen: set[int] = set()
    found: list[tuple[int, UnitSuggestion]] = []
    for unit in units:
        keys = map(identity, (*unit.api_ids, unit.account))
        new = [owner for key in keys if (owner := owners.get(key)) and owner not in seen]
        seen.update(new)
        discord_id = new[0] if new else None
        name = names(discord_id) if discord_id else ""
        is_named = discord_id and f"<@{discord_id}>" in partial.earlier_words
        rank = _match_rank(wanted, unit, name)
        if rank is not None and not is_named:
            call = busy.get(unit.ident)
            suggestion = UnitSuggestion(partial.leading_text, discord_id, unit, call, shared)
            found.append((rank, suggestion))
    yield from (one for _, one in sorted(found, key=itemgetter(0)))
    for discord_id in islice(owners.values(), OFF_DUTY_LIMIT):
        if discord_id not in seen and (name := names(discord_id)) and wanted in name.casefold():
            yield UnitSuggestion(partial.leading_text, discord_id, None, None)


def _match_rank(wanted: str, unit: Unit, member: str) -> int | None:
    """Return how well a unit matches a word in lower case, 0 is best; None if it does not."""
    key, number = number_key(wanted), number_key(unit.number)
    if not wanted or (key and key == number):
        return 0
    if key and key in number:
        return 1 if number.startswith(key) else 2
    is_match = contains_all([wanted], (unit.number, unit.name, unit.department, member))
    return 3 if is_match else None


def _range_ends(
    partial: PartialInput, units: Iterable[Unit], busy: Mapping[int, Call]
) -> list[UnitSuggestion]:
    """Return the units on duty that a range can end with, ordered by number."""
    prefix, wanted = number_key(partial.range_prefix or ""), number_key(partial.fragment or "")
    found: dict[int, Unit] = {}
    for unit in units:
        before, tail = split_number(unit.number)
        is_alike = number_key(before) == prefix and number_key(unit.number).startswith(wanted)
        if tail and is_alike:
            found.setdefault(int(tail[:9]), unit)
    ends = (found[tail] for tail in sorted(found) if grammar.is_single_token(found[tail].number))
    return [UnitSuggestion(partial.leading_text, None, one, busy.get(one.ident)) for one in ends]
