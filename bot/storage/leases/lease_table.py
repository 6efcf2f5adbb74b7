"""The lease on a shard, as a row of PostgreSQL. All times are those of the database's clock."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from sqlalchemy import Interval, bindparam, func, select, update

from bot.storage.errors import DRIVER_ERRORS, storage_error
from bot.storage.tables import shards

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from sqlalchemy import Update
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_SHARD_ID = 0  # one process owns all guilds
_NEW = {"shard_id": _SHARD_ID, "worker_id": "", "epoch": 0}

_is_over = shards.c.expires_at <= func.clock_timestamp()
_in_time = func.clock_timestamp() + bindparam("ttl", type_=Interval)
_SHARD = update(shards).where(shards.c.shard_id == _SHARD_ID)
_is_mine = (shards.c.worker_id == bindparam("worker"), shards.c.epoch == bindparam("held"))
_GRANT = shards.c.epoch, func.clock_timestamp()
_CLAIM = (
    _SHARD.where(_is_over)
    .values(worker_id=bindparam("worker"), epoch=shards.c.epoch + 1, expires_at=_in_time)
    .returning(*_GRANT)
)
_RENEW = _SHARD.where(*_is_mine, ~_is_over).values(expires_at=_in_time).returning(*_GRANT)
_RESIGN = _SHARD.where(*_is_mine, ~_is_over).values(expires_at=func.clock_timestamp())
_FENCE = (
    # A process that is stopped within the transaction must not keep the others out.
    select(func.set_config("idle_in_transaction_session_timeout", bindparam("patience"), True))
    .select_from(shards)
    .where(shards.c.shard_id == _SHARD_ID, *_is_mine, ~_is_over)
    # A claim changes a key and waits for this lock; a renewal does not, see `tables.shards`.
    .with_for_update(read=True, key_share=True)
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the database says to a claim or a renewal.

    Attributes:
        epoch: that of the lease.
        at: the moment of the statement, by the database's clock.
    """

    epoch: int
    at: datetime


class LeaseTable:
    """The lease as one worker sees it. Each method is one statement with its own transaction.

    Every method raises a StorageError when it fails.

    Args:
        engine: commits each statement at once; for these alone, so that no other work keeps them
            waiting.
        location: see `Database.location`.
        worker_id: tells this process from all others.
    """

    def __init__(self, engine: AsyncEngine, location: str, worker_id: str) -> None:
        self.location = location
        self._engine = engine
        self._worker_id = worker_id

    async def prepare(self) -> None:
        """Create the row where it is missing; its lease is over."""
        insert = import_module("sqlalchemy.dialects.postgresql").insert(shards)
        row = insert.values(**_NEW, expires_at=func.clock_timestamp()).on_conflict_do_nothing()
        async with self._connected() as connection:
            await connection.execute(row)

    async def claim(self, ttl: timedelta) -> Grant | None:
        """Take the lease if it is over, with a new epoch; None where it is not over."""
        return await self._ask_for(_CLAIM, ttl=ttl)

    async def renew(self, epoch: int, ttl: timedelta) -> Grant | None:
        """Extend the lease of this worker and this epoch; None where it is over."""
        return await self._ask_for(_RENEW, held=epoch, ttl=ttl)

    async def resign(self, epoch: int) -> None:
        """End the lease of this worker and this epoch."""
        async with self._connected() as connection:
            await connection.execute(_RESIGN, {"worker": self._worker_id, "held": epoch})

    async def fence(self, connection: AsyncConnection, epoch: int, patience: timedelta) -> bool:
        """Hold the lease until the end of a transaction; False where it is over.

        Args:
            patience: how long the transaction may do nothing; then PostgreSQL ends it.
        """
        milliseconds = str(round(patience / timedelta(milliseconds=1)))
        values = {"worker": self._worker_id, "held": epoch, "patience": milliseconds}
        return await connection.scalar(_FENCE, values) is not None

    async def close(self) -> None:
        """Close the connection."""
        await self._engine.dispose()

    async def _ask_for(self, statement: Update, **values: object) -> Grant | None:
        values["worker"] = self._worker_id
        async with self._connected() as connection:
            row = (await connection.execute(statement, values)).first()
        return Grant(*row) if row else None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise storage_error(self.location, error) from error
