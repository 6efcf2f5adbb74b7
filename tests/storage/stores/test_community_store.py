from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from bot.storage.sealing import Sealer
from bot.storage.stores import community_store
from bot.storage.stores.community_store import CommunityStore, KeyCounts
from bot.storage.stores.guild_store import GuildStore
from bot.storage.tables import communities

if TYPE_CHECKING:
    from bot.storage.database import Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW, LOST = "o" * 43, "n" * 43, "l" * 43


async def put(database: Database, sealing_key: str, *names: str) -> None:
    store = GuildStore(database, Sealer([sealing_key]))
    taken = len(await store.all())
    for number, name in enumerate(names, taken):
        await store.save(number + 1, name, f"key-of-{name}", "{}", NOW)


async def opened(database: Database, *sealing_keys: str) -> dict[str, str]:
    store = GuildStore(database, Sealer(sealing_keys))
    return {one.cad_id: store.api_key(one) for one in await store.all()}


@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_rotation_seals_all_keys_with_the_newest(
    database: Database, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community_store, "_PAGE", community_store._PAGE.limit(batch))
    await put(database, OLD, "a", "b", "c")
    await put(database, NEW, "d")
    both = CommunityStore(database, Sealer([NEW, OLD]))
    assert await both.check() == KeyCounts(newest=1, older=3)
    assert await both.rotate() == KeyCounts(newest=1, older=3)
    assert await both.rotate() == KeyCounts(newest=4)
    assert await opened(database, NEW) == {name: f"key-of-{name}" for name in "abcd"}
    # The digests are those of the newest key, too.
    await put(database, NEW, "a")
    assert len(set(await opened(database, NEW))) == 4
    async with database.connect() as connection:
        assert len((await connection.scalars(select(communities.c.id))).all()) == 4


async def test_a_key_that_does_not_open_stays_and_is_named(database: Database) -> None:
    await put(database, LOST, "lost")
    await put(database, OLD, "a")
    both = CommunityStore(database, Sealer([NEW, OLD]))
    assert await both.check() == KeyCounts(older=1, locked=("lost",))
    assert await both.rotate() == KeyCounts(older=1, locked=("lost",))
    assert await both.check() == KeyCounts(newest=1, locked=("lost",))
    assert (await opened(database, LOST, NEW))["lost"] == "key-of-lost"


async def test_rotation_that_breaks_off_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community_store, "_PAGE", community_store._PAGE.limit(1))
    await put(database, OLD, "a", "b", "c")
    both = CommunityStore(database, Sealer([NEW, OLD]))
    done = 0

    def is_newest(sealed: bytes) -> bool:
        nonlocal done
        done += 1
        if done > 2:  # each row is looked at twice
            raise KeyboardInterrupt
        return Sealer([NEW, OLD]).is_newest(sealed)

    with monkeypatch.context() as broken:
        broken.setattr(both._sealer, "is_newest", is_newest)
        with pytest.raises(KeyboardInterrupt):
            await both.rotate()
    assert await both.check() == KeyCounts(newest=1, older=2)
    assert await both.rotate() == KeyCounts(newest=1, older=2)
    assert await opened(database, NEW) == {name: f"key-of-{name}" for name in "abc"}


async def test_a_key_that_was_set_meanwhile_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, OLD, "a")
    both = CommunityStore(database, Sealer([NEW, OLD]))
    seal = both._sealed_anew

    def late(row, key):
        return seal(row, key) | {"before": b"another one"}

    monkeypatch.setattr(both, "_sealed_anew", late)
    await both.rotate()
    assert await both.check() == KeyCounts(older=1)


async def test_no_community_is_no_key(database: Database) -> None:
    assert await CommunityStore(database, Sealer([])).check() == KeyCounts()
    async with database.begin() as connection:
        await connection.execute(
            insert(communities).values(
                id="1", cad_id="x", key_sealed=b"", key_digest=b"", key_set_at=NOW
            )
        )
    assert await CommunityStore(database, Sealer([])).check() == KeyCounts(locked=("x",))
