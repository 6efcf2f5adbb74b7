"""The main job: put people on a call, take them off."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.cad.errors import CadError
from bot.cad.models import Unit
from bot.common.clock import Clock
from bot.services.access.cad_permissions import CadPermissionCheck, allow_all
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.cad_lookup import CadLookup
from bot.services.errors import (
    CadPermissionMissing,
    CadPermissionUnknown,
    NoCadAccount,
    NothingToUndo,
    ServiceError,
    TooLateToUndo,
)
from bot.services.links.link_service import LinkService
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.reply import ReplyAddress
from bot.services.targets import grammar, target_resolver
from bot.services.targets.resolution import (
    Assignee,
    Resolution,
    Roster,
    SkippedTarget,
    SkipReason,
    Target,
)
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore

UNDO_WITHIN = timedelta(minutes=10)

_DENIAL_REASONS: dict[type[ServiceError], SkipReason] = {
    CadPermissionMissing: SkipReason.CAD_PERMISSION_MISSING,
    NoCadAccount: SkipReason.NO_CAD_ACCOUNT,
    CadPermissionUnknown: SkipReason.CAD_PERMISSION_UNKNOWN,
}

_log = logging.getLogger(__name__)


class OrderIntake:
    """What somebody typed → an order in the database → whom it is about.

    Args:
        permitted: raises unless the CAD lets a person do it, too.
    """

    def __init__(
        self,
        access: Access,
        orders: OrderStore,
        linking: LinkService,
        board: Board,
        default_server_id: int,
        *,
        clock: Clock,
        check_cad_permission: CadPermissionCheck = allow_all,
    ) -> None:
        self._access = access
        self._orders = orders
        self._linking = linking
        self._board = board
        self._default_server_id = default_server_id
        self._clock = clock
        self._check_cad_permission = check_cad_permission
        self._rosters: dict[int, tuple[Mapping[int, Unit], Roster]] = {}  # by server

    async def attach(
        self,
        actor: Actor,
        reply: ReplyAddress,
        units: str,
        *,
        call_id: int,
        server_id: int | None = None,
    ) -> Order:
        """Store the order to put everyone named in units on a call.

        Raises:
            ServiceError: nobody is named, or the actor may not give orders.
            StorageError: the order cannot be stored.
        """
        return await self._store_order(
            actor, reply, OrderAction.ATTACH, units, call_id=call_id, server_id=server_id
        )

    async def detach(
        self,
        actor: Actor,
        reply: ReplyAddress,
        units: str,
        *,
        call_id: int | None = None,
        server_id: int | None = None,
    ) -> Order:
        """Store the order to take everyone named in units off a call, or off any; as `attach`."""
        return await self._store_order(
            actor, reply, OrderAction.DETACH, units, call_id=call_id, server_id=server_id
        )

    async def undo(self, actor: Actor, reply: ReplyAddress, order_id: int) -> Order:
        """Store the order that takes back an attachment, for whoever is still on that call.

        Raises:
            NothingToUndo: the order attached nobody, or is no order of this guild.
            TooLateToUndo: more than `UNDO_WITHIN` has passed.
        """
        done = await self._orders.get(order_id)
        if done is None or done.guild_id != actor.guild_id or done.action is not OrderAction.ATTACH:
            raise NothingToUndo
        attached = outcomes.decode_view(done).resolution.assignees
        if done.state is not OrderState.DONE or done.finished_at is None or not attached:
            raise NothingToUndo
        if self._clock.now() - done.finished_at > UNDO_WITHIN:
            raise TooLateToUndo
        units = " ".join(map(_to_units_token, attached))
        return await self.detach(
            actor, reply, units, call_id=done.call_id, server_id=done.server_id
        )

    async def resolve_order(
        self, accepted: AcceptedOrder, lookup: CadLookup | None = None
    ) -> Resolution:
        """Find out whom an order is about: nobody where the CAD does not let its giver do it.

        Asked here, because an order is stored and acknowledged before the CAD is asked anything.

        Raises:
            StorageError: the links cannot be read.
        """
        order = accepted.order
        giver, only_self = order.actor_id, grammar.targets_only(order.units, order.actor_id)
        try:
            await self._check_cad_permission(giver, order.guild_id, only_self=only_self)
        except (CadPermissionMissing, CadPermissionUnknown) as error:
            everyone = SkippedTarget(Target(order.units), _DENIAL_REASONS[type(error)])
            return Resolution(left_out=(everyone,))
        return await self.resolve(
            order.guild_id, order.server_id, order.units, actor_id=giver, lookup=lookup
        )

    async def resolve(
        self,
        guild_id: int,
        server_id: int,
        units: str,
        *,
        actor_id: int,
        lookup: CadLookup | None = None,
    ) -> Resolution:
        """Find out whom a `units` text means.

        Args:
            inquiry: is told whether the CAD was asked, and why it did not answer.

        Raises:
            ServiceError: nobody is named.
            StorageError: the links cannot be read.
        """
        lookup = lookup or CadLookup()
        parsed = grammar.parse(units, actor_id=actor_id)
        named, gathered = grammar.member_ids_in(parsed)
        linked = await self._linking.linked_ids(guild_id, gathered) if gathered else {}
        api_ids = {**linked, **await self._linking.api_ids(guild_id, named, lookup)}

        remembered = self._cached_roster(server_id)
        resolution = target_resolver.resolve(parsed, api_ids, remembered)
        if grammar.depends_on_duty(parsed) or not resolution.is_certain():
            # Nobody is called off duty on the strength of an old list: ask before saying no.
            lookup.started()
            try:
                roster = Roster(await self._board.fetch_units(server_id), is_current=True)
                resolution = target_resolver.resolve(parsed, api_ids, roster)
            except CadError as error:
                _log.warning("units of server %s not known: %r", server_id, error)
                lookup.failed(error)
        return self._with_current_calls(server_id, resolution)

    async def _store_order(
        self,
        actor: Actor,
        reply: ReplyAddress,
        action: OrderAction,
        units: str,
        *,
        call_id: int | None,
        server_id: int | None,
    ) -> Order:
        if grammar.targets_only(units, actor.user_id):
            self._access.require_self_dispatch(actor)
        else:
            self._access.require_dispatch(actor)
        grammar.parse(units, actor_id=actor.user_id)
        order = Order(
            id=0,
            guild_id=actor.guild_id,
            server_id=server_id or self._default_server_id,
            action=action,
            call_id=call_id,
            units=units,
            actor_id=actor.user_id,
            created_at=self._clock.now(),
            application_id=reply.application_id,
            token=reply.token,
        )
        return replace(order, id=await self._orders.add(order))

    def _cached_roster(self, server_id: int) -> Roster:
        """Return the units as they are remembered, the same list for as long as it is the same."""
        units = self._board.snapshot(server_id).units
        known = self._rosters.get(server_id)
        if known is None or known[0] is not units:
            known = units, Roster(tuple(units.values()), is_current=False)
            self._rosters[server_id] = known
        return known[1]

    def _with_current_calls(self, server_id: int, resolution: Resolution) -> Resolution:
        """Note which call everybody is on, as far as that is remembered."""
        picture = self._board.snapshot(server_id)
        calls = [
            picture.call_of_unit(one.unit.ident) if one.unit else None
            for one in resolution.assignees
        ]
        if not any(calls):
            return resolution
        people = [
            replace(one, call_id=call.call_id) if call else one
            for one, call in zip(resolution.assignees, calls, strict=True)
        ]
        return replace(resolution, assignees=tuple(people))


def _to_units_token(assignee: Assignee) -> str:
    return f"<@{assignee.discord_id}>" if assignee.discord_id else assignee.api_id
