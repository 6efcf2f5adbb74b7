"""Which units an order means: from memory where that is enough, otherwise from the CAD."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadUnreachable
from bot.services.targets.resolution import PartialUnitList, Resolution
from bot.services.targets.skipped_target import SkipReason
from tests.services.conftest import v1
from tests.services.orders.order_fixture import BOB, DANA, PAT, REPLY, CadWithUnits, OrderFixture
from tests.services.samples import unit

pytestmark = v1


async def resolve(order_fixture: OrderFixture, units: str) -> Resolution:
    accepted = await order_fixture.intake.attach(DANA, REPLY, units, call=100)
    return await order_fixture.resolver.resolve_order(accepted)


async def test_who_is_known_is_found_without_asking(order_fixture: OrderFixture) -> None:
    await order_fixture.queue_fixture.board.fetch_units(1)
    order_fixture.intake._default_server_id = 1
    order_fixture.queue_fixture.cad.asked.clear()
    found = await resolve(order_fixture, f"<@{PAT}> A-2 <@{BOB}>")
    assert [(one.api_id, one.discord_id, one.on_duty) for one in found.assignees] == [
        ("STEAM:1", PAT, True),
        ("steam:2", None, True),
    ]
    assert [one.reason for one in found.left_out] == [SkipReason.NOT_LINKED]
    assert order_fixture.queue_fixture.cad.asked["units"] == 0


async def test_who_is_not_known_is_asked_for(order_fixture: OrderFixture) -> None:
    await order_fixture.queue_fixture.board.fetch_units(5)
    order_fixture.on_duty.append(unit(3, "A-3", "steam:3"))
    found = await resolve(order_fixture, "A-3 A-4")
    assert [one.api_id for one in found.assignees] == ["steam:3"]
    assert [one.reason for one in found.left_out] == [SkipReason.NO_SUCH_UNIT]


@pytest.mark.parametrize("units", ["dept:X", "A-1..A-9", "<@&5:1001,1002,1003>"])
async def test_who_belongs_to_a_group_is_always_asked_for(
    order_fixture: OrderFixture, units: str
) -> None:
    """A group may have grown since, without anything in the old list that shows it."""
    order_fixture.on_duty[:] = [unit(1, "A-1", "steam:1", department="X")]
    order_fixture.intake._default_server_id = 1
    await order_fixture.queue_fixture.board.fetch_units(1)
    order_fixture.on_duty.append(unit(2, "A-2", "steam:2", department="X"))
    found = await resolve(order_fixture, units)
    assert [one.unit.number for one in found.assignees if one.unit] == ["A-1", "A-2"]
    assert order_fixture.queue_fixture.cad.asked["account_of"] == 0


async def test_mentions_without_members_do_not_ask_the_cad(order_fixture: OrderFixture) -> None:
    order_fixture.intake._default_server_id = 1
    await order_fixture.queue_fixture.board.fetch_units(1)
    order_fixture.queue_fixture.cad.asked.clear()
    found = await resolve(order_fixture, "A-1 <@&5:hidden> <#6:> <#7:text> @everyone")
    assert len(found.left_out) == 4
    assert order_fixture.queue_fixture.cad.asked.total() == 0


async def test_without_an_answer_of_the_cad_no_unit_counts_as_off_duty(
    order_fixture: OrderFixture, caplog: pytest.LogCaptureFixture
) -> None:
    await order_fixture.queue_fixture.board.fetch_units(5)
    order_fixture.queue_fixture.cad.query_fault = CadUnreachable("Connection refused")
    found = await resolve(order_fixture, f"<@{PAT}> A-9")
    assert [one.api_id for one in found.assignees] == ["STEAM:1"]
    assert [one.reason for one in found.left_out] == [SkipReason.NOT_LOOKED_UP]
    assert "units of server 5 not known" in caplog.text


async def test_the_call_of_each_unit_is_noted(order_fixture: OrderFixture) -> None:
    order_fixture.queue_fixture.cad.put(1, 101)
    await order_fixture.queue_fixture.board.fetch_calls(5)
    found = await resolve(order_fixture, f"<@{PAT}> A-2 steam:elsewhere")
    assert [one.call_id for one in found.assignees] == [101, None, None]


async def test_a_list_that_is_still_loading_is_used_and_named(order_fixture: OrderFixture) -> None:
    as_of = order_fixture.queue_fixture.time.now()
    cad = order_fixture.queue_fixture.cad
    assert isinstance(cad, CadWithUnits)
    cad.is_loading = True
    found = await resolve(order_fixture, "A-1..A-9 B-7")
    assert [one.unit.number for one in found.assignees if one.unit] == ["A-1", "A-2"]
    assert [(one.target.text, one.reason) for one in found.left_out] == [
        ("A-1..A-9", SkipReason.LIST_INCOMPLETE),
        ("B-7", SkipReason.LIST_INCOMPLETE),
    ]
    assert found.partial_list == PartialUnitList(2, as_of)
