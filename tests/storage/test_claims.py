"""Claims of an id in one transaction; and the identities of a migrated database."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.dialects import registry

from bot.common.steam_id import identity
from bot.storage.database import Database, upgrade
from bot.storage.stores.link_store import _SAME_PERSON_OR_ID, LinkStore
from tests.storage.stores.test_link_store import GUILD, OTHER_GUILD, link
from tests.storage.test_migrations import config
from tests.stored_links import put_link

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(database: Database) -> LinkStore:
    return LinkStore(database)


async def test_a_free_id_is_given(store: LinkStore) -> None:
    claim = await store.claim(link(1, "a"))
    assert (claim.is_granted, claim.replaced, claim.holders) == (True, None, ())
    again = await store.claim(link(1, "b"))
    assert (again.is_granted, again.replaced) == (True, link(1, "a"))


async def test_an_id_of_another_member_is_not(store: LinkStore) -> None:
    await put_link(store, link(1, "steam:A"))
    claim = await store.claim(link(2, "license:a"))
    assert (claim.is_granted, claim.replaced, claim.holders) == (False, None, (link(1, "steam:A"),))
    assert await store.all(GUILD) == [link(1, "steam:A")]
    assert (await store.claim(link(2, "a", OTHER_GUILD))).is_granted


async def test_an_id_is_given_if_all_holders_are_allowed(store: LinkStore) -> None:
    await put_link(store, link(1, "A"))
    await put_link(store, link(2, "x:a"))
    assert not (await store.claim(link(3, "a"), allowed_holders=[1])).is_granted
    assert not (await store.claim(link(3, "a"), allowed_holders=[1], moving=True)).is_granted
    claim = await store.claim(link(3, "a"), allowed_holders=[1, 2, 9])
    assert (claim.is_granted, len(claim.holders)) == (True, 2)
    assert await store.count(GUILD) == 3
    moved = await store.claim(link(4, "a"), allowed_holders=[1, 2, 3], moving=True)
    assert [one.discord_id for one in moved.holders] == [1, 2, 3]
    assert await store.all(GUILD) == [link(4, "a")]


async def test_a_member_who_shares_an_id_keeps_it(store: LinkStore) -> None:
    await store.put_many([link(1, "a"), link(2, "x:A")])
    claim = await store.claim(link(2, "y:a"))
    assert (claim.is_granted, claim.replaced) == (True, link(2, "x:A"))
    assert await store.find_by_api_ids(GUILD, ["Z:A"]) == [link(1, "a"), link(2, "y:a")]


async def test_claiming_reads_no_more_than_it_must(store: LinkStore, file: Path) -> None:
    await store.claim(link(1, "a"))
    statement = str(_SAME_PERSON_OR_ID.compile(dialect=registry.load("sqlite")()))
    with closing(sqlite3.connect(file)) as raw:
        plan = " ".join(
            row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", [1, 2, 1, "a"])
        )
    assert "guild_id=? AND discord_id=?" in plan
    assert "guild_id=? AND identity=?" in plan


async def test_an_import_can_be_compared_too(store: LinkStore) -> None:
    await store.put_many([link(1, "STEAM:ABC")])
    assert not (await store.claim(link(2, "abc"))).is_granted


@pytest.mark.sqlite
class TestTwoProcesses:
    CODE = """
import asyncio, sys
from datetime import UTC, datetime
from bot.storage.database import Database
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

async def main(url, guild):
    database = await Database.open(url)
    store = LinkStore(database)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(200):
        claim = await store.claim(Link(int(guild), 1000 + n, f"x:{n}", 1, datetime.now(UTC)))
        print(int(claim.is_granted), flush=True)
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""

    async def test_each_id_has_one_winner(self, store: LinkStore, url: str) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", self.CODE, url, str(GUILD), stdin=pipe, stdout=pipe
        )
        assert process.stdout is not None
        await process.stdout.readline()
        theirs = asyncio.create_task(process.communicate(b"go\n"))
        ours = [(await store.claim(link(2000 + n, f"X:{n}"))).is_granted for n in range(200)]
        output, _ = await theirs
        assert process.returncode == 0
        assert [bool(int(one)) for one in output.split()] == [not one for one in ours]
        assert await store.count(GUILD) == 200


async def test_ids_from_before_can_be_compared(file: Path, url: str) -> None:
    await upgrade(url)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        command.downgrade(config(connection=connection), "0003")
    engine.dispose()
    spellings = ["STEAM:ABC", "abc", "license:ä", "a:b:C", "76561198836490351"]
    with closing(sqlite3.connect(file)) as raw, raw:
        for number, api_id in enumerate(spellings, start=1):
            raw.execute(
                "INSERT INTO links VALUES (?, ?, ?, 1, '2026-08-01 12:00:00', 'person')",
                [GUILD, number, api_id],
            )
    database = await Database.open(url)
    store = LinkStore(database)
    assert [one.api_id for one in await store.all(GUILD)] == spellings
    claim = await store.claim(link(9, "x:abc"))
    assert [one.discord_id for one in claim.holders] == [1, 2]
    assert not (await store.claim(link(9, "steam:1100001343A206F"))).is_granted
    await database.close()
    with closing(sqlite3.connect(file)) as raw:
        stored = raw.execute("SELECT api_id, identity FROM links").fetchall()
    assert stored == [(one, identity(one)) for one in spellings]
