"""An answer says what happened: who came from where, who was there, which call is empty now.

Over both APIs; whether an attach takes a unit off its former call is not documented, so that the
CAD does either.
"""

from __future__ import annotations

import pytest

from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.moves.test_undo import FIRE, ROBBERY, STOP, both_apis, give, known, put


@both_apis
async def test_who_has_left_another_call_and_which_call_is_empty(bot_fixture: BotFixture) -> None:
    said = await give(bot_fixture, call=FIRE, units="A-7 B-21")
    assert said.text.splitlines() == [
        f"✅ **#{FIRE}** Structure Fire: A\\-7, B\\-21 (left #{STOP})",
        "Confirmed by the CAD.",
        f"**#{STOP}** has no units now.",
    ]


@both_apis
async def test_a_call_with_other_units_is_not_called_empty(bot_fixture: BotFixture) -> None:
    put(bot_fixture, "A-7", STOP)
    await known(bot_fixture)
    said = await give(bot_fixture, call=FIRE, units=f"{bot_fixture.pat.mention} B-21")
    assert said.text.splitlines() == [
        (
            f"✅ **#{FIRE}** Structure Fire: {bot_fixture.pat.mention} (A\\-12),"
            f" B\\-21 (left #{STOP})"
        ),
        "Confirmed by the CAD.",
    ]


@both_apis
async def test_a_unit_that_stays_on_both_calls_has_left_none(bot_fixture: BotFixture) -> None:
    bot_fixture.world.behaviour.single_call = False
    said = await give(bot_fixture, call=FIRE, units="A-7 B-21")
    assert said.text.splitlines() == [
        f"✅ **#{FIRE}** Structure Fire: A\\-7, B\\-21",
        "Confirmed by the CAD.",
    ]
    assert bot_fixture.units_on(STOP) == ["B-21"]


@both_apis
async def test_who_was_there_already_is_named_so(bot_fixture: BotFixture) -> None:
    put(bot_fixture, "A-12", FIRE)
    await known(bot_fixture)
    said = await give(bot_fixture, call=FIRE, units=f"{bot_fixture.pat.mention} A-7")
    assert said.text.splitlines() == [
        f"✅ **#{FIRE}** Structure Fire: {bot_fixture.pat.mention} (A\\-12, already there), A\\-7",
        "Confirmed by the CAD.",
    ]


@both_apis
async def test_attaching_twice_changes_nothing(bot_fixture: BotFixture) -> None:
    await give(bot_fixture, call=FIRE, units="A-7")
    said = await give(bot_fixture, call=FIRE, units="A-7")
    assert said.text.splitlines() == [
        f"⚠️ Already on **#{FIRE}** Structure Fire: A\\-7. Nothing was changed.",
        "Confirmed by the CAD.",
    ]
    assert said.buttons == []


@both_apis
async def test_a_detach_names_the_calls_that_units_have_left(bot_fixture: BotFixture) -> None:
    put(bot_fixture, "A-7", ROBBERY)
    put(bot_fixture, "M-3", ROBBERY)
    await known(bot_fixture)
    said = await give(bot_fixture, "detach", units="A-7 B-21")
    assert said.text.splitlines() == [
        f"✅ Off their calls: A\\-7 (left #{ROBBERY}), B\\-21 (left #{STOP})",
        "Confirmed by the CAD.",
        f"**#{STOP}** has no units now.",
    ]
    said = await give(bot_fixture, "detach", units="M-3", call=ROBBERY)
    assert said.text.splitlines() == [
        f"✅ Off **#{ROBBERY}** Armed Robbery: M\\-3",
        "Confirmed by the CAD.",
        f"**#{ROBBERY}** has no units now.",
    ]


@both_apis
async def test_a_detach_of_units_that_are_on_no_call_changes_nothing(
    bot_fixture: BotFixture,
) -> None:
    sent = len(bot_fixture.orders())
    said = await give(bot_fixture, "detach", units=f"{bot_fixture.pat.mention} A-7")
    assert said.text.splitlines() == [
        "⚠️ Nothing was changed.",
        f"Left out: {bot_fixture.pat.mention}, `A-7`: not on any call.",
    ]
    assert said.buttons == []
    assert len(bot_fixture.orders()) == sent


@both_apis
async def test_detaching_twice_changes_nothing(bot_fixture: BotFixture) -> None:
    for call in ({}, {"call": FIRE}):
        await give(bot_fixture, call=FIRE, units="A-7")
        assert (await give(bot_fixture, "detach", units="A-7", **call)).text.startswith("✅ Off ")
        again = await give(bot_fixture, "detach", units="A-7", **call)
        where = "not on that call" if call else "not on any call"
        assert again.text == f"⚠️ Nothing was changed.\nLeft out: `A-7`: {where}."


@both_apis
async def test_a_unit_that_the_board_does_not_show_on_its_call_yet_is_detached(
    bot_fixture: BotFixture,
) -> None:
    put(bot_fixture, "A-7", ROBBERY)
    said = await give(bot_fixture, "detach", units="A-7 A-12")
    assert said.text.splitlines() == [
        f"⚠️ Off their calls: A\\-7 (left #{ROBBERY})",
        "Confirmed by the CAD.",
        f"**#{ROBBERY}** has no units now.",
        "Left out: `A-12`: not on any call.",
    ]


@both_apis
async def test_the_log_channel_and_the_audit_say_it_too(bot_fixture: BotFixture) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id)
    await give(bot_fixture, call=FIRE, units="A-7 B-21")
    line = f"✅ A\\-7, B\\-21 (left #{STOP}) → **#{FIRE}** · by {bot_fixture.dana.mention} "
    assert log.history()[-1].content.startswith(line)
    audit = await bot_fixture.run_command(bot_fixture.dana, "audit", call=FIRE)
    assert audit.text.splitlines()[1].startswith(line)


@pytest.mark.parametrize("bot_fixture", [{"sonoran_api_version": 2}], indirect=True, ids=["v2"])
async def test_without_the_calls_a_receipt_is_what_is_known(bot_fixture: BotFixture) -> None:
    """The budget of API 2 for calls is small."""
    bot_fixture.set_fault(BAD_GATEWAY, f"/v2/emergency/servers/{bot_fixture.server.id}/calls")
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=FIRE, units="B-21")
    assert (await said.after(180)).splitlines() == [
        f"✅ **#{FIRE}** Structure Fire: B\\-21",
        "Confirmed by the CAD.",
    ]
