"""The orders: which are waiting, and what became of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, delete, func, insert, or_, select, update

from bot.storage.advisory_lock import acquire_lock
from bot.storage.database import Coalescer, Database
from bot.storage.stores.order_row import (
    FAILED_STATES,
    ORDERS,
    Order,
    OrderAction,
    OrderState,
    order_from_row,
)
from bot.storage.tables import orders

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Select

__all__ = ["Order", "OrderAction", "OrderState", "OrderStore"]

_BY_ID = ORDERS.where(orders.c.id == bindparam("order"))
_BY_REPLY = (
    ORDERS.where(orders.c.reply_id == bindparam("message")).order_by(orders.c.id.desc()).limit(1)
)
_OPEN = (OrderState.QUEUED, OrderState.SENDING)
_OF_GUILD = orders.c.guild_id == bindparam("guild")
_UNFINISHED = ORDERS.where(
    _OF_GUILD, or_(orders.c.state.in_(_OPEN), orders.c.answered.is_(False))
).order_by(orders.c.id)
_LATER = ORDERS.where(
    _OF_GUILD, orders.c.id > bindparam("order"), orders.c.state.not_in(FAILED_STATES)
).order_by(orders.c.id)
_NEWEST = ORDERS.where(_OF_GUILD).order_by(orders.c.id.desc())
_INSERT = insert(orders).returning(orders.c.id, sort_by_parameter_order=True)
_INSERT_MANY = insert(orders)
_GIVEN = tuple(name for name in Order.__slots__ if name != "id")
_CHANGING = (
    *("call_id", "reply_id", "state", "step", "people", "resolution", "outcome"),
    *("answered", "finished_at"),
)
_LAST_ID = select(func.max(orders.c.id))
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
_undo = orders.alias("undo")
# An order whose undo was not carried out can be undone again.
_TO_UNDO = _ONE.where(
    orders.c.state == OrderState.DONE,
    or_(
        orders.c.undone_by.is_(None),
        orders.c.undone_by.in_(select(_undo.c.id).where(_undo.c.state.in_(FAILED_STATES))),
    ),
)
_BEING_ADDED = -1  # as `undone_by`, within the transaction that adds the undo
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

    async def add_undo(self, done_id: int, order: Order) -> int | None:
        """Save the order that undoes another one; return its id.

        None where the other order is undone already, or is being undone.
        """
        async with self._database.begin() as connection:
            claim = _TO_UNDO.values(undone_by=_BEING_ADDED)
            if not (await connection.execute(claim, {"order": done_id})).rowcount:
                return None
            new_id: int = (await connection.scalars(_INSERT, _new_row(order))).one()
            await connection.execute(_ONE.values(undone_by=new_id), {"order": done_id})
        return new_id

    async def abandon(self, order_id: int, now: datetime) -> None:
        """Close an order that cannot be read, without touching what it says."""
        async with self._database.begin() as connection:
            await connection.execute(_ABANDON, {"order": order_id, "now": now})

    async def unfinished(self, guild_id: int) -> list[Order]:
        """List a guild's orders that are open, or whose outcome was not told, the oldest first."""
        return await self._read(_UNFINISHED, guild=guild_id)

    async def later_than(self, order: Order) -> list[Order]:
        """List the orders of its guild after an order, without those that have failed."""
        return await self._read(_LATER, guild=order.guild_id, order=order.id)

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
        """Forget the tokens of orders made before a moment; they have no use any more."""
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


def _new_row(order: Order) -> dict[str, Any]:
    row = {name: getattr(order, name) for name in _GIVEN}
    return row | {"people": encode_ids(order.people)}


def _changed_row(order: Order) -> dict[str, Any]:
    row = {f"new_{name}": getattr(order, name) for name in _CHANGING}
    return row | {"new_people": encode_ids(order.people), "order": order.id}
