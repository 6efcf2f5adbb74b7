from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from bot.storage.errors import SecretLocked
from bot.storage.sealing import Sealer
from bot.storage.stores.guild_store import GuildStore
from bot.storage.stores.left_guild_store import LeftGuildStore
from bot.storage.tables import communities

if TYPE_CHECKING:
    from bot.storage.database import Database

KEY = "canary-key-value"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
OLD, NEW = "o" * 43, "n" * 43


@pytest.fixture
def guilds(database: Database) -> GuildStore:
    return GuildStore(database, Sealer([OLD]))


async def community_ids(database: Database) -> list[str]:
    async with database.connect() as connection:
        return list(await connection.scalars(select(communities.c.cad_id)))


async def test_a_guild_is_stored_with_its_sealed_key(
    guilds: GuildStore, database: Database
) -> None:
    assert await guilds.get(1) is None
    await guilds.save(1, "sandbox", KEY, '{"a": 1}', NOW)
    found = await guilds.get(1)
    assert found is not None
    assert (found.guild_id, found.settings, found.cad_id) == (1, '{"a": 1}', "sandbox")
    assert (found.updated_at, found.key_set_at) == (NOW, NOW)
    assert guilds.api_key(found) == KEY
    async with database.connect() as connection:
        rows = (await connection.execute(select(communities))).all()
    assert KEY not in repr(rows) + repr(found)


async def test_guilds_with_one_key_share_its_community(
    guilds: GuildStore, database: Database
) -> None:
    await guilds.save(2, "sandbox", KEY, "{}", NOW)
    await guilds.save(1, "sandbox", KEY.upper(), "{}", NOW + timedelta(days=1))
    first, second = await guilds.all()
    assert (first.guild_id, second.guild_id) == (1, 2)
    assert first.community_id == second.community_id
    assert await community_ids(database) == ["sandbox"]
    # The id at the CAD is a claim of that guild: it must not change the community of another.
    await guilds.save(1, "other", KEY, "{}", NOW)
    assert [one.cad_id for one in await guilds.all()] == ["other", "sandbox"]


async def test_a_community_that_no_guild_has_is_forgotten(
    guilds: GuildStore, database: Database
) -> None:
    await guilds.save(1, "sandbox", KEY, "{}", NOW)
    await guilds.save(1, "sandbox", "another-key-value", '{"a": 2}', NOW + timedelta(days=1))
    assert await community_ids(database) == ["sandbox"]
    (found,) = await guilds.all()
    assert guilds.api_key(found) == "another-key-value"
    assert (found.settings, found.updated_at) == ('{"a": 2}', NOW + timedelta(days=1))


async def test_a_key_sealed_with_an_older_key_is_still_found(database: Database) -> None:
    await GuildStore(database, Sealer([OLD])).save(1, "sandbox", KEY, "{}", NOW)
    await GuildStore(database, Sealer([NEW, OLD])).save(2, "sandbox", KEY, "{}", NOW)
    assert await community_ids(database) == ["sandbox"]


async def test_a_key_that_was_put_into_another_row_does_not_open(
    guilds: GuildStore, database: Database
) -> None:
    await guilds.save(1, "sandbox", KEY, "{}", NOW)
    await guilds.save(2, "liberty", "another-key-value", "{}", NOW)
    first, second = await guilds.all()
    async with database.begin() as connection:
        await connection.execute(update(communities).values(key_sealed=first.key_sealed))
    assert guilds.api_key(first) == KEY
    moved = await guilds.get(2)
    assert moved is not None
    await guilds.save(2, "liberty", "another-key-value", "{}", NOW)
    (again,) = [one for one in await guilds.all() if one.guild_id == 2]
    assert guilds.api_key(again) == "another-key-value"
    assert again.community_id == second.community_id
    for stolen in (moved, replace(second, key_sealed=first.key_sealed, cad_id=first.cad_id)):
        with pytest.raises(SecretLocked):
            guilds.api_key(stolen)


async def test_the_key_goes_and_the_settings_stay(database: Database) -> None:
    guilds, left = GuildStore(database, Sealer(["k" * 43])), LeftGuildStore(database)
    await guilds.save(1, "sandbox", "key-of-sandbox", '{"a": 1}', NOW)
    await left.leave(1, NOW)
    assert await guilds.get(1) is None
    assert await community_ids(database) == []
    assert await left.settings(1) == '{"a": 1}'
    await guilds.save(1, "sandbox", "key-of-sandbox", "{}", NOW)
    assert await left.settings(1) is None


async def test_another_guild_keeps_the_key_that_both_have(database: Database) -> None:
    guilds, left = GuildStore(database, Sealer(["k" * 43])), LeftGuildStore(database)
    for guild_id in (1, 2):
        await guilds.save(guild_id, "sandbox", "key-of-sandbox", "{}", NOW)
    await left.leave(1, NOW)
    assert await community_ids(database) == ["sandbox"]
    assert await guilds.get(2) is not None


async def test_guilds_are_found_by_when_they_were_left(database: Database) -> None:
    left = LeftGuildStore(database)
    await left.leave(1, NOW)
    await left.leave(2, NOW + HOUR)
    assert await left.settings(1) == "{}"
    assert await left.left_before(NOW) == []
    assert await left.left_before(NOW + HOUR) == [1]
    await left.leave(1, NOW + HOUR)
    assert await left.left_before(NOW + HOUR) == []


async def test_changes_are_counted(database: Database) -> None:
    guilds = GuildStore(database, Sealer(["k" * 43]))
    await guilds.save(1, "sandbox", "key-of-sandbox", "{}", NOW)
    await guilds.change(1, '{"a": 2}', NOW + HOUR)
    await guilds.change(2, '{"a": 2}', NOW)
    (found,) = await guilds.all()
    assert (found.settings, found.revision, found.updated_at) == ('{"a": 2}', 2, NOW + HOUR)
    assert guilds.api_key(found) == "key-of-sandbox"
    await guilds.save(1, "sandbox", "key-of-sandbox", "{}", NOW)
    assert [one.revision for one in await guilds.all()] == [3]
