"""Accepts orders: checks who gives them, parses their `units` once and stores them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from bot.common.clock import Clock
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.errors import (
    AlreadyPressed,
    AlreadyUndone,
    NothingToConfirm,
    NothingToUndo,
    TooLateToConfirm,
    TooLateToUndo,
)
from bot.services.orders import moves, outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.confirmation import CONFIRM_WITHIN
from bot.services.orders.outcomes import OrderDetail
from bot.services.reply import ReplyAddress
from bot.services.targets import grammar
from bot.services.targets.resolution import Resolution
from bot.services.targets.terms import MentionLookup, ParsedUnits
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore

UNDO_WITHIN = timedelta(minutes=10)

_CALL_NUMBER = re.compile(r"[1-9][0-9]{0,8}")  # what a suggestion sends that was picked


class OrderIntake:
    """Turns what a member typed or pressed into a stored order; the CAD is not asked.

    Args:
        default_server_id: the CAD's server of the orders that name none.
    """

    def __init__(
        self,
        access: Access,
        orders: OrderStore,
        board: Board,
        default_server_id: int,
        *,
        clock: Clock,
    ) -> None:
        self._access = access
        self._orders = orders
        self._board = board
        self._default_server_id = default_server_id
        self._clock = clock

    async def attach(
        self,
        actor: Actor,
        reply: ReplyAddress,
        units: str | ParsedUnits,
        *,
        call: str | int,
        server_id: int | None = None,
        lookup: MentionLookup | None = None,
    ) -> AcceptedOrder:
        """Store an order that puts units on a call.

        Args:
            call: its number, or a text for `call_matching.find_call_id`.
            lookup: see `grammar.parse_units`; None for a text that the bot itself has written.

        Raises:
            ServiceError: `units` names no unit, `call` no single call, or the actor may not give
                the order.
            StorageError: the order cannot be stored.
        """
        return await self.accept(
            OrderAction.ATTACH,
            actor,
            reply,
            units,
            call=call,
            server_id=server_id,
            lookup=lookup,
        )

    async def detach(
        self,
        actor: Actor,
        reply: ReplyAddress,
        units: str | ParsedUnits,
        *,
        call: str | int | None = None,
        server_id: int | None = None,
        lookup: MentionLookup | None = None,
    ) -> AcceptedOrder:
        """Store an order that takes units off a call, or off any call; otherwise as `attach`."""
        return await self.accept(
            OrderAction.DETACH,
            actor,
            reply,
            units,
            call=call,
            server_id=server_id,
            lookup=lookup,
        )

    async def undo(self, actor: Actor, reply: ReplyAddress, order_id: int) -> AcceptedOrder:
        """Store an order that puts the units that another one has moved back where they were.

        It is about the units that were stored then, not about what their names mean by now. Its
        reply takes the place of the other order's.

        Raises:
            NothingToUndo: the order moved no unit, or is no order of this guild.
            TooLateToUndo: more than `UNDO_WITHIN` has passed.
            AlreadyUndone: such an order was given before.
            RoleRequired: the actor may not move these units.
        """
        done, moved = await self._order_to_undo(actor, reply, order_id)
        order = replace(
            done,
            id=0,
            action=OrderAction.UNDO,
            call_id=None if done.action is OrderAction.DETACH else done.call_id,
            actor_id=actor.user_id,
            created_at=self._clock.now(),
            application_id=reply.application_id,
            token=reply.token,
            reply_id=reply.reply_id,
            state=OrderState.QUEUED,
            detail=outcomes.encode_detail(OrderDetail(undoes=done.action, undone_id=done.id)),
            step=0,
            resolution=outcomes.RESOLUTION_JSON.dump_json(moved).decode(),
            outcome=None,
            answered=False,
            finished_at=None,
            undone_by=None,
        )
        undo_id = await self._orders.add_undo(done.id, order)
        if undo_id is None:
            raise AlreadyUndone
        return AcceptedOrder(replace(order, id=undo_id), must_check=True)

    async def _order_to_undo(
        self, actor: Actor, reply: ReplyAddress, order_id: int
    ) -> tuple[Order, Resolution]:
        """Return the order, and the units that it has moved with the calls that they go back to."""
        done = await self._orders.get(order_id)
        if done is None or done.guild_id != actor.guild_id or done.finished_at is None:
            raise NothingToUndo
        if not done.is_shown_in(reply.reply_id):
            raise NothingToUndo
        moved = moves.former_places(outcomes.decode_view(done), self._board.units(done.server_id))
        if not moved.assignees:
            raise NothingToUndo
        if not self._access.may_dispatch(actor):
            if not moves.is_only(moved, actor.user_id):
                self._access.require_dispatch(actor)
            self._access.require_self_dispatch(actor)
        if self._clock.now() - done.finished_at > UNDO_WITHIN:
            raise TooLateToUndo
        later = moves.moved_later(done, await self._orders.later_than(done))
        return done, moved.without(
            {one.key: later[one.key] for one in moved.assignees if one.key in later}
        )

    async def give_near_match(
        self,
        actor: Actor,
        reply: ReplyAddress,
        *,
        order_id: int,
        index: int,
        message_id: int | None,
    ) -> AcceptedOrder:
        """Store an order again, about the unit that a word of it may have meant.

        Args:
            index: which of `Resolution.near_matches`.
            message_id: the message that offers it.

        Raises:
            NothingToConfirm: no order of this guild offers it in this message.
            TooLateToConfirm: more than `CONFIRM_WITHIN` has passed: the call may be another one.
            RoleRequired: the actor may not give the order.
        """
        done = await self._orders.get(order_id)
        if done is None or done.guild_id != actor.guild_id or not done.is_shown_in(message_id):
            raise NothingToConfirm
        view = outcomes.decode_view(done)
        near = view.resolution.near_matches[index : index + 1]
        if not near or done.finished_at is None:
            raise NothingToConfirm
        if self._clock.now() - done.finished_at > CONFIRM_WITHIN:
            raise TooLateToConfirm
        return await self.accept(
            done.action,
            actor,
            reply,
            near[0].token,
            call=done.call_id,
            server_id=done.server_id,
            detail=view.detail,
        )

    async def accept(
        self,
        action: OrderAction,
        actor: Actor,
        reply: ReplyAddress,
        units: str | ParsedUnits,
        *,
        call: str | int | None,
        server_id: int | None,
        lookup: MentionLookup | None = None,
        detail: OrderDetail | None = None,
        is_permitted: bool = False,
    ) -> AcceptedOrder:
        """Store an order of any kind; it raises as `attach` does.

        Where the reply takes the place of a message, only one order is given with its buttons; the
        others raise AlreadyPressed.

        Args:
            is_permitted: the right to give it was checked; else only a dispatcher names others.
        """
        if not is_permitted and not self._access.may_dispatch(actor):
            units = self._own_unit(actor, units)
        if isinstance(units, str):
            units = grammar.parse_units(units, actor_id=actor.user_id, lookup=lookup)
        if units.error is not None:
            raise units.error
        server = server_id or self._default_server_id
        if isinstance(call, str):
            is_number = _CALL_NUMBER.fullmatch(call)
            call = int(call) if is_number else self._board.find_call_id(server, call)
        order = Order(
            id=0,
            guild_id=actor.guild_id,
            server_id=server,
            action=action,
            call_id=call,
            units=units.text,
            actor_id=actor.user_id,
            created_at=self._clock.now(),
            application_id=reply.application_id,
            token=reply.token,
            reply_id=reply.reply_id,
            detail=outcomes.encode_detail(detail) if detail else None,
        )
        is_reply = reply.reply_id is not None
        order_id = await (self._orders.add_reply if is_reply else self._orders.add)(order)
        if order_id is None:
            raise AlreadyPressed
        return AcceptedOrder(replace(order, id=order_id), units.terms)

    def _own_unit(self, actor: Actor, units: str | ParsedUnits) -> ParsedUnits:
        """Return units that are the actor's own; raise RoleRequired for others.

        Whose unit has a number is found out with the order: nothing is looked up here, for members
        without rights could name the largest role.
        """
        if isinstance(units, str):
            units = grammar.parse_units(units, actor_id=actor.user_id)
        if self._access.may_self_dispatch(actor):
            units = grammar.as_own_unit(units, actor.user_id)
        if not grammar.targets_only(units.terms, actor.user_id):
            self._access.require_dispatch(actor)
        self._access.require_self_dispatch(actor)
        return units
