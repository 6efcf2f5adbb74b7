"""Words that are neither numbers nor ids: names of members, and typos."""

from __future__ import annotations

import pytest

from bot.services.targets.skipped_target import NearMatch, SkipReason
from tests.services.conftest import v1
from tests.services.orders.order_fixture import DANA, PAT, REPLY, OrderFixture
from tests.services.samples import unit

pytestmark = v1


@pytest.fixture(autouse=True)
async def known_units(order_fixture: OrderFixture) -> None:
    await order_fixture.queue_fixture.board.fetch_units(5)


async def found(order_fixture: OrderFixture, units: str):
    accepted = await order_fixture.intake.attach(DANA, REPLY, units, call=100)
    return await order_fixture.resolver.resolve_order(accepted)


@pytest.mark.parametrize("word", ["pat", "@pat"])
async def test_the_whole_name_of_one_member(order_fixture: OrderFixture, word: str) -> None:
    resolution = await found(order_fixture, word)
    assert [(one.api_id, one.discord_id) for one in resolution.assignees] == [("STEAM:1", PAT)]
    assert resolution.left_out == ()
    assert (await found(order_fixture, f"A-1 A-2 -{word}")).assignees[0].api_id == "steam:2"


async def test_a_number_goes_before_a_name(order_fixture: OrderFixture) -> None:
    order_fixture.on_duty.append(unit(3, "PAT", "steam:3"))
    await order_fixture.queue_fixture.board.fetch_units(5)
    (one,) = (await found(order_fixture, "pat")).assignees
    assert (one.api_id, one.discord_id) == ("steam:3", None)


async def test_a_part_of_a_name_is_offered(order_fixture: OrderFixture) -> None:
    resolution = await found(order_fixture, "pa")
    (skipped,) = resolution.left_out
    assert resolution.assignees == ()
    assert skipped.reason is SkipReason.NO_SUCH_UNIT
    assert skipped.near == (NearMatch("A-1", "A-1", "", PAT),)


async def test_of_two_members_with_one_name_none_is_taken(order_fixture: OrderFixture) -> None:
    resolution = await found(order_fixture, "sam")
    assert resolution.assignees == ()
    assert [one.token for one in resolution.near_matches] == ["A-1", "A-2"]


async def test_nothing_is_offered_for_an_exclusion(order_fixture: OrderFixture) -> None:
    resolution = await found(order_fixture, "A-1 -A-11 A-22")
    assert [(one.target.text, len(one.near)) for one in resolution.left_out] == [
        ("A-22", 1),
        ("-A-11", 0),
    ]
