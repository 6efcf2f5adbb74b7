"""An order in the queue: what is stored of it, and what the scheduler has to know."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.cad.errors import CadError
from bot.cad.models import Receipt
from bot.common.discord_limits import REPLY_LIFETIME
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import (
    OUTCOME_JSON,
    RESOLUTION_JSON,
    BoardConfirmation,
    OrderDetail,
    OrderView,
    Outcome,
    WaitNotice,
)
from bot.services.queue.order_kinds import KINDS, OrderKind
from bot.services.queue.steps import CallsRead, Step
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.terms import Term
from bot.storage.stores.order_store import Order, OrderState

CONFIRM_ABOVE = 10  # units; an order about more is confirmed by its actor before it is sent
LIFETIME = REPLY_LIFETIME


@dataclass(frozen=True, slots=True)
class LookupState:
    """How far it is known which units an order is about.

    Attributes:
        is_resolved: the resolution names the units, as far as the CAD tells now.
        is_running: a lookup is under way.
        asked_at: monotonic seconds when the running lookup asked the CAD; None while memory is
            enough.
        error: why the last lookup does not name all units; a later one may.
        failures: CadBackoff.failures when the last lookup began.
        is_stored: the store has what the last lookup found.
    """

    is_resolved: bool = False
    is_running: bool = False
    asked_at: float | None = None
    error: CadError | None = None
    failures: int = 0
    is_stored: bool = False


@dataclass(slots=True)
class ReplyState:
    """What the reply to an order shows.

    Attributes:
        wanted: the notice that it is to show.
        shown: the notice that it shows; None for none.
        shown_at: monotonic seconds of the last edit.
        is_updating: a task is about to show the notice that is wanted.
        is_gone: Discord does not let the reply be edited any more.
        is_replaced: the reply of an order that undoes this one has taken its place.
        failures: how often in a row Discord did not answer.
        lock: held while the reply is edited.
    """

    wanted: WaitNotice | None = None
    shown: WaitNotice | None = None
    shown_at: float = -math.inf
    is_updating: bool = False
    is_gone: bool = False
    is_replaced: bool = False
    failures: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(eq=False, slots=True)
class QueuedOrder:
    """An order that the queue holds.

    What is stored:
        order: as stored, but for what `to_order` adds.
        terms: the parsed `units` of the order.
        detail: what it says beside its call and its units.
        resolution, outcome: what became known of it so far.

    What follows from that:
        kind, step: how it is carried out, and the request that is next or under way.

    What is only shown:
        server: see OrderView.server.

    What the scheduler has to know, lost in a restart:
        entered_at: monotonic seconds when the queue took it.
        expires_at: when no further attempt is made.
        is_alone: no other order that may share a request has been in the queue since then.
        may_ask: the actor may be asked for a confirmation.
        lookup: how far the units are known.
        retry_at: monotonic seconds before which an attempt is of no use.
        partition: see batching.BatchItem.
        is_late: its units may have moved on since the order was given.
        may_have_been_sent: an attempt at this step that failed may have reached the CAD.
        receipt: what the CAD said to the last request.
        calls_read: the calls that show what the last request has done; None where not read.

    What the notifier has to know, lost in a restart:
        reply: what the actor has been shown.
    """

    order: Order
    terms: tuple[Term, ...]
    detail: OrderDetail
    resolution: Resolution
    outcome: Outcome | None
    kind: OrderKind
    step: Step
    entered_at: float
    expires_at: datetime
    server: str = ""
    is_alone: bool = True
    may_ask: bool = True
    lookup: LookupState = LookupState()
    retry_at: float = -math.inf
    partition: int = 0
    is_late: bool = False
    may_have_been_sent: bool = False
    receipt: Receipt | None = None
    calls_read: CallsRead | None = None
    reply: ReplyState = field(default_factory=ReplyState)

    @classmethod
    def load(
        cls,
        accepted: AcceptedOrder,
        *,
        entered_at: float,
        server: str = "",
        may_ask: bool = True,
    ) -> QueuedOrder:
        """Take an order as it is stored; one that was being sent may have reached the CAD."""
        order = accepted.order
        is_stored, was_sending = order.resolution is not None, order.state is OrderState.SENDING
        # A new attach has nothing to decode.
        is_plain = not is_stored and order.outcome is None and order.detail is None
        view = OrderView(order) if is_plain else outcomes.decode_view(order)
        kind = KINDS[order.action]
        return cls(
            replace(order, state=OrderState.QUEUED) if was_sending else order,
            accepted.terms,
            view.detail,
            view.resolution,
            view.outcome,
            kind,
            kind.steps[order.step],
            entered_at,
            order.created_at + LIFETIME,
            server,
            # Where the resolution is stored, the actor has confirmed it or did not need to.
            may_ask=may_ask and not is_stored,
            lookup=LookupState(is_stored and not accepted.must_check, is_stored=is_stored),
            is_late=is_stored,
            may_have_been_sent=was_sending,
            reply=ReplyState(is_replaced=order.undone_by is not None),
        )

    @property
    def needs_confirmation(self) -> bool:
        """Tell whether the actor has to confirm first that it is about so many units."""
        is_about_many = len(self.resolution.assignees) > CONFIRM_ABOVE
        return self.may_ask and self.lookup.is_resolved and is_about_many

    @property
    def is_refused(self) -> bool:
        """Tell whether an order without units is not to be sent, whatever the CAD says."""
        # What needs no units leaves something out only where it is denied.
        return self.kind.needs_units or bool(self.resolution.left_out)

    @property
    def is_unconfirmed(self) -> bool:
        """Tell whether the calls are to be read, to show that the order was done, and what else.

        A receipt says that it was done, but not whether the units have left their former calls.
        """
        outcome = self.outcome
        if self.order.state is not OrderState.DONE or self.kind.is_shown is None or outcome is None:
            return False
        is_pending = outcome.confirmation is BoardConfirmation.PENDING
        return is_pending or (not outcome.is_looked_at and bool(self.leaving()))

    def leaving(self) -> list[tuple[Assignee, int]]:
        """Return the units that are to leave a call, each with that call, as far as it is known."""
        order, puts_on_call = self.order, self.kind.puts_on_call
        goes_to = order.call_id if puts_on_call else None
        leaving = []
        for one in self.resolution.assignees:
            call_id = order.call_id if puts_on_call is None else one.call_id
            if call_id is not None and call_id != goes_to:
                leaving.append((one, call_id))
        return leaving

    def advance(self) -> None:
        """Go on to the next step."""
        order = self.order
        self.order = replace(order, state=OrderState.QUEUED, step=order.step + 1)
        self.step = self.kind.steps[self.order.step]
        self.may_have_been_sent, self.partition, self.retry_at = False, 0, -math.inf

    def to_order(self) -> Order:
        """Return the order to store.

        One that may have reached the CAD is stored as being sent, so that a restart treats it the
        same way. The units are stored once they are certain, or once the order is being sent.
        """
        order, lookup = self.order, self.lookup
        is_open_question = (
            order.state is OrderState.QUEUED
            and not self.may_have_been_sent
            and (lookup.error is not None or not lookup.is_resolved)
        )
        is_sent = self.may_have_been_sent and order.state.is_open
        people = {one.discord_id for one in self.resolution.assignees if one.discord_id is not None}
        if self.resolution.left_out:
            near = self.resolution.near_matches
            people |= {one.member_id for one in near if one.member_id is not None}
        return replace(
            order,
            state=OrderState.SENDING if is_sent else order.state,
            people=frozenset(people),
            resolution=order.resolution
            if is_open_question
            else RESOLUTION_JSON.dump_json(self.resolution).decode(),
            outcome=OUTCOME_JSON.dump_json(self.outcome).decode() if self.outcome else None,
        )

    def view(self, waiting: WaitNotice | None = None) -> OrderView:
        """Return what the actor is shown."""
        is_open_question = waiting and not self.lookup.is_resolved
        resolution = Resolution() if is_open_question else self.resolution
        return OrderView(self.order, resolution, self.outcome, waiting, self.detail, self.server)
