"""Members who leave are erased, and users see what is stored about them; on a real file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from bot.services.records.erasure import SETTLE_TIME
from bot.storage.errors import StorageError
from bot.storage.stores.link_request_store import LinkRequestState
from bot.storage.stores.order_store import Order, OrderState
from tests.services.conftest import v1
from tests.services.link_fixture import BOB, BUTTON, DANA, HEX, MAX, PAT, LinkFixture
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import GUILD, actor

pytestmark = v1

# Ids that do not appear in the file by chance.
EVE = actor(user_id=812345678901234567)
EVES = "deadbeefcafe"


@pytest.fixture
def link_fixture(queue_fixture: QueueFixture) -> LinkFixture:
    return LinkFixture(queue_fixture, needs_approval=True)


async def found(queue_fixture: QueueFixture, order_id: int) -> Order | None:
    return await queue_fixture.store.get(order_id)


async def everything_about_eve(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> dict[str, int]:
    await link_fixture.put_link(EVE, EVES)
    await link_fixture.put_link(BOB, "steam:bob", set_by=EVE.user_id)
    await link_fixture.request_link(EVE, "license:eve")
    other = await link_fixture.request_link(PAT, "license:pat")
    await link_fixture.requests.end(
        other, LinkRequestState.DENIED, by=EVE.user_id, at=queue_fixture.time.now()
    )
    orders = {
        "about": await link_fixture.closed_order(EVE.user_id),
        "with": await link_fixture.closed_order(EVE.user_id, 8),
        "by": await link_fixture.closed_order(8, by=EVE.user_id),
        "other": await link_fixture.closed_order(8),
        "elsewhere": await link_fixture.closed_order(EVE.user_id, guild_id=GUILD + 1),
    }
    await queue_fixture.advance(SETTLE_TIME.total_seconds() + 1)
    return orders


async def test_nothing_is_left_of_a_member_who_left(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> None:
    orders = await everything_about_eve(link_fixture, queue_fixture)
    await link_fixture.erasure.erase(GUILD, EVE.user_id)
    assert await link_fixture.api_ids() == {8: "steam:bob"}
    assert await found(queue_fixture, orders["about"]) is None
    shared, given, other, elsewhere = [
        await queue_fixture.stored(orders[one]) for one in ("with", "by", "other", "elsewhere")
    ]
    assert (shared.units, shared.people, shared.actor_id) == ("<@8>", frozenset({8}), 42)
    assert (given.units, given.people, given.actor_id) == ("<@8>", frozenset({8}), 0)
    assert (other.actor_id, other.people) == (42, frozenset({8}))
    assert elsewhere.people == frozenset({EVE.user_id})  # in the other server she is still a member
    with closing(sqlite3.connect(queue_fixture.file)) as connection:
        connection.execute("DELETE FROM orders WHERE guild_id = ?", [GUILD + 1])
        dump = "\n".join(connection.iterdump())
    assert str(EVE.user_id) not in dump
    assert EVES not in dump
    assert "license:eve" not in dump
    # The buttons of their request are removed, too.
    assert [one.state for one in link_fixture.notifier.closed] == [LinkRequestState.WITHDRAWN]


async def test_forgetting_twice_changes_nothing(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> None:
    await everything_about_eve(link_fixture, queue_fixture)
    for _ in range(2):
        await link_fixture.erasure.erase(GUILD, EVE.user_id)
        await link_fixture.erasure.erase(GUILD, 5)
    assert await link_fixture.api_ids() == {8: "steam:bob"}
    assert len(link_fixture.notifier.closed) == 1


async def test_what_may_still_change_is_left_alone(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> None:
    fresh = await link_fixture.closed_order(EVE.user_id)
    waiting = (await queue_fixture.accept(f"<@{EVE.user_id}>")).id
    await queue_fixture.advance(SETTLE_TIME.total_seconds() - 1)
    await link_fixture.erasure.erase(GUILD, EVE.user_id)
    assert await found(queue_fixture, fresh)
    await queue_fixture.advance(SETTLE_TIME.total_seconds() + 1)
    await link_fixture.erasure.erase(GUILD, EVE.user_id)
    assert await found(queue_fixture, fresh) is None
    assert await found(queue_fixture, waiting)


async def test_members_who_left_while_the_bot_did_not_run(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> None:
    orders = await everything_about_eve(link_fixture, queue_fixture)
    await link_fixture.put_link(MAX, HEX)
    asked: list[int] = []

    def is_here(discord_id: int) -> bool:
        asked.append(discord_id)
        return discord_id in {8, 42, 43}

    await link_fixture.erasure.erase_absent(GUILD, is_here)
    assert await link_fixture.api_ids() == {8: "steam:bob", 43: HEX}
    assert sorted(asked) == [7, 8, 42, 43, EVE.user_id]
    assert await found(queue_fixture, orders["about"]) is None
    assert await link_fixture.requests.for_person(GUILD, 7) == []


async def test_who_was_only_mentioned_is_noticed(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> None:
    order = await queue_fixture.accept(f"A-7, <@!{EVE.user_id}> <@0> <@{10**20 - 1}>")
    await queue_fixture.store.save(
        [
            replace(
                order, state=OrderState.EXPIRED, answered=True, finished_at=queue_fixture.time.now()
            )
        ]
    )
    await queue_fixture.advance(SETTLE_TIME.total_seconds() + 1)
    await link_fixture.erasure.erase_absent(GUILD, lambda one: one == 42)
    assert (await queue_fixture.stored(order.id)).units == f"A-7 <@0> <@{10**20 - 1}>"


async def test_a_broken_database_ends_nothing(
    link_fixture: LinkFixture, queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    queue_fixture.database.broken = True
    await link_fixture.erasure.erase(GUILD, 7)
    assert "cannot erase the data of 7 in" in caplog.text
    # A periodic job logs this failure and tries again.
    with pytest.raises(StorageError):
        await link_fixture.erasure.erase_absent(GUILD, lambda _: False)


async def test_all_or_nothing(link_fixture: LinkFixture, queue_fixture: QueueFixture) -> None:
    await everything_about_eve(link_fixture, queue_fixture)
    with closing(sqlite3.connect(queue_fixture.file)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER stop BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    await link_fixture.erasure.erase(GUILD, EVE.user_id)
    assert (await link_fixture.api_ids())[EVE.user_id] == EVES


async def test_a_decision_outlives_the_member_who_made_it(link_fixture: LinkFixture) -> None:
    request = await link_fixture.request_link(PAT, "license:pat")
    await link_fixture.workflow.deny(DANA, request.id, BUTTON)
    await link_fixture.erasure.erase(GUILD, 42)
    (stored,) = await link_fixture.requests.for_person(GUILD, 7)
    assert (stored.state, stored.decided_by) == (LinkRequestState.DENIED, None)
