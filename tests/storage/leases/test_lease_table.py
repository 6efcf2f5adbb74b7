"""The statements of the lease on a real PostgreSQL, with a connection for each process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.storage.database import Database
from bot.storage.errors import StorageError
from bot.storage.leases.lease_table import LeaseTable
from tests.storage.conftest import POSTGRES, _empty_postgres

LONG = timedelta(minutes=5)
NO_TIME = timedelta(0)

pytestmark = pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL")


@pytest.fixture
async def url(worker_id: str) -> str:
    url = await _empty_postgres(f"dispatch_leases_{worker_id}")
    database = await Database.open(url)
    await database.close()
    return url


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    yield engine
    await engine.dispose()


@pytest.fixture
async def tables(engine: AsyncEngine) -> tuple[LeaseTable, LeaseTable]:
    one, other = (LeaseTable(engine, "the database", name) for name in ("one", "other"))
    await one.prepare()
    await other.prepare()
    return one, other


async def epoch_of(table: LeaseTable) -> int | None:
    """Claim the lease; return the epoch."""
    grant = await table.claim(LONG)
    return grant.epoch if grant else None


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Hold a transaction of a process."""
    own = engine.execution_options(isolation_level="READ COMMITTED")
    async with own.connect() as connection, connection.begin():
        yield connection


async def waits_for_a_lock(engine: AsyncEngine) -> None:
    """Wait until a statement waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    async with engine.connect() as connection:
        while not await connection.scalar(waiting):
            pass


async def test_one_process_has_the_lease(tables: tuple[LeaseTable, LeaseTable]):
    one, other = tables
    assert await epoch_of(one) == 1
    assert await other.claim(LONG) is None
    assert await one.claim(LONG) is None
    assert await one.renew(1, LONG)
    assert not await other.renew(1, LONG)
    assert not await one.renew(2, LONG)


async def test_a_claim_and_a_renewal_say_what_time_it_is(
    engine: AsyncEngine, tables: tuple[LeaseTable, LeaseTable]
):
    async with engine.connect() as connection:
        before = await connection.scalar(text("SELECT clock_timestamp()"))
        claimed, renewed = await tables[0].claim(LONG), await tables[0].renew(1, LONG)
        after = await connection.scalar(text("SELECT clock_timestamp()"))
    assert claimed is not None
    assert renewed is not None
    assert before <= claimed.at <= renewed.at <= after


async def test_a_lease_that_is_over_goes_to_the_next_process(
    tables: tuple[LeaseTable, LeaseTable],
):
    one, other = tables
    assert await epoch_of(one) == 1
    assert await one.renew(1, NO_TIME)
    assert not await one.renew(1, LONG)  # what is over is not renewed
    assert await epoch_of(other) == 2
    await one.resign(1)
    assert await one.claim(LONG) is None


async def test_a_lease_that_is_given_back_is_over(tables: tuple[LeaseTable, LeaseTable]):
    one, other = tables
    assert await epoch_of(one) == 1
    await other.resign(1)
    assert await other.claim(LONG) is None
    await one.resign(1)
    assert await epoch_of(other) == 2


async def test_a_transaction_of_the_owner_keeps_the_next_process_waiting(
    engine: AsyncEngine, tables: tuple[LeaseTable, LeaseTable]
):
    one, other = tables
    assert await epoch_of(one) == 1
    async with transaction(engine) as connection:
        assert await one.fence(connection, 1, LONG)
        assert await one.renew(1, NO_TIME)  # a renewal does not wait for it
        claiming = asyncio.create_task(epoch_of(other))
        await waits_for_a_lock(engine)
        assert not claiming.done()
    assert await claiming == 2
    async with transaction(engine) as connection:
        assert not await one.fence(connection, 1, LONG)
        assert await other.fence(connection, 2, LONG)


async def test_a_fence_that_comes_during_a_claim_does_not_hold(
    engine: AsyncEngine, tables: tuple[LeaseTable, LeaseTable]
):
    """It sees the row as it was before the claim, and has to look again once that is committed."""
    one, _ = tables
    assert await epoch_of(one) == 1
    async with AsyncExitStack() as stack:
        async with transaction(engine) as claiming:
            await claiming.execute(text("UPDATE shards SET worker_id = 'other', epoch = 2"))
            connection = await stack.enter_async_context(transaction(engine))
            fencing = asyncio.create_task(one.fence(connection, 1, LONG))
            await waits_for_a_lock(engine)
            assert not fencing.done()
        assert not await fencing


async def test_a_transaction_that_does_nothing_any_more_is_ended(
    engine: AsyncEngine, tables: tuple[LeaseTable, LeaseTable]
):
    """A process may be stopped or cut off within it."""
    one, other = tables
    assert await epoch_of(one) == 1
    own = engine.execution_options(isolation_level="READ COMMITTED")
    async with own.connect() as connection:
        assert await one.fence(connection, 1, timedelta(milliseconds=50))
        assert await one.renew(1, NO_TIME)
        assert await epoch_of(other) == 2
        with pytest.raises(DBAPIError):
            await connection.execute(text("SELECT 1"))


async def test_a_database_that_is_not_there(unused_tcp_port: int):
    engine = create_async_engine(f"postgresql+asyncpg://bot@127.0.0.1:{unused_tcp_port}/dispatch")
    table = LeaseTable(engine, "the database", "one")
    with pytest.raises(StorageError, match="the database"):
        await table.claim(LONG)
    await table.close()
