"""Orders about several calls at once, over the API whose requests can name several."""

from __future__ import annotations

import pytest

from sandbox.cad.state.behaviour import Partial
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture, CommandReply


async def attach_together(bot_fixture: BotFixture, *orders: tuple[int, str]) -> list[CommandReply]:
    """Give orders that wait for the CAD, and let them go at the same moment."""
    bot_fixture.set_fault(BAD_GATEWAY)
    said = [
        await bot_fixture.run_command(bot_fixture.dana, "attach", call=call, units=units)
        for call, units in orders
    ]
    bot_fixture.clear_faults()
    bot_fixture.world.history.clear()
    await bot_fixture.advance(60)
    return said


@pytest.mark.parametrize("partial", list(Partial))
async def test_each_is_attached_and_confirmed_whatever_a_request_does(
    bot_fixture: BotFixture, partial: Partial
) -> None:
    bot_fixture.world.behaviour.partial = partial
    said = await attach_together(
        bot_fixture, (100, "A-12"), (100, "A-7"), (101, "M-3"), (102, "K-9")
    )
    assert [one.text.splitlines()[1] for one in said] == ["Confirmed by the CAD."] * 4
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]
    assert bot_fixture.units_on(101)[-1] == "M-3"
    assert bot_fixture.units_on(102)[-1] == "K-9"
    assert len(bot_fixture.orders()[0].objects) == 3

    await attach_together(bot_fixture, (101, "A-12"), (102, "A-7"), (100, "M-3"), (101, "K-9"))
    assert bot_fixture.units_on(101)[-2:] == ["A-12", "K-9"]
    assert bot_fixture.units_on(100) == ["M-3"]
    sizes = [len(one.objects) for one in bot_fixture.orders()]
    assert sizes == ([1, 1, 1] if partial is Partial.FIRST_ONLY else [3])
