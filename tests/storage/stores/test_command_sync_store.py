from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage.stores.command_sync_store import CommandSyncStore

if TYPE_CHECKING:
    from bot.storage.database import Database


async def test_remembers_the_last_fingerprint_of_each_scope(database: Database) -> None:
    store = CommandSyncStore(database)
    assert await store.get("1:global") is None
    await store.put("1:global", "a")
    await store.put("1:2", "b")
    await store.put("1:global", "c")
    assert await store.get("1:global") == "c"
    assert await store.get("1:2") == "b"
