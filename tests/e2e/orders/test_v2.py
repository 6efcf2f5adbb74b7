"""The same commands over the CAD's second API."""

from __future__ import annotations

from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings

pytestmark = with_settings(sonoran_api_version=2)


async def test_attach_with_a_receipt_and_undo(bot_fixture: BotFixture) -> None:
    said = await bot_fixture.run_command(
        bot_fixture.dana,
        "attach",
        call=100,
        units=f"{bot_fixture.pat.mention} A-7 {bot_fixture.erin.mention}",
    )
    assert (await said.after(60)).splitlines() == [
        f"⚠️ **#100** Armed Robbery: {bot_fixture.pat.mention} (A\\-12), A\\-7",
        "Confirmed by the CAD.",
        f"Left out: {bot_fixture.erin.mention}: off duty in the CAD.",
    ]
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-7", call=100)
    assert answer.startswith("✅ Off **#100** Armed Robbery: A\\-7")
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_linking_asks_the_cad(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=seed.RILEY.hex)
    assert answer.startswith(f"✅ {bot_fixture.vic.mention} is now linked to `{seed.RILEY.hex}`.")
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam="license:x")
    assert answer.startswith("⚠️ Not saved yet: the CAD does not know `license:x`")
