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
from tests.services.link_stage import BOB, BUTTON, DANA, HEX, MAX, PAT, LinkStage
from tests.services.office import Office
from tests.services.samples import GUILD, actor

pytestmark = v1

# Ids that do not appear in the file by chance.
EVE = actor(user_id=812345678901234567)
EVES = "deadbeefcafe"


@pytest.fixture
def stage(office: Office) -> LinkStage:
    return LinkStage(office, needs_approval=True)


async def found(office: Office, order_id: int) -> Order | None:
    return await office.store.get(order_id)


async def everything_about_eve(stage: LinkStage, office: Office) -> dict[str, int]:
    await stage.put(EVE, EVES)
    await stage.put(BOB, "steam:bob", set_by=EVE.user_id)
    await stage.ask(EVE, "license:eve")
    other = await stage.ask(PAT, "license:pat")
    await stage.store.end(other, LinkRequestState.DENIED, by=EVE.user_id, at=office.time.now())
    orders = {
        "about": await stage.closed_order(EVE.user_id),
        "with": await stage.closed_order(EVE.user_id, 8),
        "by": await stage.closed_order(8, by=EVE.user_id),
        "other": await stage.closed_order(8),
        "elsewhere": await stage.closed_order(EVE.user_id, guild_id=GUILD + 1),
    }
    await office.passes(SETTLE_TIME.total_seconds() + 1)
    return orders


async def test_nothing_of_whoever_left_is_left(stage: LinkStage, office: Office) -> None:
    orders = await everything_about_eve(stage, office)
    await stage.leaving.erase(GUILD, EVE.user_id)
    assert await stage.linked() == {8: "steam:bob"}
    assert await found(office, orders["about"]) is None
    shared, given, other, elsewhere = [
        await office.stored(orders[one]) for one in ("with", "by", "other", "elsewhere")
    ]
    assert (shared.units, shared.people, shared.actor_id) == ("<@8>", frozenset({8}), 42)
    assert (given.units, given.people, given.actor_id) == ("<@8>", frozenset({8}), 0)
    assert (other.actor_id, other.people) == (42, frozenset({8}))
    assert elsewhere.people == frozenset({EVE.user_id})  # in the other server she is still a member
    with closing(sqlite3.connect(office.file)) as connection:
        connection.execute("DELETE FROM orders WHERE guild_id = ?", [GUILD + 1])
        dump = "\n".join(connection.iterdump())
    assert str(EVE.user_id) not in dump
    assert EVES not in dump
    assert "license:eve" not in dump
    # The buttons of their request are removed, too.
    assert [one.state for one in stage.people.closed] == [LinkRequestState.WITHDRAWN]


async def test_forgetting_twice_changes_nothing(stage: LinkStage, office: Office) -> None:
    await everything_about_eve(stage, office)
    for _ in range(2):
        await stage.leaving.erase(GUILD, EVE.user_id)
        await stage.leaving.erase(GUILD, 5)
    assert await stage.linked() == {8: "steam:bob"}
    assert len(stage.people.closed) == 1


async def test_what_may_still_change_is_left_alone(stage: LinkStage, office: Office) -> None:
    fresh = await stage.closed_order(EVE.user_id)
    waiting = (await office.accept(f"<@{EVE.user_id}>")).id
    await office.passes(SETTLE_TIME.total_seconds() - 1)
    await stage.leaving.erase(GUILD, EVE.user_id)
    assert await found(office, fresh)
    await office.passes(SETTLE_TIME.total_seconds() + 1)
    await stage.leaving.erase(GUILD, EVE.user_id)
    assert await found(office, fresh) is None
    assert await found(office, waiting)


async def test_who_left_while_nobody_looked(stage: LinkStage, office: Office) -> None:
    orders = await everything_about_eve(stage, office)
    await stage.put(MAX, HEX)
    asked: list[int] = []

    def is_here(discord_id: int) -> bool:
        asked.append(discord_id)
        return discord_id in {8, 42, 43}

    await stage.leaving.erase_absent(GUILD, is_here)
    assert await stage.linked() == {8: "steam:bob", 43: HEX}
    assert sorted(asked) == [7, 8, 42, 43, EVE.user_id]
    assert await found(office, orders["about"]) is None
    assert await stage.store.for_person(GUILD, 7) == []


async def test_who_was_only_mentioned_is_noticed(stage: LinkStage, office: Office) -> None:
    order = await office.accept(f"A-7, <@!{EVE.user_id}> <@0> <@{10**20 - 1}>")
    await office.store.save(
        [replace(order, state=OrderState.EXPIRED, answered=True, finished_at=office.time.now())]
    )
    await office.passes(SETTLE_TIME.total_seconds() + 1)
    await stage.leaving.erase_absent(GUILD, lambda one: one == 42)
    assert (await office.stored(order.id)).units == f"A-7 <@0> <@{10**20 - 1}>"


async def test_a_broken_database_ends_nothing(
    stage: LinkStage, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.database.broken = True
    await stage.leaving.erase(GUILD, 7)
    assert "cannot erase the data of 7 in" in caplog.text
    # A periodic job logs this failure and tries again.
    with pytest.raises(StorageError):
        await stage.leaving.erase_absent(GUILD, lambda _: False)


async def test_all_or_nothing(stage: LinkStage, office: Office) -> None:
    await everything_about_eve(stage, office)
    with closing(sqlite3.connect(office.file)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER stop BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    await stage.leaving.erase(GUILD, EVE.user_id)
    assert (await stage.linked())[EVE.user_id] == EVES


async def test_a_decision_outlives_whoever_made_it(stage: LinkStage) -> None:
    request = await stage.ask(PAT, "license:pat")
    await stage.desk.deny(DANA, request.id, BUTTON)
    await stage.leaving.erase(GUILD, 42)
    (stored,) = await stage.store.for_person(GUILD, 7)
    assert (stored.state, stored.decided_by) == (LinkRequestState.DENIED, None)
