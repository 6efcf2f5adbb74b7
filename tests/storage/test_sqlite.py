"""SQLite is written in the event loop's own thread, and waits only where it has to."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import registry

from bot.storage.database import Database
from bot.storage.errors import StorageError
from bot.storage.sqlite import CHECKPOINT_EVERY, UtcDateTime
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore
from tests.deadlines import HANG_TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path


NEW = Order(
    0, 10, 1, OrderAction.ATTACH, 100, "me", 42, datetime(2026, 1, 1, tzinfo=UTC), 7, "token"
)
PAGE = 4096  # bytes
NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
POSTGRES, SQLITE = registry.load("postgresql")(), registry.load("sqlite")()


def size(file: Path) -> int:
    return file.stat().st_size


@pytest.fixture
def store(database: Database) -> OrderStore:
    return OrderStore(database)


@pytest.mark.sqlite
async def test_a_write_does_not_wait_for_other_users_of_the_connection(
    store: OrderStore, database: Database
) -> None:
    async with database.connect(), asyncio.timeout(HANG_TIMEOUT):
        stored = replace(NEW, id=await store.add(NEW), state=OrderState.SENDING)
        await store.save([stored])
    assert await store.get(stored.id) == stored


async def test_a_write_waits_while_another_program_writes(store: OrderStore, file: Path) -> None:
    first = await store.add(NEW)
    sending = replace(NEW, id=first, state=OrderState.SENDING)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        adding = asyncio.create_task(store.add(NEW))
        saving = asyncio.create_task(store.save([sending]))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not adding.done()
        assert not saving.done()
        other.execute("COMMIT")
        await saving
        second = await adding
    assert await store.get(first) == sending
    assert await store.get(second) == replace(NEW, id=second)


async def test_what_is_wrong_is_told(store: OrderStore, file: Path) -> None:
    stored = replace(NEW, id=await store.add(NEW))
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TABLE orders")
    with pytest.raises(StorageError, match="no such table"):
        await store.add(NEW)
    with pytest.raises(StorageError, match="no such table"):
        await store.save([stored])


async def test_a_closed_database_is_not_written_to(store: OrderStore, database: Database) -> None:
    await database.close()
    with pytest.raises(StorageError, match="closed"):
        await store.add(NEW)


async def test_the_log_is_moved_into_the_file_by_the_other_connection(
    store: OrderStore, file: Path
) -> None:
    before, log = size(file), file.with_name(f"{file.name}-wal")
    for _ in range(CHECKPOINT_EVERY - 2):
        await store.add(replace(NEW, units="x" * PAGE))
    assert size(log) > 1000 * PAGE, "SQLite would move it from 1,000 pages on"
    assert size(file) == before
    for _ in range(2):
        await store.add(NEW)
    async with asyncio.timeout(HANG_TIMEOUT):
        while size(file) == before:  # noqa: ASYNC110 - a thread does it
            await asyncio.sleep(0.01)


@pytest.mark.sqlite
async def test_a_long_transaction_lets_others_go_on(database: Database) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    async with database.begin() as connection:
        slow = text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000)"
            " SELECT max(i) FROM n"
        )
        for _ in range(10):
            assert await connection.scalar(slow) == 50_000
    counting.cancel()
    assert 3 < turns < 50


async def test_a_writer_that_waits_for_another_program_can_be_cancelled(
    store: OrderStore, file: Path
) -> None:
    await store.add(NEW)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        adding = asyncio.create_task(store.add(NEW))
        await asyncio.sleep(0.05)
        adding.cancel()
        await asyncio.gather(adding, return_exceptions=True)
        other.execute("COMMIT")
    async with asyncio.timeout(HANG_TIMEOUT):
        assert await store.add(NEW) > 1


async def test_a_database_in_memory_has_one_connection() -> None:
    database = await Database.open("sqlite+aiosqlite://")
    store = OrderStore(database)
    stored = replace(NEW, id=await store.add(NEW))
    assert await store.get(stored.id) == stored
    await database.close()


def test_times_keep_their_zone() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    assert UtcDateTime().process_result_value(berlin, POSTGRES) == NOON
    assert UtcDateTime().process_result_value(None, POSTGRES) is None
    assert UtcDateTime().process_bind_param(None, POSTGRES) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), POSTGRES)


def test_times_are_stored_in_utc() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    stored = UtcDateTime().process_bind_param(berlin, POSTGRES)
    assert stored is not None
    assert (stored, stored.tzinfo) == (NOON, UTC)


def test_a_time_that_sqlite_returns_without_its_zone_is_utc() -> None:
    assert UtcDateTime().process_result_value(NOON.replace(tzinfo=None), SQLITE) == NOON


@given(st.datetimes(timezones=st.timezones()))
def test_a_time_is_read_as_the_moment_that_was_written(moment: datetime) -> None:
    utc = moment.astimezone(UTC)
    stored = UtcDateTime().process_bind_param(moment, SQLITE)
    assert stored is not None
    assert UtcDateTime().process_result_value(stored.replace(tzinfo=None), SQLITE) == utc
