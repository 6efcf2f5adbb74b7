"""What is stored about a person: found as a whole, and erased as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.storage.database import Database
from bot.storage.errors import StorageError
from bot.storage.stores.link_request_store import (
    LinkRequest,
    LinkRequestState,
    LinkRequestStore,
)
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore
from bot.storage.stores.personal_data_store import PersonalDataStore
from tests.stored_links import put_link

GUILD, OTHER_GUILD = 10, 11
PAT, BOB, STAFF = 712345678901234567, 812345678901234567, 42
NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: Database) -> PersonalDataStore:
    return PersonalDataStore(database)


@pytest.fixture
def links(database: Database) -> LinkStore:
    return LinkStore(database)


@pytest.fixture
def orders(database: Database) -> OrderStore:
    return OrderStore(database)


@pytest.fixture
def requests(database: Database, links: LinkStore) -> LinkRequestStore:
    return LinkRequestStore(database, links)


def link(discord_id: int, guild_id: int = GUILD, set_by: int = STAFF) -> Link:
    return Link(guild_id, discord_id, f"steam:{discord_id}", set_by, NOON)


async def add(orders: OrderStore, **more: Any) -> Order:
    one = Order(0, GUILD, 1, OrderAction.ATTACH, 100, "A-12", STAFF, NOON, 7, "a-token")
    one = replace(one, state=OrderState.DONE, finished_at=NOON, **more)
    return replace(one, id=await orders.add(one))


async def ask(requests: LinkRequestStore, discord_id: int, **more: Any) -> int:
    one = LinkRequest(0, GUILD, discord_id, "a", discord_id, NOON, LinkRequestState.DENIED)
    request_id, _ = await requests.add(replace(one, **more))
    return request_id


async def test_all_people_who_appear_in_a_guild_are_found(
    store: PersonalDataStore, links: LinkStore, orders: OrderStore, requests: LinkRequestStore
):
    assert await store.stored_people(GUILD) == set()
    await links.put_many([link(1), link(90, OTHER_GUILD)])
    await ask(requests, 2)
    await add(orders, actor_id=3)
    await add(orders, people=frozenset({4, 5}))
    await add(orders, units="<@6> <@!7> A-12 8 <@&9> <@0> <@99999999999999999999>")
    await add(orders, guild_id=OTHER_GUILD, actor_id=91)
    assert await store.stored_people(GUILD) == {1, 2, 3, 4, 5, 6, 7, STAFF}
    assert await store.stored_people(OTHER_GUILD) == {90, 91}


async def test_links_of_others_are_counted(store: PersonalDataStore, links: LinkStore):
    own, elsewhere = link(STAFF), link(3, OTHER_GUILD)
    await links.put_many([link(1), link(2), link(4, set_by=PAT), own, elsewhere])
    assert await store.count_links_set_by(GUILD, STAFF) == 2
    assert await store.count_links_set_by(GUILD, BOB) == 0


async def test_orders_that_name_a_member(store: PersonalDataStore, orders: OrderStore):
    by = await add(orders, actor_id=PAT)
    about = await add(orders, people=frozenset({PAT, BOB}))
    typed = await add(orders, units=f"<@!{PAT}> A-12")
    await add(orders)
    await add(orders, guild_id=OTHER_GUILD, actor_id=PAT)
    assert await store.orders_naming(GUILD, PAT, NOON + HOUR) == [by, about, typed]
    assert await store.orders_naming(GUILD, BOB, NOON + HOUR) == [about]
    assert await store.orders_naming(GUILD, PAT, NOON) == []  # finished too recently


async def test_an_erased_member_is_in_no_table(
    store: PersonalDataStore, links: LinkStore, orders: OrderStore, requests: LinkRequestStore
):
    await links.put_many([link(PAT), link(PAT, OTHER_GUILD), link(BOB, set_by=PAT)])
    await ask(requests, PAT)
    decided = await ask(requests, BOB, decided_by=PAT, decided_at=NOON)
    elsewhere = await ask(requests, PAT, guild_id=OTHER_GUILD)
    units = f"<@{PAT}> <@{BOB}>"
    shared = await add(orders, actor_id=PAT, units=units, people=frozenset({PAT, BOB}))
    own = await add(orders, actor_id=PAT)
    redacted = replace(
        shared,
        actor_id=0,
        units=f"<@{BOB}>",
        people=frozenset({BOB}),
        resolution="{}",
        outcome="{}",
        token=None,
        reply_id=5,
        answered=True,
    )
    assert await store.erase(GUILD, PAT, [redacted], [own.id]) is True
    assert await links.all(GUILD) == [link(BOB, set_by=0)]
    assert await links.all(OTHER_GUILD) == [link(PAT, OTHER_GUILD)]
    assert await requests.for_person(GUILD, PAT) == []
    found = await requests.get(decided)
    assert found is not None
    assert found.decided_by is None
    assert await requests.get(elsewhere) is not None
    assert await orders.get(shared.id) == redacted
    assert await orders.get(own.id) is None
    assert await store.stored_people(GUILD) == {BOB}


async def test_erasing_says_whether_the_member_was_linked(
    store: PersonalDataStore, links: LinkStore
):
    await put_link(links, link(PAT, OTHER_GUILD))
    assert await store.erase(GUILD, PAT, [], []) is False


async def test_an_erasure_that_fails_changes_nothing(
    store: PersonalDataStore, links: LinkStore, orders: OrderStore
):
    await put_link(links, link(PAT))
    order = await add(orders, actor_id=PAT)
    broken = replace(order, units=None)  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        await store.erase(GUILD, PAT, [broken], [])
    assert await links.all(GUILD) == [link(PAT)]
    assert await orders.get(order.id) == order
