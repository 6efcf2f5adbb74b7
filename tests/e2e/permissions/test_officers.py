"""/status, and what officers may say of their own unit."""

from __future__ import annotations

import pytest

from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture

A_12, A_7 = 1, 2  # idents


@pytest.mark.parametrize(
    "bot_fixture", [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}], indirect=True
)
async def test_a_dispatcher_sets_the_status_of_any_unit(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.dana, "status", status=4, unit="a12")
    assert answer == "✅ The status of A\\-12 is now **on scene**."
    assert bot_fixture.server.units[A_12].status == 4
    pat = bot_fixture.pat.mention
    answer = await bot_fixture.final_answer(bot_fixture.dana, "status", status=0, unit=pat)
    assert answer == f"✅ The status of {pat} (A\\-12) is now **unavailable**."
    assert bot_fixture.server.units[A_12].status == 0


async def test_one_unit_at_a_time(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.dana, "status", status=4, unit="A-12 A-7")
    assert answer == "❌ A status is set for one unit at a time. Name one unit."
    answer = await bot_fixture.final_answer(bot_fixture.vic, "status", status=4)
    assert answer.startswith("❌ You need the ")
    assert bot_fixture.orders() == []


async def test_an_officer_names_the_own_unit(officers: BotFixture) -> None:
    answer = await officers.final_answer(officers.pat, "status", status=3)
    assert answer == f"✅ The status of {officers.pat.mention} (A\\-12) is now **enroute**."
    answer = await officers.final_answer(officers.pat, "attach", call=100, units="a12")
    assert answer.startswith(f"✅ **#100** Armed Robbery: {officers.pat.mention} (A\\-12)")
    audit = await officers.final_answer(officers.dana, "audit")
    assert f"{officers.pat.mention} (A\\-12) → **#100**" in audit
    answer = await officers.final_answer(officers.pat, "detach", units="A-12")
    assert answer.startswith("✅ Off")


async def test_an_officer_moves_no_other_unit(officers: BotFixture) -> None:
    for command, more in (("attach", {"call": 100}), ("detach", {})):
        answer = await officers.final_answer(officers.pat, command, units="A-7", **more)
        assert "Left out: `A-7`: not your unit. You may name your own alone." in answer
    answer = await officers.final_answer(officers.pat, "status", status=1, unit="A-7")
    assert "not your unit" in answer
    for units in ("A-12 A-7", "A-1..A-9", officers.alice.mention):
        answer = await officers.final_answer(officers.pat, "attach", call=100, units=units)
        assert answer.startswith("❌ You need the ")
    assert officers.orders() == []
    assert officers.server.units[A_7].status == 2


async def test_the_own_unit_by_number_outlives_the_bot(officers: BotFixture) -> None:
    officers.set_fault(BAD_GATEWAY)
    said = await officers.run_command(officers.pat, "attach", call=100, units="a12")
    assert (await said.after(5)).startswith("⏳")
    await officers.stop()
    officers.clear_faults()
    await officers.start()
    await officers.advance(60)
    assert said.text.startswith(f"✅ **#100** Armed Robbery: {officers.pat.mention} (A\\-12)")
    assert officers.units_on(100) == ["A-12"]


async def test_an_officer_without_a_link_is_told_so(officers: BotFixture) -> None:
    answer = await officers.final_answer(officers.charlie, "attach", call=100, units="E-51")
    assert "you are not linked. Use `/link`" in answer
