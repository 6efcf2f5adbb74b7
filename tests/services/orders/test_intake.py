"""A typed command becomes a stored order, or is refused and not stored; and what can be undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.cad.push.events import CallUpserted
from bot.services.access.policy import Access
from bot.services.errors import (
    AlreadyPressed,
    AlreadyUndone,
    AmbiguousCall,
    CallNotFound,
    NoTargets,
    NothingToConfirm,
    NothingToUndo,
    RoleRequired,
    TooLateToConfirm,
    TooLateToUndo,
    TooManyTargets,
)
from bot.services.orders import outcomes
from bot.services.orders.confirmation import CONFIRM_WITHIN
from bot.services.orders.intake import UNDO_WITHIN
from bot.services.orders.outcomes import OrderDetail
from bot.services.reply import ReplyAddress
from bot.services.targets.resolution import Resolution
from bot.services.targets.skipped_target import NearMatch, SkippedTarget, SkipReason, Target
from bot.services.targets.terms import Mention
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.conftest import v1
from tests.services.orders.order_fixture import DANA, PAT, REPLY, OrderFixture
from tests.services.samples import DISPATCH_ROLE, GUILD, actor, call

pytestmark = v1
OFFICER_ROLE = 78


async def test_an_order_is_stored_before_anything_else(order_fixture: OrderFixture) -> None:
    accepted = await order_fixture.intake.attach(DANA, REPLY, "me  A-12", call=100, server_id=3)
    order = accepted.order
    assert await order_fixture.queue_fixture.stored(order.id) == order
    assert order == Order(
        order.id,
        GUILD,
        3,
        OrderAction.ATTACH,
        100,
        "me  A-12",
        42,
        order_fixture.queue_fixture.time.now(),
        7,
        "secret",
    )
    assert order_fixture.queue_fixture.cad.asked.total() == 0


async def test_a_message_gives_one_order(order_fixture: OrderFixture) -> None:
    reply = replace(REPLY, reply_id=4711)
    order = (await order_fixture.intake.attach(DANA, reply, "A-12", call=100)).order
    assert await order_fixture.queue_fixture.stored(order.id) == order
    assert order.reply_id == 4711
    with pytest.raises(AlreadyPressed):
        await order_fixture.intake.detach(DANA, reply, "A-12")
    assert await order_fixture.intake.detach(DANA, replace(reply, reply_id=4712), "A-12")


@pytest.mark.parametrize("call_id", [None, 100])
async def test_a_detach(order_fixture: OrderFixture, call_id: int | None) -> None:
    order = (await order_fixture.intake.detach(DANA, REPLY, "me", call=call_id)).order
    assert (order.action, order.call_id, order.server_id) == (OrderAction.DETACH, call_id, 5)
    assert await order_fixture.queue_fixture.stored(order.id) == order


@pytest.mark.parametrize("typed", ["100", "#100", "2026-0100", "robbery"])
async def test_a_call_is_named_as_dispatchers_see_it(
    order_fixture: OrderFixture, typed: str
) -> None:
    board = order_fixture.queue_fixture.board
    board.apply(5, [CallUpserted(call(100, "Armed Robbery"))])
    accepted = await order_fixture.intake.attach(DANA, REPLY, "me", call=typed)
    assert accepted.order.call_id == 100
    assert order_fixture.queue_fixture.cad.asked.total() == 0


async def test_an_order_on_no_single_call_is_not_stored(order_fixture: OrderFixture) -> None:
    board = order_fixture.queue_fixture.board
    board.apply(5, [CallUpserted(call(number, "Fire")) for number in (100, 101)])
    for typed, error in (("fire", AmbiguousCall), ("flood", CallNotFound)):
        with pytest.raises(error):
            await order_fixture.intake.attach(DANA, REPLY, "me", call=typed)
        with pytest.raises(RoleRequired):
            await order_fixture.intake.attach(actor(user_id=42), REPLY, "me", call=typed)
    assert await order_fixture.queue_fixture.store.unfinished(GUILD) == []


@pytest.mark.parametrize(
    ("who", "units", "error"),
    [
        (actor(user_id=42), "me", RoleRequired),
        (DANA, " , ", NoTargets),
        (DANA, " ".join(map(str, range(51))), TooManyTargets),
    ],
)
async def test_what_is_refused_is_not_stored(
    order_fixture: OrderFixture, who, units: str, error
) -> None:
    with pytest.raises(error):
        await order_fixture.intake.attach(who, REPLY, units, call=100)
    with pytest.raises(error):
        await order_fixture.intake.detach(who, REPLY, units)
    assert await order_fixture.queue_fixture.store.unfinished(GUILD) == []


async def test_the_token_is_not_shown(order_fixture: OrderFixture) -> None:
    assert "secret" not in repr(REPLY)


async def test_an_undo_is_about_what_was_stored(order_fixture: OrderFixture) -> None:
    done = await order_fixture.done(call_id=102, server_id=3)
    accepted = await order_fixture.intake.undo(DANA, ReplyAddress(8, "other"), done)
    order = accepted.order
    assert await order_fixture.queue_fixture.stored(order.id) == order
    assert (order.action, order.call_id, order.server_id) == (OrderAction.UNDO, 102, 3)
    assert (order.application_id, order.token, order.actor_id) == (8, "other", 42)
    view = outcomes.decode_view(order)
    assert view.detail == OrderDetail(undoes=OrderAction.ATTACH, undone_id=done)
    assert [one.api_id for one in view.resolution.assignees] == ["steam:1", "steam:2"]
    assert accepted.must_check
    assert (await order_fixture.queue_fixture.stored(done)).undone_by == order.id


async def test_an_undo_of_a_detach_takes_units_off_no_call(order_fixture: OrderFixture) -> None:
    done = await order_fixture.done(call_id=102, action=OrderAction.DETACH)
    order = (await order_fixture.intake.undo(DANA, REPLY, done)).order
    assert order.call_id is None
    assert {one.call_id for one in outcomes.decode_view(order).resolution.assignees} == {102}


async def test_an_order_is_undone_once(order_fixture: OrderFixture) -> None:
    done = await order_fixture.done()
    await order_fixture.intake.undo(DANA, REPLY, done)
    with pytest.raises(AlreadyUndone):
        await order_fixture.intake.undo(DANA, REPLY, done)


async def test_an_undo_stands_open_for_ten_minutes(order_fixture: OrderFixture) -> None:
    done = await order_fixture.done()
    order_fixture.later(UNDO_WITHIN)
    assert await order_fixture.intake.undo(DANA, REPLY, done)
    order_fixture.later(timedelta(seconds=1))
    with pytest.raises(TooLateToUndo):
        await order_fixture.intake.undo(DANA, REPLY, done)
    assert timedelta(minutes=10) == UNDO_WITHIN


@pytest.mark.parametrize(
    "more",
    [
        {"guild_id": GUILD + 1},
        {"action": OrderAction.DETACH, "call_id": None},
        {"action": OrderAction.NOTE},
        {"action": OrderAction.UNDO},
        {"state": OrderState.REFUSED},
        {"state": OrderState.SENDING},
        {"state": OrderState.CANCELLED},
        {"finished_at": None},
        {"resolution": outcomes.RESOLUTION_JSON.dump_json(Resolution()).decode()},
        {"resolution": None},
    ],
    ids=str,
)
async def test_an_order_that_attached_no_unit_cannot_be_undone(
    order_fixture: OrderFixture, more
) -> None:
    done = await order_fixture.done(**more)
    with pytest.raises(NothingToUndo):
        await order_fixture.intake.undo(DANA, REPLY, done)


async def test_what_does_not_exist_cannot_be_undone(order_fixture: OrderFixture) -> None:
    with pytest.raises(NothingToUndo):
        await order_fixture.intake.undo(DANA, REPLY, 5)


async def test_an_officer_undoes_what_is_about_the_own_unit(order_fixture: OrderFixture) -> None:
    order_fixture.intake._access = Access(frozenset({DISPATCH_ROLE}), frozenset({OFFICER_ROLE}))
    pat = (order_fixture.queue_fixture.assignee(1),)
    resolution = outcomes.RESOLUTION_JSON.dump_json(Resolution(pat)).decode()
    alone = await order_fixture.done(resolution=resolution)
    officer = actor(OFFICER_ROLE, user_id=PAT)
    assert (await order_fixture.intake.undo(officer, REPLY, alone)).order.actor_id == PAT
    with pytest.raises(RoleRequired):
        await order_fixture.intake.undo(officer, REPLY, await order_fixture.done())
    alone = await order_fixture.done(resolution=resolution)
    with pytest.raises(RoleRequired):
        await order_fixture.intake.undo(actor(user_id=PAT), REPLY, alone)


async def test_only_dispatchers_undo(order_fixture: OrderFixture) -> None:
    done = await order_fixture.done()
    with pytest.raises(RoleRequired):
        await order_fixture.intake.undo(actor(user_id=42), REPLY, done)


async def test_nothing_is_looked_up_for_a_member_without_rights(
    order_fixture: OrderFixture,
) -> None:
    """The largest role, named 260 times, would hold up everything."""
    looked_up: list[Mention] = []
    with pytest.raises(RoleRequired):
        await order_fixture.intake.attach(
            actor(user_id=42), REPLY, "<@&5>" * 260, call=100, lookup=looked_up.append
        )
    assert looked_up == []


async def typo(order_fixture: OrderFixture, **more: Any) -> int:
    """Leave a closed order in the file, one word of which may have meant A-2."""
    near = (NearMatch("A-2", "A-2"),)
    skipped = SkippedTarget(Target("A-22"), SkipReason.NO_SUCH_UNIT, near=near)
    resolution = outcomes.RESOLUTION_JSON.dump_json(Resolution(left_out=(skipped,))).decode()
    return await order_fixture.done(resolution=resolution, reply_id=4711, **more)


async def test_what_a_word_may_have_meant_is_an_order_like_any_other(
    order_fixture: OrderFixture,
) -> None:
    detail = OrderDetail(status=3)
    encoded = outcomes.encode_detail(detail)
    order_id = await typo(order_fixture, action=OrderAction.STATUS, detail=encoded)
    give = partial(order_fixture.intake.give_near_match, DANA, REPLY, order_id=order_id)
    accepted = await give(index=0, message_id=4711)
    order = accepted.order
    assert (order.action, order.units, order.call_id) == (OrderAction.STATUS, "A-2", 100)
    assert outcomes.decode_view(order).detail == detail
    assert await order_fixture.queue_fixture.stored(order.id) == order
    for wrong in ({"index": 1, "message_id": 4711}, {"index": 0, "message_id": 4712}):
        with pytest.raises(NothingToConfirm):
            await give(**wrong)


async def test_what_may_have_been_meant_is_not_sent_for_others_or_later(
    order_fixture: OrderFixture,
) -> None:
    give = partial(order_fixture.intake.give_near_match, index=0, message_id=4711)
    order_id = await typo(order_fixture)
    with pytest.raises(NothingToConfirm):
        await give(actor(DISPATCH_ROLE, guild_id=GUILD + 1), REPLY, order_id=order_id)
    with pytest.raises(NothingToConfirm):
        await give(DANA, REPLY, order_id=order_id + 1)
    with pytest.raises(NothingToConfirm):
        await give(DANA, REPLY, order_id=await typo(order_fixture, finished_at=None))
    with pytest.raises(RoleRequired):
        await give(actor(OFFICER_ROLE), REPLY, order_id=order_id)
    order_fixture.later(CONFIRM_WITHIN)
    await give(DANA, REPLY, order_id=order_id)
    order_fixture.later(timedelta(seconds=1))
    with pytest.raises(TooLateToConfirm):
        await give(DANA, REPLY, order_id=order_id)
