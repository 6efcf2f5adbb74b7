"""Orders about many units wait for a confirmation by the actor."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cad.errors import CadUnreachable
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.access.policy import Access
from bot.services.errors import (
    AlreadyConfirmed,
    NothingToConfirm,
    NotOrderOwner,
    RoleRequired,
    TooLateToConfirm,
)
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.confirmation import CONFIRM_WITHIN, ConfirmationService
from bot.services.orders.outcomes import OrderView
from bot.services.queue.order_kinds import KINDS
from bot.services.reply import ReplyAddress
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.queue_fixture import DANA, QueueFixture
from tests.services.samples import DISPATCH_ROLE, GUILD, ONE_SERVER, actor

ELEVEN = " ".join(map(str, range(1, 12)))
TEN = " ".join(map(str, range(1, 11)))
REPLY = ReplyAddress(8, "other")
DISPATCHER = actor(DISPATCH_ROLE, user_id=DANA)


@pytest.fixture
def asking(queue_fixture: QueueFixture) -> ConfirmationService:
    return ConfirmationService(
        Access(frozenset({DISPATCH_ROLE})),
        queue_fixture.store,
        server_labels=ONE_SERVER.labels,
        clock=queue_fixture.time,
    )


async def confirmed(queue_fixture: QueueFixture, asking: ConfirmationService, order_id: int) -> int:
    """Say yes, and let the order be carried out."""
    accepted = await asking.confirm(DISPATCHER, REPLY, order_id)
    queue_fixture.running[accepted.order.id] = asyncio.create_task(
        queue_fixture.queue.run(accepted)
    )
    await queue_fixture.settle()
    return accepted.order.id


@pytest.mark.parametrize("action", list(KINDS))
async def test_more_than_ten_are_asked_about(
    queue_fixture: QueueFixture, action: OrderAction
) -> None:
    assert (len(TEN.split()), len(ELEVEN.split())) == (10, 11)
    ten = await queue_fixture.order(TEN, 100, action)
    assert await queue_fixture.state(ten) is not OrderState.AWAITING_CONFIRMATION
    before = len(queue_fixture.sent)
    eleven = await queue_fixture.order(ELEVEN, 100, action)
    assert await queue_fixture.state(eleven) is OrderState.AWAITING_CONFIRMATION
    stored = await queue_fixture.stored(eleven)
    assert stored.answered
    assert len(stored.people) == 11
    assert queue_fixture.text(eleven).startswith("⏳ ")
    await queue_fixture.advance(1000)
    assert len(queue_fixture.sent) == before
    assert queue_fixture.running[eleven].done()


async def test_orders_behind_a_question_go_on(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0 if order.units == ELEVEN else 0.0
    many = await queue_fixture.order(ELEVEN, 101)
    one = await queue_fixture.order("1", 100)
    await queue_fixture.advance(20)
    assert await queue_fixture.states(many, one) == [
        OrderState.AWAITING_CONFIRMATION,
        OrderState.DONE,
    ]
    assert queue_fixture.sent == [[1]]


async def test_yes_sends_to_the_very_people(
    queue_fixture: QueueFixture, asking: ConfirmationService
) -> None:
    asked = await queue_fixture.order(ELEVEN + " x")
    queue_fixture.lookup_fault = AssertionError("they are known")
    given = await confirmed(queue_fixture, asking, asked)
    await queue_fixture.advance(60)
    assert await queue_fixture.states(asked, given) == [OrderState.CONFIRMED, OrderState.DONE]
    assert queue_fixture.sent == [list(range(1, 12))]
    assert queue_fixture.text(given).startswith("⚠️ **#100**")
    stored = await queue_fixture.stored(given)
    assert (stored.application_id, stored.token, stored.actor_id) == (8, "other", DANA)
    assert len(stored.people) == 11


async def test_yes_counts_from_now_on(
    queue_fixture: QueueFixture, asking: ConfirmationService
) -> None:
    """The order has its own 15 minutes, however long the question stood."""
    asked = await queue_fixture.order(ELEVEN)
    await queue_fixture.advance(800)
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    given = await confirmed(queue_fixture, asking, asked)
    await queue_fixture.advance(600)
    assert await queue_fixture.state(given) is OrderState.QUEUED
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert await queue_fixture.state(given) is OrderState.DONE


async def test_the_question_is_answered_once(
    queue_fixture: QueueFixture, asking: ConfirmationService
) -> None:
    asked = await queue_fixture.order(ELEVEN)
    answers = await asyncio.gather(
        *(asking.confirm(DISPATCHER, REPLY, asked) for _ in range(5)),
        asking.decline(DISPATCHER, REPLY, asked),
        return_exceptions=True,
    )
    assert [type(one) for one in answers].count(AlreadyConfirmed) == 5
    assert len(await queue_fixture.store.unfinished(GUILD)) == 1
    for late in (
        asking.confirm(DISPATCHER, REPLY, asked),
        asking.decline(DISPATCHER, REPLY, asked),
    ):
        with pytest.raises(AlreadyConfirmed):
            await late


async def test_no_is_no(queue_fixture: QueueFixture, asking: ConfirmationService) -> None:
    asked = await queue_fixture.order(ELEVEN)
    view = await asking.decline(DISPATCHER, REPLY, asked)
    assert view.order.state is OrderState.CANCELLED
    assert len(view.resolution.assignees) == 11
    assert await queue_fixture.state(asked) is OrderState.CANCELLED
    with pytest.raises(NothingToConfirm):
        await asking.confirm(DISPATCHER, REPLY, asked)


async def test_who_answers(queue_fixture: QueueFixture, asking: ConfirmationService) -> None:
    asked = await queue_fixture.order(ELEVEN)
    other = actor(DISPATCH_ROLE, user_id=DANA + 1)
    elsewhere = replace(DISPATCHER, guild_id=GUILD + 1)
    demoted = actor(user_id=DANA)
    for who, error in (
        (other, NotOrderOwner),
        (elsewhere, NothingToConfirm),
        (demoted, RoleRequired),
    ):
        with pytest.raises(error):
            await asking.confirm(who, REPLY, asked)
    for who, error in ((other, NotOrderOwner), (elsewhere, NothingToConfirm)):
        with pytest.raises(error):
            await asking.decline(who, REPLY, asked)
    assert await queue_fixture.state(asked) is OrderState.AWAITING_CONFIRMATION
    # To leave it takes no right.
    await asking.decline(demoted, REPLY, asked)


async def test_fifteen_minutes(queue_fixture: QueueFixture, asking: ConfirmationService) -> None:
    assert CONFIRM_WITHIN == INTERACTION_LIFETIME
    first, second = await queue_fixture.order(ELEVEN), await queue_fixture.order(ELEVEN, 101)
    await queue_fixture.advance(900)
    assert await asking.confirm(DISPATCHER, REPLY, first)
    await queue_fixture.advance(1)
    with pytest.raises(TooLateToConfirm):
        await asking.confirm(DISPATCHER, REPLY, second)
    assert await queue_fixture.state(second) is OrderState.AWAITING_CONFIRMATION


@pytest.mark.parametrize("units", ["1 2", "x"])
async def test_what_is_no_question_has_no_answer(
    queue_fixture: QueueFixture, asking: ConfirmationService, units: str
) -> None:
    order = await queue_fixture.order(units)
    for answer in (
        asking.confirm(DISPATCHER, REPLY, order),
        asking.decline(DISPATCHER, REPLY, order),
    ):
        with pytest.raises(NothingToConfirm):
            await answer
    with pytest.raises(NothingToConfirm):
        await asking.decline(DISPATCHER, REPLY, 4711)


async def test_units_picked_from_lists_need_no_confirmation(queue_fixture: QueueFixture) -> None:
    order = await queue_fixture.accept(ELEVEN)
    queue_fixture.running[order.id] = asyncio.create_task(
        queue_fixture.queue.run(AcceptedOrder(order), may_ask=False)
    )
    await queue_fixture.settle()
    await queue_fixture.advance(60)
    assert await queue_fixture.state(order.id) is OrderState.DONE


async def test_an_answer_while_the_question_is_still_being_written(
    queue_fixture: QueueFixture, asking: ConfirmationService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log channel may be slow; what is written late must not undo the answer."""
    gate = asyncio.Event()

    async def report(view: OrderView) -> None:
        await gate.wait()

    monkeypatch.setattr(queue_fixture.announcer, "report", report)
    asked = await queue_fixture.order(ELEVEN)
    given = await confirmed(queue_fixture, asking, asked)
    gate.set()
    await queue_fixture.advance(60)
    assert await queue_fixture.states(asked, given) == [OrderState.CONFIRMED, OrderState.DONE]
    assert (await queue_fixture.stored(asked)).answered
    with pytest.raises(AlreadyConfirmed):
        await asking.confirm(DISPATCHER, REPLY, asked)


async def test_a_restart_before_the_units_are_known(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0
    order = await queue_fixture.accept(ELEVEN)
    queue_fixture.running[order.id] = asyncio.create_task(
        queue_fixture.queue.run(AcceptedOrder(order), may_ask=False)
    )
    await queue_fixture.settle()
    await queue_fixture.restart()
    await queue_fixture.advance(10)
    assert await queue_fixture.state(order.id) is OrderState.AWAITING_CONFIRMATION


async def test_a_restart_while_a_confirmed_order_waits(
    queue_fixture: QueueFixture, asking: ConfirmationService
) -> None:
    asked = await queue_fixture.order(ELEVEN)
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    given = await confirmed(queue_fixture, asking, asked)
    await queue_fixture.restart()
    queue_fixture.cad.fault = None
    await queue_fixture.advance(120)
    assert await queue_fixture.states(asked, given) == [OrderState.CONFIRMED, OrderState.DONE]


async def test_a_database_that_fails_leaves_the_question(
    queue_fixture: QueueFixture, asking: ConfirmationService
) -> None:
    asked = await queue_fixture.order(ELEVEN)
    queue_fixture.database.broken = True
    with pytest.raises(DatabaseUnavailable):
        await asking.confirm(DISPATCHER, REPLY, asked)
    queue_fixture.database.broken = False
    assert await queue_fixture.state(asked) is OrderState.AWAITING_CONFIRMATION
    assert await asking.confirm(DISPATCHER, REPLY, asked)
