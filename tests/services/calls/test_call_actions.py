"""Orders about calls: who may give them, and what is stored of them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cad.models import NewCall
from bot.services.access.policy import Access, Actor
from bot.services.calls.call_actions import CallActions
from bot.services.errors import NoTargets, RoleRequired, TitleMissing
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.intake import OrderIntake
from bot.services.orders.outcomes import OrderDetail, decode_view
from bot.services.reply import ReplyAddress
from bot.storage.stores.order_store import OrderAction
from tests.services.conftest import v1
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import DISPATCH_ROLE, actor

OFFICER_ROLE = 78
DANA, PAT = actor(DISPATCH_ROLE), actor(OFFICER_ROLE, user_id=2)
VIC = actor(user_id=3)
REPLY = ReplyAddress(1, "token")
NEW = NewCall(0, "Fire", code="10-70", priority=1, address="Grove Street", description="Two floors")

pytestmark = v1


class NoLinks:
    """Links of no member."""

    async def is_linked(self, guild_id: int, user_id: int) -> bool:
        return False


@pytest.fixture
def acts(queue_fixture: QueueFixture) -> CallActions:
    access = Access(frozenset({DISPATCH_ROLE}), frozenset({OFFICER_ROLE}))
    intake = OrderIntake(
        access, queue_fixture.store, queue_fixture.board, 1, clock=queue_fixture.time
    )
    links: Any = NoLinks()
    return CallActions(access, queue_fixture.board, intake=intake, links=links)


async def stored(queue_fixture: QueueFixture, accepted: AcceptedOrder) -> tuple[Any, ...]:
    """Read what the database has of an order."""
    view = decode_view(await queue_fixture.stored(accepted.order.id))
    return view.order.action, view.order.call_id, view.order.units, view.detail


async def give(acts: CallActions, who: Actor, action: OrderAction) -> AcceptedOrder:
    """Give an order of a kind."""
    match action:
        case OrderAction.CREATE:
            giving = acts.create_call(who, REPLY, server_id=None, new=NEW)
        case OrderAction.NOTE:
            giving = acts.add_note(
                who, REPLY, server_id=1, call_id=100, text="Code 4", label="dana"
            )
        case OrderAction.PRIMARY:
            giving = acts.set_primary(who, REPLY, server_id=1, call_id=100, unit="A-1")
        case OrderAction.CLOSE:
            giving = acts.close_call(who, REPLY, server_id=1, call_id=100)
        case OrderAction.STATUS:
            giving = acts.set_status(who, REPLY, server_id=1, status=3)
        case OrderAction.RESPOND:
            giving = acts.respond_to_911(who, REPLY, server_id=1, number=7, units="me")
        case _:
            giving = acts.dismiss_911(who, REPLY, server_id=1, number=7)
    return await giving


KINDS = [
    (OrderAction.CREATE, None, "", OrderDetail(new=NEW)),
    (OrderAction.NOTE, 100, "", OrderDetail(text="Code 4", label="dana")),
    (OrderAction.PRIMARY, 100, "A-1", OrderDetail()),
    (OrderAction.CLOSE, 100, "", OrderDetail()),
    (OrderAction.STATUS, None, "me", OrderDetail(status=3)),
    (OrderAction.RESPOND, None, "me", OrderDetail(emergency=7)),
    (OrderAction.DISMISS, None, "", OrderDetail(emergency=7)),
]


@pytest.mark.parametrize("expected", KINDS, ids=[kind[0] for kind in KINDS])
async def test_an_order_is_stored_with_what_it_says(
    acts: CallActions, queue_fixture: QueueFixture, expected: tuple[Any, ...]
) -> None:
    assert await stored(queue_fixture, await give(acts, DANA, expected[0])) == expected


@pytest.mark.parametrize("action", [kind[0] for kind in KINDS])
async def test_only_the_own_status_needs_no_dispatcher(
    acts: CallActions, action: OrderAction
) -> None:
    with pytest.raises(RoleRequired):
        await give(acts, VIC, action)
    if action is OrderAction.STATUS:
        await give(acts, PAT, action)
    else:
        with pytest.raises(RoleRequired):
            await give(acts, PAT, action)


async def test_equal_notes_are_counted_before(
    acts: CallActions, queue_fixture: QueueFixture
) -> None:
    await queue_fixture.cad.add_note(1, 100, " Code  4", label="dana")
    await queue_fixture.cad.add_note(1, 100, "Code 4", label="erin")
    await queue_fixture.board.fetch_calls(1)
    *_, detail = await stored(queue_fixture, await give(acts, DANA, OrderAction.NOTE))
    assert detail.equal_notes == 1


async def test_the_primary_unit_before_is_kept(
    acts: CallActions, queue_fixture: QueueFixture
) -> None:
    queue_fixture.cad.primaries[100] = 3
    await queue_fixture.board.fetch_calls(1)
    *_, detail = await stored(queue_fixture, await give(acts, DANA, OrderAction.PRIMARY))
    assert detail.primary == 3


async def test_a_new_call_has_a_title(acts: CallActions) -> None:
    with pytest.raises(TitleMissing):
        await acts.create_call(DANA, REPLY, server_id=1, new=NewCall(0, ""))


async def test_a_response_names_a_unit(acts: CallActions) -> None:
    with pytest.raises(NoTargets):
        await acts.respond_to_911(DANA, REPLY, server_id=1, number=7, units="  ")


async def test_what_is_asked_before_a_form(acts: CallActions) -> None:
    assert not await acts.is_linked(DANA)
    acts.require_dispatch(DANA)
    acts.require_self_dispatch(PAT)
    with pytest.raises(RoleRequired):
        acts.require_dispatch(PAT)
    with pytest.raises(RoleRequired):
        acts.require_self_dispatch(VIC)
