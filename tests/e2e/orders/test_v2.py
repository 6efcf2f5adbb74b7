"""The same commands over the CAD's second API."""

from __future__ import annotations

from dataclasses import replace

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.conftest import with_settings
from tests.e2e.scene import Scene

pytestmark = with_settings(sonoran_api_version=2)
ACCOUNTS = "/v2/general/accounts"


async def test_attach_with_a_receipt_and_undo(scene: Scene) -> None:
    said = await scene.says(
        scene.dana, "attach", call=100, units=f"{scene.pat.mention} A-7 {scene.erin.mention}"
    )
    assert (await said.after(60)).splitlines() == [
        f"⚠️ **#100** Armed Robbery: {scene.pat.mention} (A\\-12), A\\-7",
        "Confirmed by the CAD.",
        f"Left out: {scene.erin.mention}: off duty in the CAD.",
    ]
    assert scene.units_on(100) == ["A-12", "A-7"]
    answer = await scene.say(scene.dana, "detach", units="A-7", call=100)
    assert answer.startswith("✅ Off **#100** Armed Robbery: A\\-7")
    assert scene.units_on(100) == ["A-12"]


def know(scene: Scene) -> None:
    """Let Charlie link Discord in the CAD itself."""
    accounts = scene.world.communities[seed.COMMUNITY_ID].accounts
    (uuid,) = [one.uuid for one in accounts.values() if one.username == "charlie"]
    for unit in scene.server.units.values():
        if unit.account.uuid == uuid:
            unit.account = accounts[uuid] = replace(unit.account, discord_id=scene.charlie.id)


async def test_who_is_linked_in_the_cad_alone(scene: Scene) -> None:
    know(scene)
    answer = await scene.attach(scene.charlie.mention)
    assert answer.startswith(f"✅ **#100** Armed Robbery: {scene.charlie.mention} (E\\-51)")
    assert scene.units_on(100) == ["E-51"]
    # That was asked once and is known from now on.
    assert scene.links()[scene.charlie.id] == seed.CHARLIE.hex
    scene.breaks(BAD_GATEWAY, ACCOUNTS)
    assert (await scene.attach(scene.charlie.mention, call=101)).startswith("✅")


async def test_who_is_linked_nowhere(scene: Scene) -> None:
    answer = await scene.attach(f"{scene.charlie.mention} A-7")
    assert f"Left out: {scene.charlie.mention}: not linked." in answer
    assert scene.units_on(100) == ["A-7"]


async def test_who_could_not_be_asked_about_is_not_called_unlinked(scene: Scene) -> None:
    scene.breaks(BAD_GATEWAY, ACCOUNTS)
    answer = await scene.attach(f"{scene.charlie.mention} A-7")
    assert f"Left out: {scene.charlie.mention}: the CAD did not say which unit that is." in answer
    assert scene.units_on(100) == ["A-7"]


async def test_linking_asks_the_cad(scene: Scene) -> None:
    answer = await scene.say(scene.vic, "link", steam=seed.RILEY.hex)
    assert answer.startswith(f"✅ {scene.vic.mention} is now linked to `{seed.RILEY.hex}`.")
    answer = await scene.say(scene.vic, "link", steam="license:x")
    assert "the CAD has no account with this id yet." in answer
