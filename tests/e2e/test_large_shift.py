"""300 units on duty and more: the CAD allows a few pages of its list a minute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.ui.calls.card_buttons import call_buttons
from sandbox.cad.state import extra_units, seed
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.card_presses import card, labels, menu, pick, press, settled, words

LOADING = "The list of units on duty is still loading: "
STEP = 5  # seconds
both = pytest.mark.parametrize("version", [1, 2], ids=["v1", "v2"])


async def begin(bot_fixture: BotFixture, version: int, *, seconds: int) -> None:
    """Bring 300 further units on duty, and start the bot within the CAD's limits."""
    bot_fixture.world.behaviour.rate_limits = True
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    extra_units.add_numbered_units(bot_fixture.world, community, bot_fixture.server, 300)
    for unit in bot_fixture.server.units.values():
        if unit.badge.unit_num in {"N-10", "N-150", "N-290"}:
            unit.badge = replace(unit.badge, group="Alpha")
    bot_fixture.is_cad_up = False
    await bot_fixture.start(sonoran_api_version=version)
    await pass_time(bot_fixture, seconds)


async def pass_time(bot_fixture: BotFixture, seconds: int) -> None:
    """Advance the time, while the lists are refreshed as for cards."""
    for passed in range(0, seconds, STEP):
        bot_fixture.services.board.refresh(seed.SERVER_ID)
        await bot_fixture.advance(min(STEP, seconds - passed))
        await bot_fixture.settle_network()


@both
async def test_each_is_reached_by_number_group_range_and_panel(
    bot_fixture: BotFixture, version: int
) -> None:
    await begin(bot_fixture, version, seconds=30 if version == 1 else 240)
    assert (await bot_fixture.attach("N-1 N-299 N-300")).startswith(
        "✅ **#100** Armed Robbery: N\\-1, N\\-299, N\\-300\nConfirmed by the CAD."
    )
    assert (await bot_fixture.attach("group:Alpha", 101)).startswith(
        "✅ **#101** Traffic Stop: N\\-10, N\\-150, N\\-290\nConfirmed by the CAD."
    )
    answer = await bot_fixture.attach("N-196..N-203")
    assert answer.startswith("✅ **#100** Armed Robbery: N\\-196")
    message = await card(bot_fixture, call_buttons(seed.SERVER_ID, 102))
    panel = await bot_fixture.dana.click(message, label="Attach…")
    assert ("units of <t:" in words(panel)) is (version == 2)
    (more,) = (one for one in labels(panel) if one.startswith("More units"))
    panel = await press(bot_fixture.dana, panel, more)
    picked = [one["value"] for one in menu(panel, "units")["options"]][-2:]
    await pick(bot_fixture, panel, "units", *picked)
    attached = await press(bot_fixture.dana, panel, "Attach")
    assert (await settled(bot_fixture, attached)).startswith("✅ **#102** Structure Fire")
    assert bot_fixture.units_on(102)[-2:] == picked


@both
async def test_the_calls_say_how_old_the_units_are(bot_fixture: BotFixture, version: int) -> None:
    await begin(bot_fixture, version, seconds=30)
    listed = await bot_fixture.run_command(bot_fixture.dana, "calls")
    assert (" · units of <t:" in listed.text) is (version == 2)
    await pass_time(bot_fixture, 180)
    listed = await bot_fixture.run_command(bot_fixture.dana, "calls")
    assert (" · units of <t:" in listed.text) is (version == 2)


async def test_a_group_is_not_complete_while_the_list_loads(bot_fixture: BotFixture) -> None:
    await begin(bot_fixture, 2, seconds=5)
    answer = await bot_fixture.attach("group:Alpha N-200..N-209")
    # The order itself has the next page fetched.
    assert answer.startswith("⚠️ **#100** Armed Robbery: N\\-10, N\\-150\nConfirmed by the CAD.")
    not_loaded = "Left out: `group:Alpha`, `N-200..N-209`: units not loaded yet."
    assert f"{not_loaded} {LOADING}190 so far, as of <t:" in answer
    await pass_time(bot_fixture, 240)
    answer = await bot_fixture.attach("group:Alpha")
    assert answer.startswith(
        "✅ **#100** Armed Robbery: N\\-10 (already there), N\\-150 (already there), N\\-290\n"
    )


@pytest.mark.parametrize("units", ["N-299", "N-290..N-299", "group:Bravo"])
async def test_what_is_not_loaded_yet_waits_and_says_so(
    bot_fixture: BotFixture, units: str
) -> None:
    await begin(bot_fixture, 2, seconds=5)
    for unit in bot_fixture.server.units.values():
        if unit.badge.unit_num == "N-299":
            unit.badge = replace(unit.badge, group="Bravo")
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=units)
    await said.after(5)
    assert said.text.startswith(f"⏳ {LOADING}190 so far, as of <t:")
    assert said.buttons == ["Cancel"]
    await pass_time(bot_fixture, 240)
    assert said.text.startswith("✅ **#100** Armed Robbery: N\\-29")
    assert "N-299" in bot_fixture.units_on(100)


async def test_no_order_waits_behind_the_first_list(bot_fixture: BotFixture) -> None:
    # In a few seconds the CAD allows the next page: not worth an order's time.
    await begin(bot_fixture, 2, seconds=41)
    unknown = await bot_fixture.run_command(bot_fixture.dana, "attach", call=101, units="N-299")
    known = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="N-1")
    assert await known.after(2) == "✅ **#100** Armed Robbery: N\\-1\nConfirmed by the CAD."
    assert unknown.text.startswith("⏳ ")
