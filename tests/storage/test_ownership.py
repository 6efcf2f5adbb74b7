from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.storage.database import Database, upgrade
from bot.storage.errors import DatabaseInUse, DatabaseUnavailable


async def test_a_file_has_one_owner(url: str) -> None:
    owner = await Database.open(url, is_owner=True)
    with pytest.raises(DatabaseInUse, match="Another bot uses the database"):
        await Database.open(url, is_owner=True)
    await upgrade(url)  # the commands of the terminal work beside it
    assert owner.ownership.trusted_for is None
    losing = asyncio.create_task(owner.ownership.wait_lost())
    await owner.close()
    assert not losing.done()
    losing.cancel()
    again = await Database.open(url, is_owner=True)
    await again.close()


async def test_a_database_in_memory_has_no_other_owner() -> None:
    first, second = [await Database.open("sqlite+aiosqlite://", is_owner=True) for _ in range(2)]
    await first.close()
    await second.close()


async def test_a_lock_that_cannot_be_tried(url: str, file: Path) -> None:
    file.with_name(f"{file.name}.lock").mkdir()
    with pytest.raises(DatabaseUnavailable):
        await Database.open(url, is_owner=True)


async def test_a_server_that_is_not_up_yet_is_trouble_that_passes(unused_tcp_port: int) -> None:
    url = f"postgresql+asyncpg://bot:secret@127.0.0.1:{unused_tcp_port}/dispatch"
    with pytest.raises(DatabaseUnavailable) as caught:
        await Database.open(url, is_owner=True)
    assert caught.value.may_pass
