"""The rows of stored orders, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.storage.tables import orders

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row


class OrderAction(StrEnum):
    """What an order asks for."""

    ATTACH = "attach"
    DETACH = "detach"
    CREATE = "create"  # a dispatch call without units
    RESPOND = "respond"  # make a 911 call a dispatch call, and attach units to it
    NOTE = "note"
    STATUS = "status"
    PRIMARY = "primary"  # make a unit the primary unit of its call
    CLOSE = "close"
    DISMISS = "dismiss"  # take a 911 call off the list
    UNDO = "undo"  # put the units of another order back where they were
    UNREADABLE = "unreadable"  # another version of the bot has stored it

    @classmethod
    def _missing_(cls, value: object) -> OrderAction:  # noqa: ARG003
        return cls.UNREADABLE


class OrderState(StrEnum):
    """Where an order stands. The first two change; AWAITING_CONFIRMATION can be answered."""

    QUEUED = "queued"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    AWAITING_CONFIRMATION = "asked"  # not sent: its actor has to confirm it first
    CONFIRMED = "confirmed"  # the actor has confirmed it: another order followed
    UNREADABLE = "unreadable"  # another version of the bot has stored it; it is closed

    @classmethod
    def _missing_(cls, value: object) -> OrderState:  # noqa: ARG003
        return cls.UNREADABLE

    @property
    def is_open(self) -> bool:
        """Tell whether something is still to come."""
        return self in {OrderState.QUEUED, OrderState.SENDING}

    @property
    def is_failed(self) -> bool:
        """Tell whether it was closed without being carried out."""
        return self in FAILED_STATES


FAILED_STATES = (OrderState.REFUSED, OrderState.EXPIRED, OrderState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Order:
    """One order as stored.

    Attributes:
        call_id: the dispatch call, None while it is not created; for a detach, the only call that
            units may be taken off, None for any.
        units: the text as typed, with the members of the roles and channels that it names.
        application_id, token: the address of the private reply; the token is a secret, valid for
            `INTERACTION_LIFETIME` and wiped after that.
        reply_id: the message that holds the reply; None until Discord has told it.
        people: the Discord ids of the members it is about, known once it is resolved.
        detail: JSON of the services above: what it says beside its call and units; None for
            nothing.
        step: how many of its requests to the CAD are done.
        resolution, outcome: JSON of the services above; None until known.
        answered: whether the actor was told the last outcome.
        undone_by: the id of the order that undoes it; None where none was given.
    """

    id: int
    guild_id: int
    server_id: int
    action: OrderAction
    call_id: int | None
    units: str
    actor_id: int
    created_at: datetime
    application_id: int
    token: str | None = field(repr=False)
    reply_id: int | None = None
    state: OrderState = OrderState.QUEUED
    people: frozenset[int] = frozenset()
    detail: str | None = None
    step: int = 0
    resolution: str | None = None
    outcome: str | None = None
    answered: bool = False
    finished_at: datetime | None = None
    undone_by: int | None = None

    def is_shown_in(self, message_id: int | None) -> bool:
        """Return whether a message may be the order's reply; where one is not known, it may."""
        return message_id is None or self.reply_id is None or self.reply_id == message_id


ORDERS = select(*(orders.c[name] for name in Order.__slots__))


def order_from_row(row: Row[Any]) -> Order:
    """Read a row of `ORDERS`."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["action"] = OrderAction(row.action)
    values["state"] = OrderState(row.state)
    values["people"] = frozenset(int(one) for one in row.people.split(",") if one)
    return Order(**values)
