"""A lone order is written at once on SQLite, and waits only where it has to."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore

if TYPE_CHECKING:
    from pathlib import Path

    from bot.storage.database import Database

NEW = Order(
    0, 10, 1, OrderAction.ATTACH, 100, "me", 42, datetime(2026, 1, 1, tzinfo=UTC), 7, "token"
)
PAGE = 4096  # bytes


def size(file: Path) -> int:
    return file.stat().st_size


@pytest.fixture
def store(database: Database) -> OrderStore:
    return OrderStore(database)


@pytest.mark.sqlite
async def test_it_does_not_wait_for_whoever_uses_the_connection(
    store: OrderStore, database: Database
) -> None:
    async with database.connect(), asyncio.timeout(5):
        stored = replace(NEW, id=await store.add(NEW), state=OrderState.SENDING)
        await store.save([stored])
    assert await store.get(stored.id) == stored


async def test_it_waits_while_another_program_writes(store: OrderStore, file: Path) -> None:
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


async def test_the_log_is_not_moved_into_the_file_meanwhile(
    store: OrderStore, database: Database, file: Path
) -> None:
    before, log = size(file), file.with_name(f"{file.name}-wal")
    for _ in range(600):
        await store.add(replace(NEW, units="x" * PAGE))
    assert size(log) > 1200 * PAGE, "SQLite would move it from 1,000 pages on"
    assert size(file) == before
    await store.wipe_tokens(datetime(2027, 1, 1, tzinfo=UTC))
    assert size(file) > before
