from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.exc import StatementError

from bot.storage.database import Database
from bot.storage.errors import LinksChanged, StorageError
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import _SELECT_FOR_UPDATE, ImportCounts, LinkStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GUILD = 700_000_000_000_000_001
OTHER_GUILD = 700_000_000_000_000_002
STAFF = 2**63 - 1
NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)


def link(discord_id: int, api_id: str = "", guild_id: int = GUILD) -> Link:
    return Link(guild_id, discord_id, api_id or f"steam:{discord_id:x}", STAFF, NOON)


@pytest.fixture
def store(database: Database) -> LinkStore:
    return LinkStore(database)


@pytest.fixture
async def statements(database: Database) -> AsyncIterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    async with database.begin():
        if database._writer and database._writer._raw:
            database._writer._raw.set_trace_callback(seen.append)
    yield seen
    event.remove(database._engine.sync_engine, "before_cursor_execute", note)


class TestFind:
    async def test_finds_many_people_with_one_query(
        self, store: LinkStore, statements: list[str]
    ) -> None:
        await store.put_many([link(n) for n in range(1, 101)])
        statements.clear()
        found = await store.find(GUILD, [7, 3, 999, 3])
        assert found == {3: link(3), 7: link(7)}
        assert len(statements) == 1
        assert len(await store.find(GUILD, range(1, 5001))) == 100
        assert len(statements) == 2

    async def test_no_members(self, store: LinkStore) -> None:
        await store.claim(link(1))
        assert await store.find(GUILD, []) == {}
        assert await store.find(GUILD, [2]) == {}
        assert await store.find_by_api_ids(GUILD, []) == []

    async def test_guilds_are_apart(self, store: LinkStore) -> None:
        await store.claim(link(1, "here"))
        await store.claim(link(1, "there", OTHER_GUILD))
        assert (await store.find(GUILD, [1]))[1].api_id == "here"
        assert (await store.find(OTHER_GUILD, [1]))[1].api_id == "there"
        assert await store.find_by_api_ids(OTHER_GUILD, ["here"]) == []
        assert await store.count(GUILD) == 1
        assert await store.all(GUILD) == [link(1, "here")]
        assert await store.remove(OTHER_GUILD, 1) == link(1, "there", OTHER_GUILD)
        assert await store.count(GUILD) == 1

    async def test_by_api_ids(self, store: LinkStore, statements: list[str]) -> None:
        await store.put_many([link(3, "b"), link(2, "a"), link(1, "b"), link(4, "B")])
        statements.clear()
        assert await store.find_by_api_ids(GUILD, ["b", "a", "c"]) == [
            link(1, "b"),
            link(2, "a"),
            link(3, "b"),
            link(4, "B"),
        ]
        assert len(statements) == 1


class TestLists:
    async def test_pages_in_the_order_of_ids(self, store: LinkStore) -> None:
        await store.put_many([link(n) for n in (5, 1, 4, 2, 3)])
        assert await store.page(GUILD, offset=0, limit=2) == [link(1), link(2)]
        assert await store.page(GUILD, offset=4, limit=2) == [link(5)]
        assert await store.page(GUILD, offset=5, limit=2) == []
        assert await store.all(GUILD) == [link(n) for n in range(1, 6)]
        assert await store.count(GUILD) == 5
        assert await store.count(OTHER_GUILD) == 0
        found = await store.api_ids(GUILD)
        assert list(found.items()) == [(n, f"steam:{n}") for n in range(1, 6)]
        assert await store.api_ids(OTHER_GUILD) == {}


class TestPut:
    async def test_says_what_it_replaced(self, store: LinkStore) -> None:
        first = link(1, "a")
        second = Link(GUILD, 1, "b", 42, NOON + timedelta(days=1))
        assert (await store.claim(first)).replaced is None
        assert (await store.claim(second)).replaced == first
        assert await store.find(GUILD, [1]) == {1: second}

    async def test_times_come_back_in_utc(self, store: LinkStore) -> None:
        berlin = timezone(timedelta(hours=2))
        await store.claim(replace(link(1), set_at=NOON.astimezone(berlin)))
        found = (await store.find(GUILD, [1]))[1].set_at
        assert found == NOON
        assert found.tzinfo is UTC
        with pytest.raises(StatementError, match="time zone"):
            await store.claim(replace(link(1), set_at=NOON.replace(tzinfo=None)))

    async def test_text_is_kept_exactly(self, store: LinkStore) -> None:
        odd = "STEAM:1'; DROP TABLE links;--\u202e🚓"
        await store.claim(link(1, odd))
        assert (await store.find_by_api_ids(GUILD, [odd])) == [link(1, odd)]

    async def test_remove(self, store: LinkStore) -> None:
        await store.claim(link(1))
        assert await store.remove(GUILD, 1) == link(1)
        assert await store.remove(GUILD, 1) is None
        assert await store.count(GUILD) == 0


class TestPutMany:
    async def test_counts(self, store: LinkStore) -> None:
        assert await store.put_many([]) == ImportCounts(0, 0, 0)
        await store.put_many([link(1, "a"), link(2, "b")])
        later = NOON + timedelta(days=1)
        new = [Link(GUILD, n, api_id, 42, later) for n, api_id in ((1, "a"), (2, "x"), (3, "c"))]
        assert await store.put_many(new) == ImportCounts(added=1, changed=1, unchanged=1)
        # An unchanged link keeps the actor who set it first.
        assert await store.all(GUILD) == [link(1, "a"), *new[1:]]

    async def test_last_of_two_counts(self, store: LinkStore) -> None:
        assert await store.put_many([link(1, "a"), link(1, "b")]) == ImportCounts(1, 0, 0)
        assert await store.all(GUILD) == [link(1, "b")]

    async def test_more_than_one_chunk_and_guild(self, store: LinkStore) -> None:
        new = [link(n, guild_id=GUILD + n % 2) for n in range(1, 5001)]
        assert await store.put_many(reversed(new)) == ImportCounts(5000, 0, 0)
        assert await store.put_many(new) == ImportCounts(0, 0, 5000)
        assert await store.count(GUILD) == 2500
        assert await store.all(GUILD + 1) == new[::2]

    @pytest.mark.sqlite
    async def test_fifty_thousand_are_one_transaction(
        self, store: LinkStore, url: str, statements: list[str]
    ) -> None:
        size = 50_000
        other = await Database.open(url)
        seen: list[int] = []
        told: list[int] = []

        async def look() -> None:
            while sum(told) < size:
                seen.append(await LinkStore(other).count(GUILD))

        try:
            looking = asyncio.create_task(look())
            statements.clear()
            counts = await store.put_many((link(n) for n in range(1, size + 1)), told.append)
            await looking
        finally:
            await other.close()
        assert counts == ImportCounts(size, 0, 0)
        assert sum(told) == size
        assert len(told) == 50
        # No other connection sees a part of it.
        assert len(seen) > 1
        assert set(seen) <= {0, size}
        assert [one for one in statements if one.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]
        assert await store.count(GUILD) == size

    async def test_nothing_where_the_links_are_not_as_expected(self, store: LinkStore) -> None:
        await store.put_many([link(1, "a"), link(9, "x", OTHER_GUILD)])
        for expected in ({}, {1: "b"}, {1: "a", 2: "a"}):
            with pytest.raises(LinksChanged, match="have changed meanwhile"):
                await store.put_many([link(2, "b")], expected=expected)
        assert await store.all(GUILD) == [link(1, "a")]
        counts = await store.put_many([link(2, "b")], expected={1: "a"})
        assert counts == ImportCounts(1, 0, 0)

    @pytest.mark.sqlite
    async def test_all_or_nothing(self, store: LinkStore) -> None:
        bad = replace(link(2000), set_by=None)  # type: ignore[arg-type]
        with pytest.raises(StorageError, match="NOT NULL"):
            await store.put_many([*(link(n) for n in range(1, 2000)), bad])
        assert await store.count(GUILD) == 0


@pytest.mark.sqlite
class TestTwoProcesses:
    CODE = """
import asyncio, sys
from datetime import UTC, datetime
from bot.storage.database import Database
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

async def main(url, guild, name):
    database = await Database.open(url)
    store = LinkStore(database)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(200):
        link = Link(int(guild), 1, f"{name}{n}", 1, datetime.now(UTC))
        before = (await store.claim(link)).replaced
        print(before.api_id if before else "nothing", flush=True)
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""

    async def test_every_link_is_replaced_exactly_once(self, store: LinkStore, url: str) -> None:
        pipe = asyncio.subprocess.PIPE
        arguments = ["-c", self.CODE, url, str(GUILD), "theirs"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=pipe, stdout=pipe
        )
        assert process.stdout is not None
        await process.stdout.readline()
        theirs = asyncio.create_task(process.communicate(b"go\n"))
        ours: list[str] = []
        # A fixed number: a process that writes without end keeps the other one from the lock.
        for n in range(200):
            before = (await store.claim(link(1, f"ours{n}"))).replaced
            ours.append(before.api_id if before else "nothing")
        output, _ = await theirs
        assert process.returncode == 0
        last = (await store.find(GUILD, [1]))[1].api_id
        replaced = [*ours, *output.decode().split()]
        written = [f"{whose}{n}" for whose in ("ours", "theirs") for n in range(200)]
        assert sorted([*replaced, last]) == sorted([*written, "nothing"])


class TestPostgres:
    """Without a server: the statement that it would receive."""

    DIALECT = registry.load("postgresql")()

    def test_rows_are_locked_before_they_are_replaced(self) -> None:
        assert str(_SELECT_FOR_UPDATE.compile(dialect=self.DIALECT)).endswith("FOR UPDATE")
