"""An order that is being carried out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.cad.errors import CadError
from bot.cad.models import AttachRequest, DetachRequest, UnitRef
from bot.common.discord_limits import REPLY_LIFETIME
from bot.services.background import WakeSignal
from bot.services.orders import outcomes
from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome, WaitNotice
from bot.services.queue.batching import Item
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import Order, OrderState

ASK_ABOVE = 10  # people; an order about more is asked about before it is sent
LIFETIME = REPLY_LIFETIME


@dataclass(eq=False, slots=True)
class Job:
    """An order in memory, with what is worth nothing after a restart.

    Attributes:
        is_made_out: whether resolution says whom it is about, as far as it can be said now.
        asks: whether to ask first where it turns out to be about many people. Not stored: should
            the bot be started anew before that is known, whoever gave the order is asked.
        doubt: why the CAD did not say everything when it was last asked; it may do so later.
        looking: whether the CAD is being asked.
        looked_at: Outage.failures when it was last asked.
        entered: monotonic seconds when it began to wait.
        alone: whether nothing else was waiting then.
        cell: see batching.Item.
        broke_off: whether an attempt may have reached the CAD although it failed.
        not_before: monotonic seconds until which it is no use asking the CAD.
        bell: wakes whoever carries it.
        to_show: the waiting reply as it should be; shown as it is, since shown_at, monotonic
            seconds.
    """

    order: Order
    resolution: Resolution = Resolution()  # noqa: RUF009 - frozen
    outcome: Outcome | None = None
    is_made_out: bool = True
    asks: bool = True
    doubt: CadError | None = None
    looking: bool = False
    looked_at: int = 0
    entered: float = 0.0
    alone: bool = True
    cell: int = 0
    broke_off: bool = False
    not_before: float = -math.inf
    bell: WakeSignal = field(default_factory=WakeSignal)
    to_show: WaitNotice | None = None
    shown: WaitNotice | None = None
    shown_at: float | None = None
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, order: Order) -> Job:
        """Take up an order as it is stored."""
        stored = outcomes.decode_view(order)
        return cls(order, stored.resolution, stored.outcome, order.resolution is not None)

    @property
    def item(self) -> Item:
        """What batching looks at."""
        order = self.order
        people = frozenset(one.key for one in self.resolution.assignees)
        return Item(
            order.id,
            order.action,
            order.server_id,
            order.call_id,
            people if self.is_made_out else None,
            self.cell,
        )

    @property
    def expires_at(self) -> datetime:
        """When there is no more use in trying."""
        return self.order.created_at + LIFETIME

    @property
    def must_ask(self) -> bool:
        """Tell whether it is about so many people that whoever gave it has to confirm it."""
        return self.asks and self.order.state.is_open and len(self.resolution.assignees) > ASK_ABOVE

    @property
    def is_unconfirmed(self) -> bool:
        """Tell whether the CAD has taken the order and not yet shown that it was done."""
        return (
            self.order.state is OrderState.DONE
            and self.outcome is not None
            and self.outcome.confirmation is BoardConfirmation.PENDING
        )

    def record(self) -> Order:
        """Return the order as it is to be stored.

        What may have arrived is stored as being sent: the next start has to know it too. Whom it
        is about is stored once that is certain, or it is being sent.
        """
        is_sent = self.broke_off and self.order.state.is_open
        is_open_question = (
            self.order.state is OrderState.QUEUED
            and not self.broke_off
            and (self.doubt is not None or not self.is_made_out)
        )
        return replace(
            self.order,
            state=OrderState.SENDING if is_sent else self.order.state,
            people=frozenset(
                one.discord_id for one in self.resolution.assignees if one.discord_id is not None
            ),
            resolution=None if is_open_question else outcomes.encode_resolution(self.resolution),
            outcome=outcomes.encode_outcome(self.outcome) if self.outcome else None,
        )

    def view(self, waiting: WaitNotice | None = None) -> OrderView:
        """Return what people are told."""
        is_open_question = waiting and not self.is_made_out
        resolution = Resolution() if is_open_question else self.resolution
        return OrderView(self.order, resolution, self.outcome, waiting)


def attachments(jobs: Sequence[Job]) -> list[AttachRequest]:
    """Merge attach orders into one attachment per call."""
    merged: dict[tuple[int, int], dict[str, UnitRef]] = {}
    for job in jobs:
        place = job.order.server_id, job.order.call_id or 0
        merged.setdefault(place, {}).update(_subjects(job.resolution.assignees))
    return [
        AttachRequest(server_id, call_id, tuple(subjects.values()))
        for (server_id, call_id), subjects in merged.items()
    ]


def detachments(jobs: Sequence[Job]) -> list[DetachRequest]:
    """Merge detach orders into one detachment per server."""
    merged: dict[int, dict[str, UnitRef]] = {}
    for job in jobs:
        merged.setdefault(job.order.server_id, {}).update(_subjects(job.resolution.assignees))
    return [
        DetachRequest(server_id, tuple(subjects.values())) for server_id, subjects in merged.items()
    ]


def _subjects(assignees: Sequence[Assignee]) -> dict[str, UnitRef]:
    return {one.key: UnitRef(one.api_id, one.unit.ident if one.unit else None) for one in assignees}
