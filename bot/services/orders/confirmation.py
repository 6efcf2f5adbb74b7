"""Orders about many units: they are sent once their actor has confirmed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.access.cad_permissions import CadPermissionCheck
from bot.services.access.policy import Access, Actor
from bot.services.errors import (
    AlreadyConfirmed,
    NothingToConfirm,
    NotOrderOwner,
    TooLateToConfirm,
)
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import OrderView
from bot.services.reply import ReplyAddress
from bot.storage.stores.order_store import Order, OrderState, OrderStore

CONFIRM_WITHIN = INTERACTION_LIFETIME


class ConfirmationService:
    """Takes the answers. Every method raises ServiceError, StorageError and nothing else.

    Args:
        check_cad_permission: see `OrderResolver`.
        server_labels: see `CadServers.labels`.
    """

    def __init__(
        self,
        access: Access,
        orders: OrderStore,
        *,
        check_cad_permission: CadPermissionCheck | None = None,
        server_labels: Mapping[int, str],
        clock: Clock,
    ) -> None:
        self._access = access
        self._orders = orders
        self._check_cad_permission = check_cad_permission
        self._server_labels = server_labels
        self._clock = clock

    async def confirm(self, actor: Actor, reply: ReplyAddress, order_id: int) -> AcceptedOrder:
        """Store the order that was asked about, about the very people who were shown.

        Raises:
            NothingToConfirm, AlreadyConfirmed, NotOrderOwner, TooLateToConfirm: there is no
                such question for the actor any more.
            RoleRequired, CadPermissionMissing, CadPermissionUnknown: the actor may not give the
                order now. The question stays.
        """
        asked = await self._pending_order(actor, reply, order_id)
        self._access.require_dispatch(actor)
        now = self._clock.now()
        if now - asked.created_at > CONFIRM_WITHIN:
            raise TooLateToConfirm
        if self._check_cad_permission is not None:
            # The units are not resolved again, so the queue does not ask.
            await self._check_cad_permission(actor.user_id, actor.guild_id, only_self=False)
        order = replace(
            asked,
            id=0,
            created_at=now,
            application_id=reply.application_id,
            token=reply.token,
            reply_id=reply.reply_id,
            state=OrderState.QUEUED,
            outcome=None,
            answered=False,
            finished_at=None,
        )
        new_id = await self._orders.confirm(order_id, order)
        if new_id is None:
            raise AlreadyConfirmed
        return AcceptedOrder(replace(order, id=new_id))

    async def decline(self, actor: Actor, reply: ReplyAddress, order_id: int) -> OrderView:
        """Answer a question with no; nothing is sent."""
        asked = await self._pending_order(actor, reply, order_id)
        if not await self._orders.decline(order_id):
            raise AlreadyConfirmed
        server = self._server_labels[asked.server_id]
        return outcomes.decode_view(replace(asked, state=OrderState.CANCELLED), server)

    async def _pending_order(self, actor: Actor, reply: ReplyAddress, order_id: int) -> Order:
        asked = await self._orders.get(order_id)
        if asked is None or asked.guild_id != actor.guild_id:
            raise NothingToConfirm
        if not asked.is_shown_in(reply.reply_id):
            raise NothingToConfirm
        if asked.actor_id != actor.user_id:
            raise NotOrderOwner
        if asked.state is OrderState.CONFIRMED:
            raise AlreadyConfirmed
        if asked.state is not OrderState.AWAITING_CONFIRMATION:
            raise NothingToConfirm
        return asked
