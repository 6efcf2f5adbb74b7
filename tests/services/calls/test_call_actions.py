"""Orders about calls: who may give them, and what is stored of them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cad.models import NewCall
from bot.services.access.policy import Access, Actor
from bot.services.calls.call_actions import CallActions
from bot.services.errors import NoTargets, NotOnThatCall, RoleRequired, SeveralUnits, TitleMissing
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

    api_id: str | None = None

    async def is_linked(self, guild_id: int, user_id: int) -> bool:
        return False

    async def api_id_of(self, guild_id: int, user_id: int) -> str | None:
        return self.api_id


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
async def test_only_what_is_about_the_own_unit_needs_no_dispatcher(
    acts: CallActions, action: OrderAction
) -> None:
    with pytest.raises(RoleRequired):
        await give(acts, VIC, action)
    if action in {OrderAction.STATUS, OrderAction.RESPOND}:
        await give(acts, PAT, action)
    else:
        refusal = NotOnThatCall if action is OrderAction.NOTE else RoleRequired
        with pytest.raises(refusal):
            await give(acts, PAT, action)


async def test_an_officer_sends_no_other_unit_to_a_911_call(acts: CallActions) -> None:
    for units in ("A-1 A-2", "<@9>", "me A-1"):
        with pytest.raises(RoleRequired):
            await acts.respond_to_911(PAT, REPLY, server_id=1, number=7, units=units)


@pytest.mark.parametrize("who", [DANA, PAT])
async def test_a_status_of_one_unit(
    acts: CallActions, queue_fixture: QueueFixture, who: Actor
) -> None:
    accepted = await acts.set_status(who, REPLY, server_id=2, status=4, unit="a12")
    _, _, units, detail = await stored(queue_fixture, accepted)
    assert (units, detail) == ("a12" if who is DANA else "me:a12", OrderDetail(status=4))
    for several in ("A-1 A-2", "A-1..A-9", "dept:LSPD", "<@&5>", "A-1 -A-2"):
        with pytest.raises(SeveralUnits):
            await acts.set_status(who, REPLY, server_id=2, status=4, unit=several)
    with pytest.raises(NoTargets):
        await acts.set_status(DANA, REPLY, server_id=2, status=4, unit=" ")
    with pytest.raises(RoleRequired):
        await acts.set_status(PAT, REPLY, server_id=2, status=4, unit="<@9>")


@pytest.mark.parametrize(
    ("api_id", "is_on_call"), [("1", True), ("2", False), ("9", False), (None, False)]
)
async def test_officers_write_notes_on_their_own_call(
    acts: CallActions, queue_fixture: QueueFixture, api_id: str | None, is_on_call: bool
) -> None:
    queue_fixture.cad.put(1, 100)
    await queue_fixture.board.fetch_calls(1)
    await queue_fixture.board.fetch_units(1)
    links: Any = acts._links
    links.api_id = api_id
    assert await acts.may_note(PAT, 1, 100) is is_on_call
    assert not await acts.may_note(PAT, 1, 999)
    assert await acts.may_note(DANA, 1, 999)
    assert not await acts.may_note(VIC, 1, 100)


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
