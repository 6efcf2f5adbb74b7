"""What somebody typed → an order in the file → whom it is about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.cad.errors import CadUnreachable
from bot.cad.models import Unit, UnitListPart
from bot.services.access.policy import Access
from bot.services.errors import (
    NoTargets,
    NothingToUndo,
    RoleRequired,
    TooLateToUndo,
    TooManyTargets,
)
from bot.services.links.link_service import LinkService
from bot.services.orders import outcomes
from bot.services.orders.intake import UNDO_WITHIN, OrderIntake
from bot.services.orders.order_resolver import TargetResolver
from bot.services.orders.outcomes import Outcome
from bot.services.reply import ReplyAddress
from bot.services.targets.resolution import Resolution, SkipReason
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.conftest import v1
from tests.services.office import Office, ScriptedCad, prover_of
from tests.services.samples import DISPATCH_ROLE, GUILD, actor, unit
from tests.stored_links import put_link

DANA = actor(DISPATCH_ROLE, user_id=42)
REPLY = ReplyAddress(7, "secret")
PAT, ALICE, BOB = 1001, 1002, 1003

pytestmark = v1


@dataclass
class Desk:
    office: Office
    intake: OrderIntake
    resolver: TargetResolver
    links: LinkStore
    on_duty: list[Unit]

    def later(self, elapsed: timedelta) -> None:
        self.office.time._elapsed += elapsed.total_seconds()

    async def done(self, **more) -> int:
        """Leave a closed order in the file."""
        people = tuple(map(self.office.assignee, (1, 2)))
        people = (people[0], replace(people[1], discord_id=None))
        order = await self.office.accept(
            "1 2",
            **{
                "state": OrderState.DONE,
                "finished_at": self.office.time.now(),
                "resolution": outcomes.RESOLUTION_JSON.dump_json(Resolution(people)).decode(),
                "outcome": outcomes.OUTCOME_JSON.dump_json(Outcome(None, 1.0)).decode(),
                **more,
            },
        )
        return order.id


@pytest.fixture
async def desk(office: Office) -> AsyncIterator[Desk]:
    on_duty = [unit(1, "A-1", "steam:1"), unit(2, "A-2", "steam:2")]

    class Cad(ScriptedCad):
        async def units(self, server_id: int) -> UnitListPart:
            await self._ask("units")
            return UnitListPart.whole(on_duty)

        async def get_account_by_discord_id(self, discord_id: int) -> None:
            self.asked["account_of"] += 1

    cad = Cad(office.time, 1, office.life)
    office.cad = cad
    office.board._cad = cad
    access = Access(frozenset({DISPATCH_ROLE}))
    links = LinkStore(office.database)
    for number, member_id in enumerate((PAT, ALICE), 1):
        await put_link(links, Link(GUILD, member_id, f"STEAM:{number}", 1, office.time.now()))
    prover = prover_of(office, cad)
    linking = LinkService(access, links, cad, prover, id_format="{hex}", clock=office.time)
    intake = OrderIntake(access, office.store, 5, clock=office.time)
    resolver = TargetResolver(links, linking, office.board)
    yield Desk(office, intake, resolver, links, on_duty)
    await linking.close()


async def test_an_order_is_stored_before_anything_else(desk: Desk) -> None:
    accepted = await desk.intake.attach(DANA, REPLY, "me  A-12", call_id=100, server_id=3)
    order = accepted.order
    assert await desk.office.stored(order.id) == order
    assert order == Order(
        order.id,
        GUILD,
        3,
        OrderAction.ATTACH,
        100,
        "me  A-12",
        42,
        desk.office.time.now(),
        7,
        "secret",
    )
    assert desk.office.cad.asked.total() == 0


@pytest.mark.parametrize("call_id", [None, 100])
async def test_a_detach(desk: Desk, call_id: int | None) -> None:
    order = (await desk.intake.detach(DANA, REPLY, "me", call_id=call_id)).order
    assert (order.action, order.call_id, order.server_id) == (OrderAction.DETACH, call_id, 5)
    assert await desk.office.stored(order.id) == order


@pytest.mark.parametrize(
    ("who", "units", "error"),
    [
        (actor(user_id=42), "me", RoleRequired),
        (DANA, " , ", NoTargets),
        (DANA, " ".join(map(str, range(51))), TooManyTargets),
    ],
)
async def test_what_is_refused_is_not_stored(desk: Desk, who, units: str, error) -> None:
    with pytest.raises(error):
        await desk.intake.attach(who, REPLY, units, call_id=100)
    with pytest.raises(error):
        await desk.intake.detach(who, REPLY, units)
    assert await desk.office.store.unfinished() == []


async def test_the_token_is_not_shown(desk: Desk) -> None:
    assert "secret" not in repr(REPLY)


async def resolved(desk: Desk, units: str) -> Resolution:
    accepted = await desk.intake.attach(DANA, REPLY, units, call_id=100)
    return await desk.resolver.resolve_order(accepted)


async def test_who_is_known_is_found_without_asking(desk: Desk) -> None:
    await desk.office.board.fetch_units(1)
    desk.intake._default_server_id = 1
    desk.office.cad.asked.clear()
    found = await resolved(desk, f"<@{PAT}> A-2 <@{BOB}>")
    assert [(one.api_id, one.discord_id, one.on_duty) for one in found.assignees] == [
        ("STEAM:1", PAT, True),
        ("steam:2", None, True),
    ]
    assert [one.reason for one in found.left_out] == [SkipReason.NOT_LINKED]
    assert desk.office.cad.asked["units"] == 0


async def test_who_is_not_known_is_asked_for(desk: Desk) -> None:
    await desk.office.board.fetch_units(5)
    desk.on_duty.append(unit(3, "A-3", "steam:3"))
    found = await resolved(desk, "A-3 A-4")
    assert [one.api_id for one in found.assignees] == ["steam:3"]
    assert [one.reason for one in found.left_out] == [SkipReason.NO_SUCH_UNIT]


@pytest.mark.parametrize("units", ["dept:X", "A-1..A-9", "<@&5:1001,1002,1003>"])
async def test_who_belongs_to_a_group_is_always_asked_for(desk: Desk, units: str) -> None:
    """A group may have grown since, without anything in the old list that shows it."""
    desk.on_duty[:] = [unit(1, "A-1", "steam:1", department="X")]
    desk.intake._default_server_id = 1
    await desk.office.board.fetch_units(1)
    desk.on_duty.append(unit(2, "A-2", "steam:2", department="X"))
    found = await resolved(desk, units)
    assert [one.unit.number for one in found.assignees if one.unit] == ["A-1", "A-2"]
    assert desk.office.cad.asked["account_of"] == 0


async def test_what_names_no_group_of_people_asks_nobody(desk: Desk) -> None:
    desk.intake._default_server_id = 1
    await desk.office.board.fetch_units(1)
    desk.office.cad.asked.clear()
    found = await resolved(desk, "A-1 <@&5:hidden> <#6:> <#7:text> @everyone")
    assert len(found.left_out) == 4
    assert desk.office.cad.asked.total() == 0


async def test_a_cad_that_does_not_answer_calls_nobody_off_duty(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.office.board.fetch_units(5)
    desk.office.cad.question_fault = CadUnreachable("Connection refused")
    found = await resolved(desk, f"<@{PAT}> A-9")
    assert [one.api_id for one in found.assignees] == ["STEAM:1"]
    assert [one.reason for one in found.left_out] == [SkipReason.NOT_LOOKED_UP]
    assert "units of server 5 not known" in caplog.text


async def test_it_is_noted_which_call_everybody_is_on(desk: Desk) -> None:
    desk.office.cad.put(1, 101)
    await desk.office.board.fetch_calls(5)
    found = await resolved(desk, f"<@{PAT}> A-2 steam:elsewhere")
    assert [one.call_id for one in found.assignees] == [101, None, None]


async def test_an_undo_is_a_detach_from_that_call_only(desk: Desk) -> None:
    done = await desk.done(call_id=102, server_id=3)
    order = (await desk.intake.undo(DANA, ReplyAddress(8, "other"), done)).order
    assert await desk.office.stored(order.id) == order
    assert (order.action, order.call_id, order.server_id) == (OrderAction.DETACH, 102, 3)
    assert order.units == "<@1001> steam:2"
    assert (order.application_id, order.token, order.actor_id) == (8, "other", 42)


async def test_an_undo_stands_open_for_ten_minutes(desk: Desk) -> None:
    done = await desk.done()
    desk.later(UNDO_WITHIN)
    assert await desk.intake.undo(DANA, REPLY, done)
    desk.later(timedelta(seconds=1))
    with pytest.raises(TooLateToUndo):
        await desk.intake.undo(DANA, REPLY, done)
    assert timedelta(minutes=10) == UNDO_WITHIN


@pytest.mark.parametrize(
    "more",
    [
        {"guild_id": GUILD + 1},
        {"action": OrderAction.DETACH},
        {"state": OrderState.REFUSED},
        {"state": OrderState.SENDING},
        {"state": OrderState.CANCELLED},
        {"finished_at": None},
        {"resolution": outcomes.RESOLUTION_JSON.dump_json(Resolution()).decode()},
        {"resolution": None},
    ],
    ids=str,
)
async def test_what_attached_nobody_cannot_be_undone(desk: Desk, more) -> None:
    done = await desk.done(**more)
    with pytest.raises(NothingToUndo):
        await desk.intake.undo(DANA, REPLY, done)


async def test_what_does_not_exist_cannot_be_undone(desk: Desk) -> None:
    with pytest.raises(NothingToUndo):
        await desk.intake.undo(DANA, REPLY, 5)


async def test_only_dispatchers_undo(desk: Desk) -> None:
    done = await desk.done()
    with pytest.raises(RoleRequired):
        await desk.intake.undo(actor(user_id=42), REPLY, done)
