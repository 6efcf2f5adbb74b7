"""An order names a unit that the bot does not know while the CAD cannot be asked."""

from __future__ import annotations

import re

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Reset
from sandbox.cad.state.models import Account, Badge
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.conftest import with_settings
from tests.e2e.presses import press

NEWCOMER = Account("account-of-nora", "nora", api_ids=("1100001000000ab",))
WAITS = "⏳ Sonoran CAD cannot be reached (`Connection refused`). I keep trying until <t:"
both = pytest.mark.parametrize(
    "bot_fixture",
    [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}],
    indirect=True,
    ids=["v1", "v2"],
)


async def begun(bot_fixture: BotFixture, units: str) -> CommandReply:
    """Let the CAD go down just after a unit came on duty, then order that unit."""
    bot_fixture.world.communities[seed.COMMUNITY_ID].accounts[NEWCOMER.uuid] = NEWCOMER
    bot_fixture.world.login(bot_fixture.server, NEWCOMER, Badge("N-1", "Nora", "LSPD"))
    await bot_fixture.cad.pause()
    return await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=units)


@both
async def test_the_order_waits_and_is_made_out_once_the_cad_is_back(
    bot_fixture: BotFixture,
) -> None:
    said = await begun(bot_fixture, "N-1")
    answer = await said.after(4)
    assert answer.startswith("⏳ Sonoran CAD ")
    assert answer.endswith("To be attached to **#100**: `N-1`")
    assert said.buttons == ["Cancel"]
    await said.after(120)
    assert said.text.startswith(WAITS)
    await bot_fixture.cad.resume()
    assert (await said.after(120)).startswith("✅ **#100** Armed Robbery: N\\-1")
    assert bot_fixture.units_on(100) == ["N-1"]


@both
async def test_a_known_unit_waits_for_the_rest(bot_fixture: BotFixture) -> None:
    said = await begun(bot_fixture, "A-12 N-1")
    assert (await said.after(60)).startswith(WAITS)
    await bot_fixture.cad.resume()
    answer = await said.after(120)
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-12, N\\-1")
    assert bot_fixture.units_on(100) == ["A-12", "N-1"]


@both
async def test_an_order_about_unknown_units_is_cancelled(bot_fixture: BotFixture) -> None:
    said = await begun(bot_fixture, "N-1")
    await said.after(4)
    await press(said, "Cancel")
    assert (await said.after(10)).startswith("❌ Cancelled. Not attached to **#100**")
    await bot_fixture.cad.resume()
    await said.after(120)
    assert bot_fixture.units_on(100) == []


@both
async def test_an_order_about_unknown_units_expires(bot_fixture: BotFixture) -> None:
    said = await begun(bot_fixture, "N-1")
    answer = await said.after(16 * 60)
    assert answer.startswith("❌ Not attached to **#100**")
    assert "did not take the order in time" in answer
    assert bot_fixture.units_on(100) == []


@with_settings(sonoran_api_version=2)
async def test_a_typing_error_within_the_limits_of_the_cad_waits_alone(
    bot_fixture: BotFixture,
) -> None:
    bot_fixture.world.behaviour.rate_limits = True
    for call, units in ((100, "A-12"), (101, "dept:LSPD"), (102, "A-1..A-40")):
        order = await bot_fixture.run_command(bot_fixture.dana, "attach", call=call, units=units)
        assert (await order.after(2)).startswith(f"✅ **#{call}**")
    typo = await bot_fixture.run_command(bot_fixture.dana, "attach", call=102, units="Z-9")
    text = await typo.after(3)
    assert re.match(
        r"⏳ The list of units on duty was read <t:\d+:R>, and the CAD does not show it again yet\."
        r" I keep trying until <t:\d+:t>\.\nTo be attached to \*\*#102\*\*: `Z-9`$",
        text,
    )
    assert typo.buttons == ["Cancel"]
    await bot_fixture.advance(8)
    known = await bot_fixture.run_command(bot_fixture.dana, "attach", call=102, units="K-9")
    assert (await known.after(1)).startswith("✅ **#102** Structure Fire: K\\-9"), "not held back"
    assert typo.text == text
    await typo.after(60)
    assert typo.text.endswith("Left out: `Z-9`: no unit on duty has this number.")


@pytest.mark.parametrize("fault", [BAD_GATEWAY, Reset()], ids=["502", "reset"])
async def test_a_cad_without_units_holds_up_no_other_order(bot_fixture: BotFixture, fault) -> None:
    bot_fixture.set_fault(fault, path="/emergency/get_active_units")
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="Z-9")
    await said.after(30)
    assert said.text.startswith("⏳ ")
    other = await bot_fixture.run_command(bot_fixture.dana, "attach", call=101, units="A-12")
    assert other.text.startswith("✅ **#101**")
    bot_fixture.clear_faults()
    answer = await said.after(60)
    assert answer.startswith("❌ Not attached to **#100**")
    assert "Left out: `Z-9`: no unit on duty has this number." in answer
