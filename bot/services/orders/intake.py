"""The main job: put people on a call, take them off."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.cad.errors import CadError
from bot.cad.models import Unit
from bot.common.clock import Clock
from bot.services.access.cad_permissions import Permitted, nothing_needed
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.cad_lookup import Inquiry
from bot.services.errors import (
    NoCadAccount,
    NothingToUndo,
    NotPermitted,
    PermissionNotTold,
    ServiceError,
    TooLateToUndo,
)
from bot.services.links.link_service import LinkingService
from bot.services.orders import outcomes
from bot.services.reply import ReplyAddress
from bot.services.targets import grammar, target_resolver
from bot.services.targets.resolution import Assignee, LeftOut, Reason, Resolution, Roster, Target
from bot.storage.stores.order_store import Action, Order, OrderStore, State

UNDO_WITHIN = timedelta(minutes=10)

_REFUSALS: dict[type[ServiceError], Reason] = {
    NotPermitted: Reason.NOT_PERMITTED,
    NoCadAccount: Reason.NO_CAD_ACCOUNT,
    PermissionNotTold: Reason.PERMISSION_NOT_TOLD,
}

_log = logging.getLogger(__name__)


class AttachService:
    """What somebody typed → an order in the database → whom it is about.

    Args:
        permitted: raises unless the CAD lets a person do it, too.
    """

    def __init__(
        self,
        access: Access,
        orders: OrderStore,
        linking: LinkingService,
        board: Board,
        default_server_id: int,
        *,
        clock: Clock,
        permitted: Permitted = nothing_needed,
    ) -> None:
        self._access = access
        self._orders = orders
        self._linking = linking
        self._board = board
        self._default_server_id = default_server_id
        self._clock = clock
        self._permitted = permitted
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
        return await self._accept(
            actor, reply, Action.ATTACH, units, call_id=call_id, server_id=server_id
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
        return await self._accept(
            actor, reply, Action.DETACH, units, call_id=call_id, server_id=server_id
        )

    async def undo(self, actor: Actor, reply: ReplyAddress, order_id: int) -> Order:
        """Store the order that takes back an attachment, for whoever is still on that call.

        Raises:
            NothingToUndo: the order attached nobody, or is no order of this guild.
            TooLateToUndo: more than `UNDO_WITHIN` has passed.
        """
        done = await self._orders.get(order_id)
        if done is None or done.guild_id != actor.guild_id or done.action is not Action.ATTACH:
            raise NothingToUndo
        attached = outcomes.view(done).resolution.assignees
        if done.state is not State.DONE or done.finished_at is None or not attached:
            raise NothingToUndo
        if self._clock.now() - done.finished_at > UNDO_WITHIN:
            raise TooLateToUndo
        units = " ".join(map(_spelled, attached))
        return await self.detach(
            actor, reply, units, call_id=done.call_id, server_id=done.server_id
        )

    async def make_out(self, order: Order, inquiry: Inquiry | None = None) -> Resolution:
        """Find out whom an order is about: nobody where the CAD does not let its giver do it.

        Asked here, because an order is stored and acknowledged before the CAD is asked anything.

        Raises:
            StorageError: the links cannot be read.
        """
        giver, only_self = order.actor_id, grammar.names_only(order.units, order.actor_id)
        try:
            await self._permitted(giver, order.guild_id, only_self=only_self)
        except (NotPermitted, PermissionNotTold) as error:
            everyone = LeftOut(Target(order.units), _REFUSALS[type(error)])
            return Resolution(left_out=(everyone,))
        return await self.who_is(
            order.guild_id, order.server_id, order.units, me=giver, inquiry=inquiry
        )

    async def arrivals(self) -> None:
        """Wait for the orders that are being stored and those whose people are being looked up.

        That takes milliseconds: nobody waits here for the CAD or for Discord.
        """
        await self._orders.caught_up()
        await self._linking.caught_up()

    async def who_is(
        self,
        guild_id: int,
        server_id: int,
        units: str,
        *,
        me: int,
        inquiry: Inquiry | None = None,
    ) -> Resolution:
        """Find out whom a `units` text means.

        Args:
            inquiry: is told whether the CAD was asked, and why it did not answer.

        Raises:
            ServiceError: nobody is named.
            StorageError: the links cannot be read.
        """
        inquiry = inquiry or Inquiry()
        parsed = grammar.parse(units, me=me)
        named, gathered = grammar.members(parsed)
        linked = await self._linking.linked(guild_id, gathered) if gathered else {}
        api_ids = {**linked, **await self._linking.api_ids(guild_id, named, inquiry)}

        remembered = self._remembered(server_id)
        resolution = target_resolver.resolve(parsed, api_ids, remembered)
        if grammar.names_groups(parsed) or not resolution.is_certain():
            # Nobody is called off duty on the strength of an old list: ask before saying no.
            inquiry.begin()
            try:
                roster = Roster(await self._board.units_now(server_id), current=True)
                resolution = target_resolver.resolve(parsed, api_ids, roster)
            except CadError as error:
                _log.warning("units of server %s not known: %r", server_id, error)
                inquiry.failed(error)
        return self._with_calls(server_id, resolution)

    async def _accept(
        self,
        actor: Actor,
        reply: ReplyAddress,
        action: Action,
        units: str,
        *,
        call_id: int | None,
        server_id: int | None,
    ) -> Order:
        if grammar.names_only(units, actor.user_id):
            self._access.require_self_dispatch(actor)
        else:
            self._access.require_dispatch(actor)
        grammar.parse(units, me=actor.user_id)
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

    def _remembered(self, server_id: int) -> Roster:
        """Return the units as they are remembered, the same list for as long as it is the same."""
        units = self._board.picture(server_id).units
        known = self._rosters.get(server_id)
        if known is None or known[0] is not units:
            known = units, Roster(tuple(units.values()), current=False)
            self._rosters[server_id] = known
        return known[1]

    def _with_calls(self, server_id: int, resolution: Resolution) -> Resolution:
        """Note which call everybody is on, as far as that is remembered."""
        picture = self._board.picture(server_id)
        calls = [
            picture.call_of(one.unit.ident) if one.unit else None for one in resolution.assignees
        ]
        if not any(calls):
            return resolution
        people = [
            replace(one, call_id=call.call_id) if call else one
            for one, call in zip(resolution.assignees, calls, strict=True)
        ]
        return replace(resolution, assignees=tuple(people))


def _spelled(one: Assignee) -> str:
    return f"<@{one.discord_id}>" if one.discord_id else one.api_id
