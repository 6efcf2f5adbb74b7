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


async def test_forgets_one_scope_and_lists_the_others_of_an_application(
    database: Database,
) -> None:
    store = CommandSyncStore(database)
    for scope in ("1:global", "1:2", "12:3"):
        await store.put(scope, "a")
    assert await store.scopes("1:") == ["1:2", "1:global"]
    await store.delete("1:2")
    assert await store.scopes("1:") == ["1:global"]
    assert await store.get("12:3") == "a"
