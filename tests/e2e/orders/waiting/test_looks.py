"""After an answer of the CAD was lost, the bot looks at the CAD and says what is."""

from __future__ import annotations

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.faults import RateLimited, Reset
from tests.e2e.bot_fixture import BotFixture

CALLS = {1: "/emergency/get_calls", 2: "/v2/emergency/servers/1/calls"}
DETACH = {1: "/emergency/detach_unit", 2: "/v2/emergency/servers/1/dispatch-calls/attachments"}

both_apis = pytest.mark.parametrize(
    ("bot_fixture", "version"),
    [({"sonoran_api_version": one}, one) for one in (1, 2)],
    indirect=["bot_fixture"],
    ids=["v1", "v2"],
)


def put(bot_fixture: BotFixture, call_id: int) -> None:
    """Let a dispatcher at the CAD's own screen put A-7 on a call."""
    units = bot_fixture.server.units.values()
    (unit,) = [one for one in units if one.badge.unit_num == "A-7"]
    bot_fixture.world.attach(bot_fixture.server, call_id, Target(ident_ids=(unit.id,)))


@both_apis
@pytest.mark.parametrize("is_moved", [False, True])
async def test_after_a_lost_answer_it_is_said_where_the_unit_is_now(
    bot_fixture: BotFixture, version: int, is_moved: bool
) -> None:
    # The bot does not know the unit's call, and the CAD does not show it now.
    put(bot_fixture, 100)
    bot_fixture.cad.faults.set(RateLimited(1), path=CALLS[version], times=1)
    bot_fixture.cad.faults.set(Reset(), path=DETACH[version], times=1)
    said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="A-7")
    await bot_fixture.advance(2)
    assert bot_fixture.units_on(100) == []
    if is_moved:
        put(bot_fixture, 102)
    expected = (
        "⚠️ The CAD shows these units on no call now. It did not say whether this order did that.\n"
        "Left out: `A-7`: not on any call."
    )
    if is_moved:
        expected = (
            "❌ It is not certain whether the units were detached from their calls.\n"
            "Left out: `A-7` (on **#102**): may have come to this call after the order. Detach it"
            " again if it is to leave."
        )
    assert await said.after(60) == expected
    assert len(bot_fixture.orders()) == 1
    assert ("A-7" in bot_fixture.units_on(102)) is is_moved
