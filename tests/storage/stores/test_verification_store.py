from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage.stores.link_row import Link, LinkSource
from bot.storage.stores.link_store import ImportCounts, LinkStore
from bot.storage.stores.verification_store import (
    VerificationCounts,
    VerificationStatus,
    VerificationStore,
)
from tests.stored_links import put_link

if TYPE_CHECKING:
    from typing import Any

    from bot.storage.database import Database

GUILD, OTHER_GUILD = 700_000_000_000_000_001, 700_000_000_000_000_002
NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def link(discord_id: int, api_id: str = "", **more: Any) -> Link:
    return replace(Link(GUILD, discord_id, api_id or f"steam:{discord_id}", 9, NOON), **more)


def proven(discord_id: int, at: datetime = NOON, **more: Any) -> Link:
    return link(discord_id, account_name="pat", proven_at=at, checked_at=at, **more)


@pytest.fixture
def links(database: Database) -> LinkStore:
    return LinkStore(database)


@pytest.fixture
def proofs(database: Database) -> VerificationStore:
    return VerificationStore(database)


class TestSave:
    async def test_every_field_comes_back(
        self, links: LinkStore, proofs: VerificationStore
    ) -> None:
        await put_link(links, before := link(1))
        after = replace(
            before,
            api_id="STEAM:1",
            set_by=0,
            source=LinkSource.CAD,
            account_name="pat",
            account_uuid="u-1",
            proven_at=NOON,
            checked_at=NOON + HOUR,
            other_account="vic",
        )
        assert await proofs.save(before, after)
        assert await links.all(GUILD) == [after]

    @pytest.mark.parametrize(
        "now", [link(1, "other"), link(1, set_at=NOON + MINUTE), link(1, guild_id=OTHER_GUILD)]
    )
    async def test_what_is_not_the_same_link_any_more_stays(
        self, links: LinkStore, proofs: VerificationStore, now: Link
    ) -> None:
        await put_link(links, now)
        assert not await proofs.save(link(1), proven(1))
        assert await links.all(now.guild_id) == [now]


class TestImports:
    async def test_the_same_id_keeps_its_proof(self, links: LinkStore) -> None:
        await put_link(links, proven(1))
        await put_link(links, proven(2))
        new = [link(1, set_by=5), link(2, "license:x", source=LinkSource.IMPORT), link(3)]
        assert await links.put_many(new) == ImportCounts(1, 1, 1)
        assert await links.all(GUILD) == [proven(1), new[1], new[2]]


class TestDue:
    async def due(self, proofs: VerificationStore, after: timedelta = timedelta()) -> int | None:
        found = await proofs.due(GUILD, NOON + after)
        return found.discord_id if found else None

    async def test_no_links(self, links: LinkStore, proofs: VerificationStore) -> None:
        assert await self.due(proofs) is None
        await put_link(links, proven(1))
        await put_link(links, link(2, guild_id=OTHER_GUILD))
        assert await self.due(proofs, 30 * DAY) is None

    @pytest.mark.parametrize(
        ("age", "waited", "is_due"),
        [
            (5 * MINUTE, 4 * MINUTE, False),
            (HOUR, 5 * MINUTE, True),
            (HOUR + MINUTE, 59 * MINUTE, False),
            (HOUR + MINUTE, HOUR, True),
            (DAY + MINUTE, 23 * HOUR, False),
            (DAY + MINUTE, DAY, True),
            (100 * DAY, DAY, True),
        ],
    )
    async def test_the_longer_ago_it_was_set_the_longer_it_waits(
        self,
        links: LinkStore,
        proofs: VerificationStore,
        age: timedelta,
        waited: timedelta,
        is_due: bool,
    ) -> None:
        await put_link(links, link(1, set_at=NOON - age, checked_at=NOON - waited))
        assert await self.due(proofs) == (1 if is_due else None)

    async def test_the_order(self, links: LinkStore, proofs: VerificationStore) -> None:
        old: dict[str, Any] = {"set_at": NOON - DAY}
        await put_link(links, link(1, source=LinkSource.IMPORT, **old))
        await put_link(links, link(2, checked_at=NOON - 2 * HOUR, **old))
        await put_link(links, link(3, checked_at=NOON - 3 * HOUR, **old))
        await put_link(links, link(4, **old))
        found = []
        while one := await proofs.due(GUILD, NOON):
            found.append(one.discord_id)
            await proofs.save(one, replace(one, checked_at=NOON))
        assert found == [4, 3, 2, 1]


class TestLists:
    async def test_counts_and_standings(self, links: LinkStore, proofs: VerificationStore) -> None:
        none = VerificationCounts(0, 0, 0, 0, 0)
        assert await proofs.counts(GUILD, NOON) == none
        await links.put_many(
            [
                proven(1),
                proven(2, NOON - MINUTE),
                proven(3, other_account="vic"),
                link(4, checked_at=NOON, account_name="was"),
                link(5),
                link(6, checked_at=NOON, other_account="vic"),
                proven(7, guild_id=OTHER_GUILD),
            ]
        )
        assert await proofs.counts(GUILD, NOON) == VerificationCounts(6, 4, 1, 1, 2)
        for standing, people in (
            (VerificationStatus.VERIFIED, [1]),
            (VerificationStatus.UNVERIFIED, [4]),
            (VerificationStatus.CHANGED, [3, 6]),
        ):
            found = await proofs.with_status(GUILD, standing, NOON, 10)
            assert [one.discord_id for one in found] == people
        assert len(await proofs.with_status(GUILD, VerificationStatus.CHANGED, NOON, 1)) == 1
        for standing, people in (
            (VerificationStatus.VERIFIED, [1, 2]),
            (VerificationStatus.UNVERIFIED, [4, 5]),
            (VerificationStatus.CHANGED, [3, 6]),
        ):
            assert await proofs.count(GUILD, standing) == 2
            for offset in (0, 1):
                found = await proofs.page(GUILD, standing, offset=offset, limit=1)
                assert [one.discord_id for one in found] == [people[offset]]

    async def test_what_is_left_to_check(self, links: LinkStore, proofs: VerificationStore) -> None:
        await links.put_many([proven(1), proven(2, NOON - MINUTE), link(3), link(4)])
        found, last = [], -1
        while one := await proofs.next_unchecked(GUILD, NOON, last):
            found.append(last := one.discord_id)
        assert found == [2, 3, 4]

    async def test_ids_in_chunks(self, links: LinkStore, proofs: VerificationStore) -> None:
        await links.put_many([link(one) for one in range(1, 6)])
        assert await proofs.api_id_chunk(GUILD, after=-1, limit=2) == [
            (1, "steam:1"),
            (2, "steam:2"),
        ]
        assert await proofs.api_id_chunk(GUILD, after=4, limit=2) == [(5, "steam:5")]
        assert await proofs.api_id_chunk(GUILD, after=5, limit=2) == []

    async def test_what_was_proven_last(self, links: LinkStore, proofs: VerificationStore) -> None:
        await links.put_many([proven(1), proven(2, NOON + HOUR), link(3), proven(4, NOON - HOUR)])
        await links.put_many([proven(5, NOON + HOUR, guild_id=OTHER_GUILD)])
        assert await proofs.latest_spellings(GUILD, 2) == ["steam:2", "steam:1"]

    async def test_unproven_links_to_an_id(
        self, links: LinkStore, proofs: VerificationStore
    ) -> None:
        await links.put_many(
            [link(1, "a"), proven(2, api_id="a"), link(3, "b"), link(4, "a", guild_id=OTHER_GUILD)]
        )
        found = await proofs.unverified(GUILD, "steam:A")
        assert [one.discord_id for one in found] == [1]
