from __future__ import annotations

import asyncio
import sqlite3
import traceback
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from bot.storage.database import Database
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SNOWFLAKE = 2**63 - 1
TOKEN = "aW50ZXJhY3Rpb24tdG9rZW4"


def order(**more: Any) -> Order:
    one = Order(0, 10, 1, OrderAction.ATTACH, 100, "me A-12", 42, NOW, 7, TOKEN)
    return replace(one, **more)


FULL = order(
    guild_id=SNOWFLAKE,
    server_id=3,
    action=OrderAction.DETACH,
    call_id=None,
    units="<@5> `x` ;--",
    actor_id=SNOWFLAKE,
    application_id=SNOWFLAKE,
    reply_id=SNOWFLAKE,
    state=OrderState.SENDING,
    people=frozenset({5, SNOWFLAKE}),
    resolution='{"a": "🚓"}',
    outcome="{}",
    answered=True,
    finished_at=NOW + MINUTE,
)


@pytest.fixture
def store(database: Database) -> OrderStore:
    return OrderStore(database)


async def add(store: OrderStore, **more: Any) -> Order:
    one = order(**more)
    return replace(one, id=await store.add(one))


@pytest.mark.parametrize("one", [order(), FULL], ids=["new", "full"])
async def test_an_order_is_read_as_it_was_written(store: OrderStore, one: Order) -> None:
    order_id = await store.add(one)
    assert order_id > 0
    assert await store.get(order_id) == replace(one, id=order_id)


async def test_every_order_has_an_id_of_its_own(store: OrderStore) -> None:
    ids = [await store.add(order(id=1)) for _ in range(3)]
    assert len(set(ids)) == 3
    assert ids == sorted(ids)


async def test_a_message_is_the_reply_of_one_order(store: OrderStore) -> None:
    given = [store.add_reply(order(reply_id=5)) for _ in range(4)]
    first, *others = sorted(await asyncio.gather(*given), key=lambda one: one or SNOWFLAKE)
    assert first is not None
    assert others == [None, None, None]
    assert await store.find_by_reply(5) == order(id=first, reply_id=5)
    assert await store.find_by_reply(6) is None
    other = await store.add_reply(order(reply_id=6))
    assert other is not None
    # The order that follows from a question has the question's message.
    latest = await store.add(order(reply_id=6))
    assert await store.find_by_reply(6) == order(id=latest, reply_id=6)


async def test_an_id_is_not_used_again(store: OrderStore) -> None:
    """A button on an old reply must not mean a new order. The newest is never pruned in life."""
    first, second = await add(store, state=OrderState.DONE), await add(store)
    await store.prune(NOW + MINUTE)
    assert (await add(store)).id > second.id > first.id


async def test_an_order_that_is_not_there(store: OrderStore) -> None:
    assert await store.get(1) is None


async def test_a_time_without_a_zone_is_refused(store: OrderStore) -> None:
    with pytest.raises(Exception, match="needs a time zone"):
        await store.add(order(created_at=NOW.replace(tzinfo=None)))


async def test_times_come_back_in_utc(store: OrderStore) -> None:
    east = NOW.astimezone(tz=None)
    one = await add(store, created_at=east)
    found = await store.get(one.id)
    assert found
    assert found.created_at == NOW
    assert found.created_at.tzinfo is UTC


async def test_what_may_change_is_saved_and_nothing_else(store: OrderStore) -> None:
    one, other = await add(store), await add(store)
    changes: dict[str, Any] = {
        "call_id": 5,
        "reply_id": 99,
        "state": OrderState.DONE,
        "step": 2,
        "people": frozenset({5, 6}),
        "resolution": "{}",
        "outcome": "[]",
        "answered": True,
        "finished_at": NOW + MINUTE,
    }
    fixed: dict[str, Any] = {"guild_id": 1, "units": "x", "actor_id": 1, "detail": "{}"}
    fixed["undone_by"] = 7
    await store.save([replace(one, **changes, **fixed, token="other", application_id=1)])
    assert await store.get(one.id) == replace(one, **changes)
    assert await store.get(other.id) == other
    assert set(changes) | {"id", "server_id", "action", "created_at"} | set(fixed) | {
        "token",
        "application_id",
    } == {one.name for one in fields(Order)}


async def test_saving_does_not_bring_a_wiped_token_back(store: OrderStore) -> None:
    one = await add(store)
    await store.wipe_tokens(NOW + MINUTE)
    await store.save([one])
    found = await store.get(one.id)
    assert found
    assert found.token is None


async def test_several_are_saved_or_none(store: OrderStore) -> None:
    one, other = await add(store), await add(store)
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(Exception, match="needs a time zone"):
        await store.save([replace(one, state=OrderState.DONE), replace(other, finished_at=naive)])
    assert await store.get(one.id) == one


async def test_saving_nothing_needs_no_database(store: OrderStore, database: Database) -> None:
    await database.close()
    await store.save([])


async def test_what_is_unfinished(store: OrderStore) -> None:
    expected = []
    for state in OrderState:
        for answered in (False, True):
            one = await add(store, state=state, answered=answered)
            if state.is_open or not answered:
                expected.append(one)
    assert await store.unfinished(10) == expected


@pytest.mark.parametrize("state", list(OrderState))
def test_which_states_are_open(state: OrderState) -> None:
    assert state.is_open is (state in {OrderState.QUEUED, OrderState.SENDING})


async def test_the_newest_first_in_pages(store: OrderStore) -> None:
    orders = [await add(store) for _ in range(5)]
    await add(store, guild_id=11)
    assert await store.newest(10) == orders[::-1]
    assert await store.newest(10, limit=2) == orders[4:2:-1]
    assert await store.newest(10, limit=2, offset=4) == [orders[0]]
    assert await store.newest(10, offset=5) == []
    assert (await store.count(10), await store.count(11), await store.count(12)) == (5, 1, 0)


async def test_by_or_about_a_member(store: OrderStore) -> None:
    by = await add(store, actor_id=5)
    about = await add(store, people=frozenset({4, 5}))
    await add(store, people=frozenset({15, 55, 54, 51}))
    await add(store, actor_id=55)
    await add(store, guild_id=11, actor_id=5)
    assert await store.newest(10, member_id=5) == [about, by]
    assert await store.count(10, member_id=5) == 2
    assert await store.newest(10, member_id=0) == []


async def test_on_a_call(store: OrderStore) -> None:
    await add(store, call_id=None, action=OrderAction.DETACH)
    await add(store, call_id=10)
    on = await add(store, call_id=100)
    both = await add(store, call_id=100, actor_id=5)
    assert await store.newest(10, call_id=100) == [both, on]
    assert await store.newest(10, call_id=100, member_id=5) == [both]
    assert (await store.count(10, call_id=100), await store.count(10, call_id=1)) == (2, 0)


@pytest.mark.parametrize("closed", [one for one in OrderState if not one.is_open])
@pytest.mark.parametrize("late", list(OrderState))
async def test_what_is_closed_stays_as_it_was_closed(
    store: OrderStore, closed: OrderState, late: OrderState
) -> None:
    one = await add(store, state=closed)
    await store.save([replace(one, state=late, answered=True)])
    is_same = late is closed
    assert await store.get(one.id) == replace(one, answered=is_same)


async def test_a_question_is_confirmed_once(store: OrderStore) -> None:
    asked = await add(store, state=OrderState.AWAITING_CONFIRMATION)
    follows = order(units="follows")
    new_id = await store.confirm(asked.id, follows)
    assert new_id
    assert await store.get(new_id) == replace(follows, id=new_id)
    assert await store.get(asked.id) == replace(asked, state=OrderState.CONFIRMED, answered=True)
    assert await store.confirm(asked.id, follows) is None
    assert not await store.decline(asked.id)
    assert await store.count(10) == 2


async def test_a_question_is_dropped_once(store: OrderStore) -> None:
    asked = await add(store, state=OrderState.AWAITING_CONFIRMATION)
    assert await store.decline(asked.id)
    assert await store.get(asked.id) == replace(asked, state=OrderState.CANCELLED, answered=True)
    assert not await store.decline(asked.id)
    assert await store.confirm(asked.id, order()) is None
    assert await store.count(10) == 1


async def test_only_a_question_is_confirmed(store: OrderStore) -> None:
    for state in set(OrderState) - {OrderState.AWAITING_CONFIRMATION}:
        one = await add(store, state=state)
        assert await store.confirm(one.id, order()) is None
        assert not await store.decline(one.id)
        assert await store.get(one.id) == one


async def test_tokens_are_wiped_from_old_orders(store: OrderStore, file: Path) -> None:
    old = await add(store, created_at=NOW - MINUTE)
    young = await add(store)
    await store.wipe_tokens(NOW)
    assert await store.get(old.id) == replace(old, token=None)
    assert await store.get(young.id) == young
    await store.wipe_tokens(NOW + MINUTE)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT token FROM orders").fetchall() == [(None,), (None,)]


async def test_old_orders_are_pruned_unless_they_are_open(store: OrderStore) -> None:
    kept = []
    for state in OrderState:
        one = await add(store, state=state, created_at=NOW - MINUTE)
        kept += [one] * state.is_open
        kept.append(await add(store, state=state))
    assert await store.prune(NOW) == 7
    assert sorted(one.id for one in await store.newest(10, limit=50)) == [one.id for one in kept]
    assert await store.prune(NOW) == 0


async def test_an_order_of_another_version_is_read_and_closed(
    store: OrderStore, database: Database
) -> None:
    one, told = await add(store), await add(store, state=OrderState.DONE)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE orders SET action = 'panic'"))
    found = await store.unfinished(10)
    assert [order.action for order in found] == [OrderAction.UNREADABLE] * 2
    for order in (one, told):
        await store.abandon(order.id, NOW)
    assert await store.unfinished(10) == []
    states = [order.state for order in await store.newest(10)]
    assert states == [OrderState.DONE, OrderState.UNREADABLE]
    async with database.begin() as connection:
        found_actions = await connection.scalars(text("SELECT action FROM orders"))
        assert set(found_actions) == {"panic"}
        await connection.execute(text("UPDATE orders SET state = 'frozen'"))
    assert {order.state for order in await store.newest(10)} == {OrderState.UNREADABLE}


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(order())
    assert TOKEN not in str(order())


async def test_a_writer_in_another_process_is_waited_for(store: OrderStore, file: Path) -> None:
    one = await add(store)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE orders SET answered = 1")
    found = await store.get(one.id)
    assert found
    assert found.answered


@pytest.mark.parametrize(
    "method",
    [
        *("add", "get", "save", "unfinished", "newest", "count", "wipe_tokens", "prune"),
        *("confirm", "drop", "abandon"),
    ],
)
async def test_every_method_translates_what_the_driver_says(
    store: OrderStore, database: Database, method: str
) -> None:
    calls: dict[str, Coroutine[Any, Any, Any]] = {
        "add": store.add(order()),
        "get": store.get(1),
        "save": store.save([order(id=1)]),
        "unfinished": store.unfinished(10),
        "newest": store.newest(10),
        "count": store.count(10),
        "wipe_tokens": store.wipe_tokens(NOW),
        "prune": store.prune(NOW),
        "confirm": store.confirm(1, order()),
        "drop": store.decline(1),
        "abandon": store.abandon(1, NOW),
    }
    await database.close()
    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            await calls[method]
    finally:
        for one in calls.values():
            one.close()
    assert TOKEN not in str(caught.value)


async def test_an_error_does_not_show_the_token(store: OrderStore, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TABLE orders")
    with pytest.raises(DatabaseUnavailable) as caught:
        await store.add(order())
    assert "no such table" in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


async def test_an_order_is_undone_once(store: OrderStore) -> None:
    done = await add(store, state=OrderState.DONE)
    undo = replace(done, action=OrderAction.UNDO, state=OrderState.QUEUED)
    found = await asyncio.gather(*(store.add_undo(done.id, undo) for _ in range(3)))
    (undo_id,) = [one for one in found if one is not None]
    assert await store.get(undo_id) == replace(undo, id=undo_id)
    assert await store.get(done.id) == replace(done, undone_by=undo_id)
    assert len(await store.newest(done.guild_id)) == 2


@pytest.mark.parametrize("state", list(OrderState))
async def test_only_an_undo_that_was_not_carried_out_is_followed_by_another(
    store: OrderStore, state: OrderState
) -> None:
    done = await add(store, state=OrderState.DONE)
    undo = replace(done, action=OrderAction.UNDO, state=OrderState.QUEUED)
    first = await store.add_undo(done.id, undo)
    assert first
    await store.save([replace(undo, id=first, state=state)])
    failed = {OrderState.REFUSED, OrderState.EXPIRED, OrderState.CANCELLED}
    assert (await store.add_undo(done.id, undo) is not None) is (state in failed)


@pytest.mark.parametrize("state", [one for one in OrderState if one is not OrderState.DONE])
async def test_an_order_that_is_not_done_is_not_undone(
    store: OrderStore, state: OrderState
) -> None:
    one = await add(store, state=state)
    assert await store.add_undo(one.id, one) is None
    assert await store.add_undo(one.id + 1, one) is None
