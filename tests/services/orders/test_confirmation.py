"""Orders about many people: asked about, and given once whoever asked says yes."""

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
from bot.services.queue.queued_order import CONFIRM_ABOVE
from bot.services.reply import ReplyAddress
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.office import DANA, Office
from tests.services.samples import DISPATCH_ROLE, GUILD, actor

ELEVEN = " ".join(map(str, range(1, 12)))
TEN = " ".join(map(str, range(1, 11)))
REPLY = ReplyAddress(8, "other")
DISPATCHER = actor(DISPATCH_ROLE, user_id=DANA)


@pytest.fixture
def asking(office: Office) -> ConfirmationService:
    return ConfirmationService(Access(frozenset({DISPATCH_ROLE})), office.store, clock=office.time)


async def confirmed(office: Office, asking: ConfirmationService, order_id: int) -> int:
    """Say yes, and let the order be carried out."""
    accepted = await asking.confirm(DISPATCHER, REPLY, order_id)
    office.running[accepted.order.id] = asyncio.create_task(office.queue.run(accepted))
    await office.settle()
    return accepted.order.id


@pytest.mark.parametrize("action", list(OrderAction))
async def test_more_than_ten_are_asked_about(office: Office, action: OrderAction) -> None:
    assert CONFIRM_ABOVE == 10
    ten = await office.order(TEN, 100, action)
    assert await office.state(ten) is not OrderState.AWAITING_CONFIRMATION
    before = len(office.sent)
    eleven = await office.order(ELEVEN, 100, action)
    assert await office.state(eleven) is OrderState.AWAITING_CONFIRMATION
    stored = await office.stored(eleven)
    assert stored.answered
    assert len(stored.people) == 11
    assert office.text(eleven).startswith("⏳ ")
    await office.passes(1000)
    assert len(office.sent) == before
    assert office.running[eleven].done()


async def test_whoever_waits_behind_a_question_goes_on(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0 if order.units == ELEVEN else 0.0
    many = await office.order(ELEVEN, 101)
    one = await office.order("1", 100)
    await office.passes(20)
    assert await office.states(many, one) == [OrderState.AWAITING_CONFIRMATION, OrderState.DONE]
    assert office.sent == [[1]]


async def test_yes_sends_to_the_very_people(office: Office, asking: ConfirmationService) -> None:
    asked = await office.order(ELEVEN + " x")
    office.lookup_fault = AssertionError("they are known")
    given = await confirmed(office, asking, asked)
    await office.passes(60)
    assert await office.states(asked, given) == [OrderState.CONFIRMED, OrderState.DONE]
    assert office.sent == [list(range(1, 12))]
    assert office.text(given).startswith("⚠️ **#100**")
    stored = await office.stored(given)
    assert (stored.application_id, stored.token, stored.actor_id) == (8, "other", DANA)
    assert len(stored.people) == 11


async def test_yes_counts_from_now_on(office: Office, asking: ConfirmationService) -> None:
    """The order has its own 15 minutes, however long the question stood."""
    asked = await office.order(ELEVEN)
    await office.passes(800)
    office.cad.fault = CadUnreachable("Connection refused")
    given = await confirmed(office, asking, asked)
    await office.passes(600)
    assert await office.state(given) is OrderState.QUEUED
    office.cad.fault = None
    await office.passes(60)
    assert await office.state(given) is OrderState.DONE


async def test_the_question_is_answered_once(office: Office, asking: ConfirmationService) -> None:
    asked = await office.order(ELEVEN)
    answers = await asyncio.gather(
        *(asking.confirm(DISPATCHER, REPLY, asked) for _ in range(5)),
        asking.decline(DISPATCHER, asked),
        return_exceptions=True,
    )
    assert [type(one) for one in answers].count(AlreadyConfirmed) == 5
    assert len(await office.store.unfinished()) == 1
    for late in (asking.confirm(DISPATCHER, REPLY, asked), asking.decline(DISPATCHER, asked)):
        with pytest.raises(AlreadyConfirmed):
            await late


async def test_no_is_no(office: Office, asking: ConfirmationService) -> None:
    asked = await office.order(ELEVEN)
    view = await asking.decline(DISPATCHER, asked)
    assert view.order.state is OrderState.CANCELLED
    assert len(view.resolution.assignees) == 11
    assert await office.state(asked) is OrderState.CANCELLED
    with pytest.raises(NothingToConfirm):
        await asking.confirm(DISPATCHER, REPLY, asked)


async def test_who_answers(office: Office, asking: ConfirmationService) -> None:
    asked = await office.order(ELEVEN)
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
            await asking.decline(who, asked)
    assert await office.state(asked) is OrderState.AWAITING_CONFIRMATION
    # To leave it takes no right.
    await asking.decline(demoted, asked)


async def test_fifteen_minutes(office: Office, asking: ConfirmationService) -> None:
    assert CONFIRM_WITHIN == INTERACTION_LIFETIME
    first, second = await office.order(ELEVEN), await office.order(ELEVEN, 101)
    await office.passes(900)
    assert await asking.confirm(DISPATCHER, REPLY, first)
    await office.passes(1)
    with pytest.raises(TooLateToConfirm):
        await asking.confirm(DISPATCHER, REPLY, second)
    assert await office.state(second) is OrderState.AWAITING_CONFIRMATION


@pytest.mark.parametrize("units", ["1 2", "x"])
async def test_what_is_no_question_has_no_answer(
    office: Office, asking: ConfirmationService, units: str
) -> None:
    order = await office.order(units)
    for answer in (asking.confirm(DISPATCHER, REPLY, order), asking.decline(DISPATCHER, order)):
        with pytest.raises(NothingToConfirm):
            await answer
    with pytest.raises(NothingToConfirm):
        await asking.decline(DISPATCHER, 4711)


async def test_whoever_picked_them_from_lists_is_not_asked(office: Office) -> None:
    order = await office.accept(ELEVEN)
    office.running[order.id] = asyncio.create_task(
        office.queue.run(AcceptedOrder(order), may_ask=False)
    )
    await office.settle()
    await office.passes(60)
    assert await office.state(order.id) is OrderState.DONE


async def test_an_answer_while_the_question_is_still_being_written(
    office: Office, asking: ConfirmationService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log channel may be slow; what is written late must not undo the answer."""
    gate = asyncio.Event()

    async def report(view: OrderView) -> None:
        await gate.wait()

    monkeypatch.setattr(office.people, "report", report)
    asked = await office.order(ELEVEN)
    given = await confirmed(office, asking, asked)
    gate.set()
    await office.passes(60)
    assert await office.states(asked, given) == [OrderState.CONFIRMED, OrderState.DONE]
    assert (await office.stored(asked)).answered
    with pytest.raises(AlreadyConfirmed):
        await asking.confirm(DISPATCHER, REPLY, asked)


async def test_a_restart_before_it_is_known_whom_it_is_about(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0
    order = await office.accept(ELEVEN)
    office.running[order.id] = asyncio.create_task(
        office.queue.run(AcceptedOrder(order), may_ask=False)
    )
    await office.settle()
    await office.restart()
    await office.passes(10)
    assert await office.state(order.id) is OrderState.AWAITING_CONFIRMATION


async def test_a_restart_while_a_confirmed_order_waits(
    office: Office, asking: ConfirmationService
) -> None:
    asked = await office.order(ELEVEN)
    office.cad.fault = CadUnreachable("Connection refused")
    given = await confirmed(office, asking, asked)
    await office.restart()
    office.cad.fault = None
    await office.passes(120)
    assert await office.states(asked, given) == [OrderState.CONFIRMED, OrderState.DONE]


async def test_a_database_that_fails_leaves_the_question(
    office: Office, asking: ConfirmationService
) -> None:
    asked = await office.order(ELEVEN)
    office.database.broken = True
    with pytest.raises(DatabaseUnavailable):
        await asking.confirm(DISPATCHER, REPLY, asked)
    office.database.broken = False
    assert await office.state(asked) is OrderState.AWAITING_CONFIRMATION
    assert await asking.confirm(DISPATCHER, REPLY, asked)
