from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage.database import Database
from bot.storage.stores.card_store import CardKind, CardStore, ObsoleteCard, StoredCard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
ROBBERY = StoredCard(1, CardKind.CALL, 100, 5, None, NOW)
SHOTS = StoredCard(1, CardKind.EMERGENCY, 100, 5, 77, NOW, NOW, pinged=True)


@pytest.fixture
async def store(url: str) -> AsyncIterator[CardStore]:
    database = await Database.open(url)
    yield CardStore(database, GUILD)
    await database.close()


GUILD, OTHER_GUILD = 10, 11
LATER = NOW + timedelta(hours=1)
CHANNEL = 5


async def test_what_was_put_is_there_after_a_restart(store: CardStore, url: str):
    await store.save(SHOTS)
    await store.save(ROBBERY)
    database = await Database.open(url)
    assert await CardStore(database, GUILD).take_over([1], CHANNEL, NOW) == [SHOTS, ROBBERY]
    await database.close()


async def test_a_call_has_one_card(store: CardStore):
    posted = replace(ROBBERY, message_id=2**62, closed_at=NOW, pinged=True, subject="a b")
    await store.save(ROBBERY)
    await store.save(posted)
    assert await store.take_over([1], CHANNEL, NOW) == [posted]


async def test_servers_and_kinds_are_apart(store: CardStore):
    elsewhere = replace(ROBBERY, server_id=2)
    for card in (ROBBERY, SHOTS, elsewhere):
        await store.save(card)
    await store.remove(1, CardKind.CALL, 100)
    await store.remove(1, CardKind.CALL, 101)
    assert await store.take_over([1], CHANNEL, NOW) == [SHOTS]
    assert await store.take_over([1, 2], CHANNEL, NOW) == [SHOTS, elsewhere]


async def test_the_cards_move_to_another_channel_and_leave_their_messages(store: CardStore):
    await store.save(SHOTS)
    await store.save(ROBBERY)
    moved = [replace(one, channel_id=6, message_id=None) for one in (SHOTS, ROBBERY)]
    assert await store.take_over([1], 6, LATER) == moved
    assert await store.obsolete() == [ObsoleteCard(77, 5, LATER)]
    assert await store.take_over([1], 6, LATER) == moved
    await store.forget_obsolete(77)
    assert await store.obsolete() == []


async def test_the_cards_of_a_server_of_before_leave_their_messages(store: CardStore):
    elsewhere = replace(SHOTS, server_id=2, message_id=78)
    for card in (ROBBERY, SHOTS, elsewhere):
        await store.save(card)
    await store.retire_other_servers([1], LATER)
    assert await store.take_over([1, 2], CHANNEL, NOW) == [SHOTS, ROBBERY]
    assert await store.obsolete() == [ObsoleteCard(78, 5, LATER)]
    await store.retire_other_servers([], LATER)
    assert await store.take_over([1, 2], CHANNEL, NOW) == []
    assert await store.obsolete() == [ObsoleteCard(77, 5, LATER), ObsoleteCard(78, 5, LATER)]


async def test_a_card_that_is_replaced_leaves_its_message(store: CardStore):
    await store.save(SHOTS)
    renewed = replace(SHOTS, message_id=None, closed_at=None)
    await store.save(renewed, ObsoleteCard(77, 5, LATER))
    assert await store.take_over([1], CHANNEL, NOW) == [renewed]
    assert await store.obsolete() == [ObsoleteCard(77, 5, LATER)]


async def test_another_message_is_remembered_until_it_is_deleted(store: CardStore):
    await store.save_obsolete(ObsoleteCard(77, 500, LATER))
    assert await store.obsolete() == [ObsoleteCard(77, 500, LATER)]
    await store.forget_obsolete(77)
    assert await store.obsolete() == []


async def test_guilds_with_the_same_servers_and_calls_are_apart(store: CardStore, url: str):
    database = await Database.open(url)
    other = CardStore(database, OTHER_GUILD)
    theirs = replace(SHOTS, message_id=78)
    await store.save(SHOTS)
    await other.save(theirs, ObsoleteCard(79, 5, LATER))
    assert await other.take_over([1], CHANNEL, NOW) == [theirs]
    assert await store.obsolete() == []
    await store.forget_obsolete(79)
    assert await other.obsolete() == [ObsoleteCard(79, 5, LATER)]
    await store.retire_other_servers([], LATER)
    await store.remove(1, CardKind.EMERGENCY, 100)
    await store.take_over([1], 6, LATER)
    assert await other.take_over([1], CHANNEL, NOW) == [theirs]
    assert await other.obsolete() == [ObsoleteCard(79, 5, LATER)]
    await database.close()


async def test_cards_of_earlier_versions_are_adopted_once(store: CardStore, url: str):
    database = await Database.open(url)
    unowned, other = CardStore(database, 0), CardStore(database, OTHER_GUILD)
    await unowned.save(SHOTS, ObsoleteCard(79, 5, LATER))
    await store.adopt()
    await other.adopt()
    assert await store.take_over([1], CHANNEL, NOW) == [SHOTS]
    assert await store.obsolete() == [ObsoleteCard(79, 5, LATER)]
    assert await other.take_over([1], CHANNEL, NOW) == []
    await database.close()


async def test_a_channel_has_one_overview(store: CardStore, url: str):
    assert await store.overview(CHANNEL) is None
    await store.save_overview(CHANNEL, 7, NOW)
    await store.save_overview(CHANNEL + 1, 8, NOW)
    await store.save_overview(CHANNEL, 9, LATER)
    database = await Database.open(url)
    assert await CardStore(database, GUILD).overview(CHANNEL) == 9
    assert await CardStore(database, OTHER_GUILD).overview(CHANNEL) is None
    await database.close()
    assert await store.obsolete() == [ObsoleteCard(7, CHANNEL, LATER)]


async def test_the_overviews_of_other_channels_leave_their_messages(store: CardStore):
    await store.save_overview(CHANNEL, 7, NOW)
    await store.save_overview(CHANNEL + 1, 8, NOW)
    await store.retire_other_overviews([CHANNEL], LATER)
    await store.retire_other_overviews([CHANNEL], LATER)
    assert await store.overview(CHANNEL) == 7
    assert await store.overview(CHANNEL + 1) is None
    assert await store.obsolete() == [ObsoleteCard(8, CHANNEL + 1, LATER)]
