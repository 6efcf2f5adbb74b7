"""Everything that is stored about a user, to show it to them or to erase it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from bot.common.discord_limits import LAST_SNOWFLAKE
from bot.storage.stores.link_request_store import delete_requests
from bot.storage.stores.order_row import ORDERS, order_from_row
from bot.storage.stores.order_store import encode_ids
from bot.storage.tables import link_requests, links, orders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database
    from bot.storage.stores.order_row import Order

_MENTION = re.compile(r"<@!?(\d{1,20})>")

_LINKED_PEOPLE = select(links.c.discord_id).where(links.c.guild_id == bindparam("guild"))
_REQUEST_PEOPLE = select(link_requests.c.discord_id).where(
    link_requests.c.guild_id == bindparam("guild")
)
_ORDER_PEOPLE = select(orders.c.actor_id, orders.c.people, orders.c.units).where(
    orders.c.guild_id == bindparam("guild")
)
_COUNT_SET_BY = (
    select(func.count())
    .select_from(links)
    .where(
        links.c.guild_id == bindparam("guild"),
        links.c.set_by == bindparam("person"),
        links.c.discord_id != bindparam("person"),
    )
)
_UPDATE = update(orders).where(orders.c.id == bindparam("order"))


class PersonalDataStore:
    """The personal data in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database

    async def stored_people(self, guild_id: int) -> set[int]:
        """Return the Discord ids of all users that the guild's data is about."""
        guild = {"guild": guild_id}
        async with self._database.connect() as connection:
            found = set(await connection.scalars(_LINKED_PEOPLE, guild))
            found |= set(await connection.scalars(_REQUEST_PEOPLE, guild))
            for actor_id, people, units in await connection.execute(_ORDER_PEOPLE, guild):
                found.add(actor_id)
                found.update(int(one) for one in people.split(",") if one)
                found.update(map(int, _MENTION.findall(units)))
        # A typed number may be no Discord id, or too large for the database.
        return {one for one in found if 0 < one <= LAST_SNOWFLAKE}

    async def count_links_set_by(self, guild_id: int, discord_id: int) -> int:
        """Count the links of other members that a user has set."""
        async with self._database.connect() as connection:
            key = {"guild": guild_id, "person": discord_id}
            return (await connection.execute(_COUNT_SET_BY, key)).scalar_one()

    async def orders_naming(
        self, guild_id: int, discord_id: int, finished_before: datetime
    ) -> list[Order]:
        """List the closed orders by a user, about them, or with their Discord id in the text."""
        statement = ORDERS.where(
            orders.c.guild_id == guild_id,
            orders.c.finished_at < finished_before,
            or_(
                orders.c.actor_id == discord_id,
                orders.c.people.contains(encode_ids([discord_id]), autoescape=True),
                orders.c.units.contains(str(discord_id), autoescape=True),
            ),
        )
        async with self._database.connect() as connection:
            return [order_from_row(row) for row in await connection.execute(statement)]

    async def erase(
        self, guild_id: int, discord_id: int, redacted: Sequence[Order], deleted_ids: Iterable[int]
    ) -> bool:
        """Erase a user's data in one transaction; return True if they had a link.

        Args:
            redacted: the user's orders without the user.
            deleted_ids: the ids of the orders to delete.
        """
        async with self._database.begin() as connection:
            removed = await connection.execute(
                delete(links).where(
                    and_(links.c.guild_id == guild_id, links.c.discord_id == discord_id)
                )
            )
            await connection.execute(
                update(links)
                .where(links.c.guild_id == guild_id, links.c.set_by == discord_id)
                .values(set_by=0)
            )
            await delete_requests(connection, guild_id, discord_id)
            await connection.execute(
                update(link_requests)
                .where(
                    link_requests.c.guild_id == guild_id,
                    link_requests.c.decided_by == discord_id,
                )
                .values(decided_by=None)
            )
            for order in redacted:
                await _redact(connection, order)
            for order_id in deleted_ids:
                await connection.execute(delete(orders).where(orders.c.id == order_id))
        return bool(removed.rowcount)


async def _redact(connection: AsyncConnection, order: Order) -> None:
    """Write an order without the user."""
    await connection.execute(
        _UPDATE.values(
            actor_id=order.actor_id,
            units=order.units,
            people=encode_ids(order.people),
            detail=order.detail,
            resolution=order.resolution,
            outcome=order.outcome,
            token=order.token,
            reply_id=order.reply_id,
            answered=order.answered,
        ),
        {"order": order.id},
    )
