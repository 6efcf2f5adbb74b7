"""The replies of orders that are closed: shown again, or changed because the order was undone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.orders import outcomes
from bot.services.orders.intake import UNDO_WITHIN
from bot.services.orders.outcomes import OrderView
from bot.services.reply import Delivery, ReplyAddress
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order, OrderState, OrderStore

_log = logging.getLogger(__name__)


class Announcer(Protocol):
    """The only way from the orders to Discord. No method raises."""

    async def show(self, view: OrderView) -> Delivery:
        """Edit an order's reply."""

    async def send(self, view: OrderView) -> Delivery:
        """Tell the outcome of an order whose reply cannot be edited any more."""

    async def report(self, view: OrderView) -> None:
        """Write the end of an order where the staff can read it."""


class StoredReplies:
    """Shows stored orders, by the token of a button that was pressed in their reply.

    Args:
        server_labels: see `CadServers.labels`.

    Attributes:
        undos: by the id of an order, the latest one that undoes it, as it was last shown.
    """

    def __init__(
        self,
        store: OrderStore,
        announcer: Announcer,
        *,
        server_labels: Mapping[int, str],
        clock: Clock,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._server_labels = server_labels
        self._clock = clock
        self.undos: dict[int, Order] = {}

    async def show_again(self, reply: ReplyAddress) -> bool:
        """Show in a message what became of the order whose reply it is.

        Args:
            reply: the message, and a token by which it can be edited.

        Returns:
            False if it is no order's reply, or is a question that is too old to be answered.

        Raises:
            StorageError.
        """
        order = await self._store.find_by_reply(reply.reply_id) if reply.reply_id else None
        if order is None or order.state is OrderState.AWAITING_CONFIRMATION:
            return False
        if not order.state.is_open:  # else the queue shows what becomes of it
            undo = await self._store.get(order.undone_by) if order.undone_by else None
            await self._show(order, reply, undo)
        return True

    async def show_undone(self, undo: Order) -> None:
        """Show in the reply of an order how far another one is that undoes it.

        Args:
            undo: the other one; its button was in that reply.
        """
        try:
            order = await self._store.find_undone(undo.id)
        except StorageError as error:
            _log.error("the reply of the order that %s undoes is not changed: %s", undo.id, error)
            return
        if order is not None and undo.token is not None:
            await self._show(order, ReplyAddress(undo.application_id, undo.token), undo)

    async def _show(self, order: Order, reply: ReplyAddress, undo: Order | None) -> None:
        if undo is not None:
            # Where the CAD confirms the order only now, its reply changes once more.
            self.undos = {
                key: known
                for key, known in self.undos.items()
                if undo.created_at - known.created_at < INTERACTION_LIFETIME
            } | {order.id: undo}
        there = replace(order, application_id=reply.application_id, token=reply.token)
        view = outcomes.decode_view(there, self._server_labels[order.server_id])
        now = self._clock.now()
        can_undo = now - (order.finished_at or now) <= UNDO_WITHIN
        await self._announcer.show(replace(view, undo=undo, can_undo=can_undo))
