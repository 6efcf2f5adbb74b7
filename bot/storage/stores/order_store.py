"""The orders: which are waiting, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, delete, func, insert, or_, select, update

from bot.storage.advisory_lock import acquire_lock
from bot.storage.database import Coalescer, Database
from bot.storage.tables import orders

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row, Select


class OrderAction(StrEnum):
    """What an order asks for."""

    ATTACH = "attach"
    DETACH = "detach"
    RESPOND = "respond"  # make a 911 call a dispatch call, and attach units to it
    NOTE = "note"
    STATUS = "status"
    CLOSE = "close"
    DISMISS = "dismiss"  # take a 911 call off the list
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

    def is_shown_in(self, message_id: int | None) -> bool:
        """Return whether a message may be the order's reply; where one is not known, it may."""
        return message_id is None or self.reply_id is None or self.reply_id == message_id


ORDERS = select(*(orders.c[name] for name in Order.__slots__))
_BY_ID = ORDERS.where(orders.c.id == bindparam("order"))
_BY_REPLY = (
    ORDERS.where(orders.c.reply_id == bindparam("message")).order_by(orders.c.id.desc()).limit(1)
)
_OPEN = (OrderState.QUEUED, OrderState.SENDING)
_UNFINISHED = ORDERS.where(or_(orders.c.state.in_(_OPEN), orders.c.answered.is_(False))).order_by(
    orders.c.id
)
_NEWEST = ORDERS.where(orders.c.guild_id == bindparam("guild")).order_by(orders.c.id.desc())
_INSERT = insert(orders).returning(orders.c.id, sort_by_parameter_order=True)
_INSERT_MANY = insert(orders)
_GIVEN = tuple(name for name in Order.__slots__ if name != "id")
_LAST_ID = select(func.max(orders.c.id))
_CHANGING = (
    *("call_id", "reply_id", "state", "step", "people", "resolution", "outcome"),
    *("answered", "finished_at"),
)
_ONE = update(orders).where(orders.c.id == bindparam("order"))
# A late write does not change an order that has been closed.
_UPDATE = _ONE.where(
    or_(
        orders.c.state == OrderState.QUEUED,
        orders.c.state == OrderState.SENDING,
        orders.c.state == bindparam("new_state"),
    )
).values({name: bindparam(f"new_{name}") for name in _CHANGING})
_ABANDON = _ONE.values(
    state=case((orders.c.state.in_(_OPEN), OrderState.UNREADABLE), else_=orders.c.state),
    answered=True,
    finished_at=func.coalesce(orders.c.finished_at, bindparam("now")),
)
_ANSWER = _ONE.where(orders.c.state == OrderState.AWAITING_CONFIRMATION)
_WIPE = (
    update(orders)
    .where(orders.c.created_at < bindparam("before"), orders.c.token.is_not(None))
    .values(token=None)
)
_PRUNE = delete(orders).where(
    orders.c.created_at < bindparam("before"), orders.c.state.not_in(_OPEN)
)


class OrderStore:
    """The orders in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Work on an open `database`."""
        self._database = database
        # Many may come at once: one transaction for all costs hardly more than one row.
        self._adding = Coalescer(self._add_all)

    async def add(self, order: Order) -> int:
        """Save a new order and return its id; the id in `order` is ignored."""
        return await self._adding.submit(order)

    async def add_reply(self, order: Order) -> int | None:
        """Save a new order whose reply takes the place of a message; return its id.

        None where the message is the reply of another order already.
        """
        async with self._database.begin() as connection:
            await acquire_lock(connection, f"reply {order.reply_id}")
            message = {"message": order.reply_id}
            if (await connection.execute(_BY_REPLY, message)).first():
                return None
            new_id: int = (await connection.scalars(_INSERT, _new_row(order))).one()
        return new_id

    async def get(self, order_id: int) -> Order | None:
        """Find an order."""
        async with self._database.connect() as connection:
            row = (await connection.execute(_BY_ID, {"order": order_id})).first()
        return order_from_row(row) if row else None

    async def find_by_reply(self, message_id: int) -> Order | None:
        """Find the latest order whose reply is in a message."""
        async with self._database.connect() as connection:
            row = (await connection.execute(_BY_REPLY, {"message": message_id})).first()
        return order_from_row(row) if row else None

    async def save(self, changed: Sequence[Order]) -> None:
        """Write what may change of these orders, all or none."""
        if changed:
            rows = [_changed_row(order) for order in changed]
            async with self._database.begin() as connection:
                await connection.execute(_UPDATE, rows if len(rows) > 1 else rows[0])

    async def confirm(self, asked_id: int, order: Order) -> int | None:
        """Save the order that follows from a confirmed one; return its id.

        None where the confirmation was answered before. The confirmed order counts as answered.
        """
        async with self._database.begin() as connection:
            answer = _ANSWER.values(state=OrderState.CONFIRMED, answered=True)
            if not (await connection.execute(answer, {"order": asked_id})).rowcount:
                return None
            new_id: int = (await connection.scalars(_INSERT, _new_row(order))).one()
        return new_id

    async def decline(self, asked_id: int) -> bool:
        """Close an order that its actor does not confirm; False if it was answered before."""
        async with self._database.begin() as connection:
            answer = _ANSWER.values(state=OrderState.CANCELLED, answered=True)
            return bool((await connection.execute(answer, {"order": asked_id})).rowcount)

    async def abandon(self, order_id: int, now: datetime) -> None:
        """Close an order that cannot be read, without touching what it says."""
        async with self._database.begin() as connection:
            await connection.execute(_ABANDON, {"order": order_id, "now": now})

    async def unfinished(self) -> list[Order]:
        """List the orders that are open, or whose outcome was not told, the oldest first."""
        return await self._read(_UNFINISHED)

    async def newest(
        self,
        guild_id: int,
        *,
        member_id: int | None = None,
        call_id: int | None = None,
        offset: int = 0,
        limit: int = 10,
    ) -> list[Order]:
        """List a guild's orders, the newest first: by or about a member, on a call, or all."""
        statement = _filtered(_NEWEST, member_id, call_id).limit(limit).offset(offset)
        return await self._read(statement, guild=guild_id)

    async def count(
        self, guild_id: int, *, member_id: int | None = None, call_id: int | None = None
    ) -> int:
        """Count what `newest` lists."""
        found = _filtered(_NEWEST.order_by(None), member_id, call_id).subquery()
        async with self._database.connect() as connection:
            statement = select(func.count()).select_from(found)
            return (await connection.execute(statement, {"guild": guild_id})).scalar_one()

    async def wipe_tokens(self, before: datetime) -> None:
        """Forget the tokens of orders made before a moment; they open nothing any more."""
        async with self._database.begin() as connection:
            await connection.execute(_WIPE, {"before": before})

    async def prune(self, before: datetime) -> int:
        """Delete the closed orders made before a moment; return how many."""
        async with self._database.begin() as connection:
            return (await connection.execute(_PRUNE, {"before": before})).rowcount

    async def _add_all(self, new: Sequence[Order]) -> Sequence[int]:
        rows = [_new_row(order) for order in new]
        async with self._database.begin() as connection:
            if self._database.dialect != "sqlite":
                return (await connection.scalars(_INSERT, rows)).all()
            if len(rows) == 1:
                return [(await connection.execute(_INSERT_MANY, rows[0])).lastrowid]
            # SQLite would be told every row by itself to say the ids in order. But they follow
            # each other: the whole transaction holds the only write lock.
            await connection.execute(_INSERT_MANY, rows)
            last: int = (await connection.execute(_LAST_ID)).scalar_one()
        return range(last - len(rows) + 1, last + 1)

    async def _read(self, statement: Select[Any], **parameters: object) -> list[Order]:
        async with self._database.connect() as connection:
            return [order_from_row(row) for row in await connection.execute(statement, parameters)]


def _filtered(statement: Select[Any], member_id: int | None, call_id: int | None) -> Select[Any]:
    if member_id is not None:
        about = orders.c.people.contains(encode_ids([member_id]), autoescape=True)
        statement = statement.where(or_(orders.c.actor_id == member_id, about))
    if call_id is not None:
        statement = statement.where(orders.c.call_id == call_id)
    return statement


def encode_ids(discord_ids: Collection[int]) -> str:
    """Spell ids so that one of them can be searched for: ",1,2,"."""
    return ",".join(["", *map(str, sorted(discord_ids)), ""]) if discord_ids else ","


def order_from_row(row: Row[Any]) -> Order:
    """Read a row of `ORDERS`."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["action"] = OrderAction(row.action)
    values["state"] = OrderState(row.state)
    values["people"] = frozenset(int(one) for one in row.people.split(",") if one)
    return Order(**values)


def _new_row(order: Order) -> dict[str, Any]:
    row = {name: getattr(order, name) for name in _GIVEN}
    return row | {"people": encode_ids(order.people)}


def _changed_row(order: Order) -> dict[str, Any]:
    row = {f"new_{name}": getattr(order, name) for name in _CHANGING}
    return row | {"new_people": encode_ids(order.people), "order": order.id}
