"""Typos and names: what is nearly right is offered with a button that sends it."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.models import Badge
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.calls.card_presses import words
from tests.e2e.conftest import with_settings
from tests.e2e.presses import press

both_apis = pytest.mark.parametrize(
    "bot_fixture", [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}], indirect=True
)


async def given(bot_fixture: BotFixture, units: str, command: str = "attach") -> CommandReply:
    said = await bot_fixture.run_command(bot_fixture.dana, command, call=100, units=units)
    await said.after(60)
    return said


@both_apis
async def test_a_typo_is_offered_and_one_press_sends_it(bot_fixture: BotFixture) -> None:
    said = await given(bot_fixture, "A-21 E-51")
    assert said.text.splitlines() == [
        "⚠️ **#100** Armed Robbery: E\\-51",
        "Confirmed by the CAD.",
        "Left out: `A-21`: no unit on duty has this number.",
        "`A-21`: did you mean **A\\-12** Pat Moreno?",
    ]
    assert said.buttons == ["Undo", "A-12 Pat Moreno"]
    pressed = await press(said, "A-12 Pat Moreno")
    await bot_fixture.advance(60)
    assert words(pressed.result).startswith("✅ **#100** Armed Robbery: A\\-12")
    assert bot_fixture.units_on(100) == ["E-51", "A-12"]


async def test_the_button_works_after_a_restart_and_not_for_ever(bot_fixture: BotFixture) -> None:
    said = await given(bot_fixture, "A-21")
    assert said.text.startswith("❌ Not attached to **#100** Armed Robbery.")
    assert said.buttons == ["A-12 Pat Moreno"]
    await bot_fixture.start()
    await press(said, "A-12 Pat Moreno")
    await bot_fixture.advance(60)
    assert bot_fixture.units_on(100) == ["A-12"]
    detached = await given(bot_fixture, "A-21", "detach")
    await press(detached, "A-12 Pat Moreno")
    await bot_fixture.advance(60)
    assert bot_fixture.units_on(100) == []
    await bot_fixture.advance(15 * 60)
    late = await press(said, "A-12 Pat Moreno")
    assert words(late.result) == ("❌ That was more than 15 minutes ago. Give the order again.")
    assert bot_fixture.units_on(100) == []


async def test_a_role_that_was_taken_away_counts(bot_fixture: BotFixture) -> None:
    said = await given(bot_fixture, "A-21")
    bot_fixture.env.backend.remove_member_role(
        bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
    )
    refused = await press(said, "A-12 Pat Moreno")
    assert words(refused.result).startswith("❌ You need the")
    assert bot_fixture.orders() == []


@with_settings(members_intent=True)
async def test_a_member_is_found_by_the_whole_name(bot_fixture: BotFixture) -> None:
    said = await given(bot_fixture, "Pat @alice -ALICE")
    assert said.text.startswith(f"✅ **#100** Armed Robbery: {bot_fixture.pat.mention} (A\\-12)")
    assert bot_fixture.units_on(100) == ["A-12"]
    unlinked = await given(bot_fixture, "charlie")
    assert f"Left out: {bot_fixture.charlie.mention}: not linked." in unlinked.text


@with_settings(members_intent=True)
async def test_a_part_of_a_name_is_offered(bot_fixture: BotFixture) -> None:
    said = await given(bot_fixture, "ali okafor")
    assert said.text.splitlines()[1:] == [
        "Left out: `ali`, `okafor`: no member or unit on duty is called this.",
        f"`ali`: did you mean {bot_fixture.alice.mention} (A\\-7)?",
        "`okafor`: did you mean **M\\-3** Bob Okafor?",
    ]
    assert said.buttons == ["A-7 Alice Nguyen", "M-3 Bob Okafor"]
    assert bot_fixture.orders() == []
    await press(said, "A-7 Alice Nguyen")
    await bot_fixture.advance(60)
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == ["A-7"]


async def test_of_units_that_share_a_number_each_is_offered(bot_fixture: BotFixture) -> None:
    account = bot_fixture.server.units[1].account
    bot_fixture.world.login(bot_fixture.server, account, Badge("A-7", "Another", "LSPD"))
    await bot_fixture.services.board.fetch_units(1)
    said = await given(bot_fixture, "A-7")
    assert said.text.endswith("`A-7`: did you mean **A\\-7** Alice Nguyen or **A\\-7** Another?")
    assert said.buttons == ["A-7 Alice Nguyen", "A-7 Another"]
