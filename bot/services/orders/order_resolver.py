"""Finds the units that an order means, from the links and the units on duty."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bot.cad.errors import CadError, UnitListIncomplete
from bot.cad.models import Unit
from bot.services.access.cad_permissions import CadPermissionCheck
from bot.services.board.live_board import Board
from bot.services.cad_lookup import CadLookup
from bot.services.errors import (
    CadAccountBanned,
    CadAccountExpired,
    CadAccountRemoved,
    CadPermissionMissing,
    CadPermissionUnknown,
    NoCadAccount,
    ServiceError,
)
from bot.services.links.cad_links import CadLinks
from bot.services.links.group_links import GroupLinks
from bot.services.orders import moves, outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.word_matcher import WordMatcher
from bot.services.targets import grammar, target_resolver
from bot.services.targets.resolution import PartialUnitList, Resolution, Roster
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.services.targets.terms import Term
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderAction

_DENIAL_REASONS: dict[type[ServiceError], SkipReason] = {
    CadPermissionMissing: SkipReason.CAD_PERMISSION_MISSING,
    NoCadAccount: SkipReason.NO_CAD_ACCOUNT,
    CadAccountExpired: SkipReason.CAD_ACCOUNT_EXPIRED,
    CadAccountRemoved: SkipReason.CAD_ACCOUNT_REMOVED,
    CadAccountBanned: SkipReason.CAD_ACCOUNT_BANNED,
    CadPermissionUnknown: SkipReason.CAD_PERMISSION_UNKNOWN,
}

_log = logging.getLogger(__name__)


class OrderResolver:
    """Resolves the terms of `units` texts. Both methods raise StorageError.

    Args:
        link_store: the links of the guild's members.
        cad_links: asks the CAD for the ids of members who are not linked.
        group_links: the same in the background, for the members of roles and channels.
        words: looks up the words that are neither numbers nor ids.
        check_cad_permission: raises unless the actor's account in the CAD has the permission; None
            where that is not required.
    """

    def __init__(
        self,
        link_store: LinkStore,
        cad_links: CadLinks,
        group_links: GroupLinks,
        board: Board,
        words: WordMatcher,
        *,
        check_cad_permission: CadPermissionCheck | None = None,
    ) -> None:
        self._link_store = link_store
        self._cad_links = cad_links
        self._group_links = group_links
        self._board = board
        self._words = words
        self._check_cad_permission = check_cad_permission
        self._rosters: dict[int, tuple[Mapping[int, Unit], Roster]] = {}  # by server

    async def resolve_order(
        self, accepted: AcceptedOrder, lookup: CadLookup | None = None
    ) -> Resolution:
        """Find the units of an order: none where the CAD does not permit it to its actor.

        Units that are stored with the order are not looked for again.

        Args:
            lookup: records whether the CAD was asked, and why it did not answer.
        """
        order, terms = accepted.order, accepted.terms
        known = outcomes.decode_view(order).resolution if order.resolution else None
        if self._check_cad_permission is not None:
            # Only now: an order is stored and acknowledged before the CAD is asked anything.
            creates_call = order.action is OrderAction.RESPOND
            only_self = not creates_call and (
                moves.is_only(known, order.actor_id)
                if known
                else grammar.targets_only(terms, order.actor_id)
            )
            try:
                await self._check_cad_permission(
                    order.actor_id, order.guild_id, only_self=only_self
                )
            except (CadPermissionMissing, CadPermissionUnknown) as error:
                denied = SkippedTarget(Target(order.units), _DENIAL_REASONS[type(error)])
                return Resolution(left_out=(denied,))
        return known or await self.resolve(order.guild_id, order.server_id, terms, lookup)

    async def resolve(
        self,
        guild_id: int,
        server_id: int,
        terms: Sequence[Term],
        lookup: CadLookup | None = None,
    ) -> Resolution:
        """Find the units that terms mean; lookup as in `resolve_order`."""
        lookup = lookup or CadLookup()
        depends_on_duty = grammar.depends_on_duty(terms)
        api_ids: Mapping[int, str | None] = {}
        pending: frozenset[int] = frozenset()
        named, in_groups = grammar.member_ids_in(terms)
        if named or in_groups:
            api_ids, pending = await self._ids_of_members(guild_id, named, in_groups, lookup)
        resolve = partial(target_resolver.resolve, terms, pending=pending)
        snapshot = self._board.snapshot(server_id)
        units, roster = self._rosters.get(server_id, (None, None))
        if roster is None or units is not snapshot.units:
            roster = Roster(
                tuple(snapshot.units.values()),
                is_current=False,
                dispatchers=tuple(snapshot.dispatchers.values()),
            )
            self._rosters[server_id] = snapshot.units, roster
        resolution = resolve(api_ids, roster)
        if depends_on_duty or not resolution.is_certain():
            # An old list does not show that a unit is off duty: ask before saying no.
            newer = await self._resolve_from_cad(guild_id, server_id, api_ids, resolve, lookup)
            resolution = newer or resolution
            snapshot = self._board.snapshot(server_id)
        # The call that each unit is on, as far as that is known.
        calls = {ident: call for call in snapshot.calls.values() for ident in call.idents}
        assignees = [
            replace(one, call_id=calls[one.unit.ident].call_id)
            if one.unit and one.unit.ident in calls
            else one
            for one in resolution.assignees
        ]
        resolution = replace(resolution, assignees=tuple(assignees))
        if resolution.left_out:
            return await self._look_up_words(guild_id, server_id, terms, resolution, lookup)
        return resolution

    async def _look_up_words(
        self,
        guild_id: int,
        server_id: int,
        terms: Sequence[Term],
        found: Resolution,
        lookup: CadLookup,
    ) -> Resolution:
        """Resolve the terms again with the members that they name, or add what was perhaps meant.

        Names count only now: a unit whose number is the name of a member goes first.
        """
        named = self._words.with_named_members(guild_id, terms, found)
        if named != list(terms):
            return await self.resolve(guild_id, server_id, named, lookup)
        roster = self._roster(server_id, self._board.units(server_id))
        return await self._words.with_near_matches(guild_id, found, roster)

    async def _resolve_from_cad(
        self,
        guild_id: int,
        server_id: int,
        api_ids: Mapping[int, str | None],
        resolve: Callable[[Mapping[int, str | None], Roster], Resolution],
        lookup: CadLookup,
    ) -> Resolution | None:
        """Ask the CAD who is on duty, and resolve the terms again; None if it does not answer."""
        lookup.started()
        try:
            units = await self._board.fetch_units(server_id)
        except CadError as error:
            _log.warning("units of server %s not known: %r", server_id, error)
            lookup.failed(error)
            if not isinstance(error, UnitListIncomplete) or not error.as_of:
                return None
            part = PartialUnitList(error.loaded, error.as_of)
            return resolve(api_ids, self._roster(server_id, self._board.units(server_id), part))
        roster = self._roster(server_id, units)
        resolution = resolve(api_ids, roster)
        if moved := await self._moved_ids(guild_id, resolution):
            return resolve({**api_ids, **moved}, roster)
        return resolution

    async def _ids_of_members(
        self, guild_id: int, named: set[int], in_groups: set[int], lookup: CadLookup
    ) -> tuple[dict[int, str | None], frozenset[int]]:
        """Return the ids of members, and which members of groups are still being looked up."""
        api_ids: dict[int, str | None] = {}
        api_ids |= await self._link_store.api_ids_of(guild_id, named | in_groups)
        if unlinked := named - api_ids.keys():
            api_ids |= await self._cad_links.api_ids(guild_id, unlinked, lookup)
        unlinked = in_groups - api_ids.keys()
        return api_ids, self._group_links.pending(unlinked) if unlinked else frozenset()

    def _roster(
        self, server_id: int, units: Sequence[Unit], part: PartialUnitList | None = None
    ) -> Roster:
        """Return a roster of units that were just fetched, as a whole or in part."""
        dispatchers = self._board.dispatchers(server_id)
        return Roster(units, is_current=part is None, dispatchers=dispatchers, partial_list=part)

    async def _moved_ids(self, guild_id: int, resolution: Resolution) -> dict[int, str]:
        """Return other ids for members whose linked id no unit on duty has."""
        absent = [
            one.target.member_id
            for one in resolution.left_out
            if one.reason is SkipReason.NOT_ON_DUTY and one.target.member_id
        ]
        absent += [
            one.discord_id for one in resolution.assignees if not one.unit and one.discord_id
        ]
        return await self._cad_links.moved_ids(guild_id, absent) if absent else {}
