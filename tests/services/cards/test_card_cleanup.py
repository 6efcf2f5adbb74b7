"""The messages of cards that no call has any more are deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta

import pytest

from bot.services.background import BACKOFF
from bot.services.cards.card_cleanup import CHECK_INTERVAL, CardCleanup
from bot.services.cards.discord_budget import DiscordBudget
from bot.storage.stores.card_store import CardStore, ObsoleteCard
from sandbox.fake_time import FakeTime
from tests.services.cards.card_fixture import settle

SERVED = [1]
OVERVIEWS = [500]


class FakeStore(CardStore):
    def __init__(self) -> None:
        self.rows: list[ObsoleteCard] = []
        self.kept_servers: list[Collection[int]] = []
        self.kept_overviews: list[Collection[int]] = []

    async def retire_other_servers(self, server_ids: Collection[int], now: datetime) -> None:
        self.kept_servers.append(server_ids)

    async def retire_other_overviews(self, channel_ids: Collection[int], now: datetime) -> None:
        self.kept_overviews.append(channel_ids)

    async def obsolete(self) -> list[ObsoleteCard]:
        return sorted(self.rows, key=lambda one: one.delete_at)

    async def forget_obsolete(self, message_id: int) -> None:
        self.rows = [one for one in self.rows if one.message_id != message_id]


class Messages:
    """The messages in all channels; those in `locked` may not be deleted, `broken` ones fail."""

    def __init__(self) -> None:
        self.deleted: list[tuple[int, int]] = []
        self.locked: set[int] = set()
        self.broken: set[int] = set()

    def channel(self, channel_id: int) -> MessagesOfChannel:
        return MessagesOfChannel(self, channel_id)


class MessagesOfChannel:
    def __init__(self, messages: Messages, channel_id: int) -> None:
        self.messages, self.channel_id = messages, channel_id

    async def discard(self, message_id: int) -> bool:
        if message_id in self.messages.broken:
            raise OSError("no network")
        if message_id in self.messages.locked:
            return False
        self.messages.deleted.append((self.channel_id, message_id))
        return True


class Cleaning:
    """A clean-up that runs, with what it works on."""

    def __init__(self) -> None:
        self.time = FakeTime()
        self.store, self.messages = FakeStore(), Messages()
        self.cleanup = CardCleanup(
            self.store,
            SERVED,
            self.messages.channel,
            overview_channels=OVERVIEWS,
            discord=DiscordBudget(self.time),
            clock=self.time,
        )

    def put(self, message_id: int, *, minutes: float = 0) -> None:
        due = self.time.now() + timedelta(minutes=minutes)
        self.store.rows.append(ObsoleteCard(message_id, 500, due))

    async def advance(self, seconds: float = CHECK_INTERVAL) -> None:
        await self.time.advance(seconds, settle)


@pytest.fixture
async def cleaning() -> AsyncIterator[Cleaning]:
    cleaning = Cleaning()
    yield cleaning
    await cleaning.cleanup.close(1)


async def test_a_message_is_deleted_when_it_is_due(cleaning: Cleaning):
    cleaning.put(7)
    cleaning.put(8, minutes=10)
    cleaning.cleanup.start()
    await cleaning.advance()
    assert cleaning.messages.deleted == [(500, 7)]
    await cleaning.advance(600)
    assert cleaning.messages.deleted == [(500, 7), (500, 8)]
    assert cleaning.store.rows == []


async def test_the_cards_of_other_servers_are_retired_once(cleaning: Cleaning):
    cleaning.cleanup.start()
    await cleaning.advance(10 * CHECK_INTERVAL)
    assert cleaning.store.kept_servers == [SERVED]
    assert cleaning.store.kept_overviews == [OVERVIEWS]


async def test_one_message_does_not_stop_the_others(
    cleaning: Cleaning, caplog: pytest.LogCaptureFixture
):
    cleaning.messages.broken = {7}
    cleaning.put(7)
    cleaning.put(8)
    cleaning.cleanup.start()
    await cleaning.advance(10 * CHECK_INTERVAL)
    assert cleaning.messages.deleted == [(500, 8)]
    assert [one.levelname for one in caplog.records] == ["WARNING"], "an outage is logged once"
    cleaning.messages.broken.clear()
    await cleaning.advance(BACKOFF.longest)
    assert cleaning.messages.deleted == [(500, 8), (500, 7)]


async def test_what_the_bot_may_not_delete_is_named_and_left(
    cleaning: Cleaning, caplog: pytest.LogCaptureFixture
):
    cleaning.messages.locked = {7}
    cleaning.put(7)
    cleaning.cleanup.start()
    await cleaning.advance(10 * CHECK_INTERVAL)
    assert cleaning.store.rows == []
    (line,) = [one.getMessage() for one in caplog.records]
    assert line == "the bot may not delete the old card 7 in channel 500: delete it by hand"
