"""One id of the CAD, written in several ways, is one person; another id is another person."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Badge
from tests.e2e.scene import Scene

ATTACHED = "**#100** Armed Robbery: "
both_apis = pytest.mark.parametrize(
    "scene",
    [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}],
    indirect=True,
    ids=["v1", "v2"],
)


def steam2(person: seed.Person) -> str:
    """Write a Steam id as games do."""
    account = person.steam64 - 0x0110_0001_0000_0000
    return f"STEAM_0:{account % 2}:{account // 2}"


SPELLINGS = (
    str(seed.ALICE.steam64),
    seed.ALICE.hex.upper(),
    f"steam:{seed.ALICE.hex}",
    f"STEAM:{seed.ALICE.steam64}",
    steam2(seed.ALICE),
    steam2(seed.ALICE).lower(),
    f"[U:1:{seed.ALICE.steam64 - 0x0110_0001_0000_0000}]",
)


@both_apis
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_an_excluded_id_excludes_the_member(scene: Scene, spelling: str) -> None:
    answer = await scene.attach(f"{scene.alice.mention} {scene.pat.mention} -{spelling}")
    assert answer.splitlines()[0].endswith(f"{ATTACHED}{scene.pat.mention} (A\\-12)")
    assert scene.units_on(100) == ["A-12"]


@both_apis
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_an_id_of_a_member_who_is_named_too(scene: Scene, spelling: str) -> None:
    answer = await scene.attach(f"{scene.alice.mention} {spelling}")
    assert answer.splitlines()[0] == f"✅ {ATTACHED}{scene.alice.mention} (A\\-7)"
    assert scene.units_on(100) == ["A-7"]


@both_apis
async def test_another_id_is_another_person(scene: Scene) -> None:
    """What counts as a new id for a link reaches no unit of the id that it resembles."""
    held = "STEAM_0:1:119867136"
    account = Account("z", "zoe", api_ids=(held,))
    scene.world.communities[seed.COMMUNITY_ID].accounts["z"] = account
    scene.world.login(scene.server, account, Badge("Z-1", "Zoe", "LSPD"))
    said = await scene.say(scene.dana, "link", steam="x:119867136", member=scene.vic)
    assert "❌" not in said
    answer = await scene.attach(scene.vic.mention)
    assert answer.splitlines()[0].startswith("❌")
    assert f"{scene.vic.mention}: off duty" in answer
    assert scene.units_on(100) == []
    assert scene.orders() == []
    # The id itself does, however it is written, and nothing but a spelling of it is the same.
    assert (await scene.attach("76561198200000001")).startswith(f"✅ {ATTACHED}Z\\-1")
    assert scene.units_on(100) == ["Z-1"]
    said = await scene.say(scene.dana, "link", steam="76561198200000001", member=scene.charlie)
    assert "❌" not in said
    said = await scene.say(scene.erin, "link", steam=held)
    assert "is linked to another member" in said
