"""The same commands over the CAD's second API."""

from __future__ import annotations

from dataclasses import replace

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings

pytestmark = with_settings(sonoran_api_version=2)
ACCOUNTS = "/v2/general/accounts"


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


def know(bot_fixture: BotFixture) -> None:
    """Let Charlie link Discord in the CAD itself."""
    accounts = bot_fixture.world.communities[seed.COMMUNITY_ID].accounts
    (uuid,) = [one.uuid for one in accounts.values() if one.username == "charlie"]
    for unit in bot_fixture.server.units.values():
        if unit.account.uuid == uuid:
            unit.account = accounts[uuid] = replace(unit.account, discord_id=bot_fixture.charlie.id)


async def test_who_is_linked_in_the_cad_alone(bot_fixture: BotFixture) -> None:
    know(bot_fixture)
    answer = await bot_fixture.attach(bot_fixture.charlie.mention)
    assert answer.startswith(f"✅ **#100** Armed Robbery: {bot_fixture.charlie.mention} (E\\-51)")
    assert bot_fixture.units_on(100) == ["E-51"]
    # That was asked once and is known from now on.
    assert bot_fixture.links()[bot_fixture.charlie.id] == seed.CHARLIE.hex
    bot_fixture.set_fault(BAD_GATEWAY, ACCOUNTS)
    assert (await bot_fixture.attach(bot_fixture.charlie.mention, call=101)).startswith("✅")


async def test_who_is_linked_nowhere(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach(f"{bot_fixture.charlie.mention} A-7")
    assert f"Left out: {bot_fixture.charlie.mention}: not linked." in answer
    assert bot_fixture.units_on(100) == ["A-7"]


async def test_who_could_not_be_asked_about_is_not_called_unlinked(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, ACCOUNTS)
    answer = await bot_fixture.attach(f"{bot_fixture.charlie.mention} A-7")
    assert (
        f"Left out: {bot_fixture.charlie.mention}: the CAD did not say which unit that is."
        in answer
    )
    assert bot_fixture.units_on(100) == ["A-7"]


async def test_linking_asks_the_cad(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=seed.RILEY.hex)
    assert answer.startswith(f"✅ {bot_fixture.vic.mention} is now linked to `{seed.RILEY.hex}`.")
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam="license:x")
    assert "the CAD has no account with this id yet." in answer
