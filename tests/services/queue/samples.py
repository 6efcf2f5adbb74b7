"""Orders as the queue holds them, for tests of its parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.stored_replies import Announcer
from bot.services.queue.completion import OrderNotifier
from bot.services.queue.queued_order import LookupState, QueuedOrder
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.samples import unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def assignee(ident: int, api_id: str = "", call_id: int | None = None) -> Assignee:
    """Build a unit on duty."""
    return Assignee(api_id or f"steam:{ident}", 1000 + ident, unit(ident), True, call_id)


def queued_order(
    *assignees: Assignee,
    order_id: int = 1,
    action: OrderAction = OrderAction.ATTACH,
    call_id: int | None = 100,
    server_id: int = 1,
    state: OrderState = OrderState.QUEUED,
    is_resolved: bool = True,
    entered_at: float = 0.0,
    **changes: Any,
) -> QueuedOrder:
    """Build an order whose units are known, unless `is_resolved` says otherwise."""
    order = Order(order_id, 2, server_id, action, call_id, "me", 5, NOW, 6, "secret")
    queued = QueuedOrder.load(AcceptedOrder(order), entered_at=entered_at)
    queued.order = replace(order, state=state)
    queued.resolution = Resolution(assignees)
    queued.lookup = LookupState(is_resolved=is_resolved)
    for name, value in changes.items():
        setattr(queued, name, value)
    return queued


def notifier(announcer: Announcer, tasks: BackgroundTasks, clock: Clock) -> OrderNotifier:
    """Build what shows orders."""
    return OrderNotifier(announcer, tasks, clock=clock)
