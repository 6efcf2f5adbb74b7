"""Finds what the words of a `units` text mean that are no number and no id: names, or typos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.services.targets.near_matches import MemberSearch, near_matches
from bot.services.targets.resolution import Resolution, Roster
from bot.services.targets.skipped_target import NearMatch, SkipReason
from bot.services.targets.terms import MemberTerm, Term, TextTerm
from bot.storage.stores.link_store import LinkStore

_UNCLEAR = {SkipReason.NO_SUCH_UNIT, SkipReason.AMBIGUOUS}


class WordMatcher:
    """Looks up words among the members of the Discord server and the units on duty."""

    def __init__(self, link_store: LinkStore, search: MemberSearch) -> None:
        self._link_store = link_store
        self._search = search

    def with_named_members(
        self, guild_id: int, terms: Sequence[Term], found: Resolution
    ) -> list[Term]:
        """Return the terms, with a member for each word that is no unit and one member's name."""
        unknown = {one.target.text for one in found.left_out if one.reason in _UNCLEAR}
        return [
            self._named_member(guild_id, term, term.meaning)
            if term.text in unknown and isinstance(term.meaning, TextTerm)
            else term
            for term in terms
        ]

    async def with_near_matches(
        self, guild_id: int, found: Resolution, roster: Roster
    ) -> Resolution:
        """Return a resolution with the units that its skipped words may mean; raise StorageError.

        Exclusions have none: nothing is sent because of them.
        """
        left_out = [
            replace(one, near=await self._near(guild_id, one.target.text, roster))
            if one.reason in _UNCLEAR and not one.is_excluded
            else one
            for one in found.left_out
        ]
        return replace(found, left_out=tuple(left_out))

    def _named_member(self, guild_id: int, term: Term, word: TextTerm) -> Term:
        named = [one for one in self._search(guild_id, word.text.lstrip("@")) if one.is_whole]
        return replace(term, meaning=MemberTerm(named[0].id)) if len(named) == 1 else term

    async def _near(self, guild_id: int, word: str, roster: Roster) -> tuple[NearMatch, ...]:
        members = [one.id for one in self._search(guild_id, word.lstrip("@"))]
        links = await self._link_store.api_ids_of(guild_id, members) if members else {}
        units = {one: roster.by_api_id(api_id) for one, api_id in links.items()}
        return near_matches(word, roster, {unit.ident: one for one, unit in units.items() if unit})
