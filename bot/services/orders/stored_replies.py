"""The replies of orders that are closed, shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from bot.common.clock import Clock
from bot.services.orders import outcomes
from bot.services.orders.intake import UNDO_WITHIN
from bot.services.orders.outcomes import OrderView
from bot.services.reply import Delivery, ReplyAddress
from bot.storage.stores.order_store import OrderState, OrderStore


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
        if order.state.is_open:  # the queue shows what becomes of it
            return True
        there = replace(order, application_id=reply.application_id, token=reply.token)
        view = outcomes.decode_view(there, self._server_labels[order.server_id])
        # The reply of an undo that failed has the button of the order that it was to undo.
        undone_id = view.detail.undone_id
        done = await self._store.get(undone_id) if undone_id is not None else order
        now = self._clock.now()
        can_undo = done is not None and now - (done.finished_at or now) <= UNDO_WITHIN
        await self._announcer.show(replace(view, can_undo=can_undo))
        return True
