from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.storage.database import Database
from bot.storage.stores.card_store import CardKind, CardStore, StoredCard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
ROBBERY = StoredCard(1, CardKind.CALL, 100, 5, None, NOW)
SHOTS = StoredCard(1, CardKind.EMERGENCY, 100, 5, 77, NOW, NOW, pinged=True)


@pytest.fixture
async def store(url: str) -> AsyncIterator[CardStore]:
    database = await Database.open(url)
    yield CardStore(database)
    await database.close()


async def test_what_was_put_is_there_after_a_restart(store: CardStore, url: str):
    await store.save(SHOTS)
    await store.save(ROBBERY)
    database = await Database.open(url)
    assert await CardStore(database).all(1) == [SHOTS, ROBBERY]
    await database.close()


async def test_a_call_has_one_card(store: CardStore):
    posted = replace(ROBBERY, message_id=2**62, closed_at=NOW, pinged=True)
    await store.save(ROBBERY)
    await store.save(posted)
    assert await store.all(1) == [posted]


async def test_servers_and_kinds_are_apart(store: CardStore):
    elsewhere = replace(ROBBERY, server_id=2)
    for card in (ROBBERY, SHOTS, elsewhere):
        await store.save(card)
    await store.remove(1, CardKind.CALL, 100)
    await store.remove(1, CardKind.CALL, 101)
    assert await store.all(1) == [SHOTS]
    assert await store.all(2) == [elsewhere]
