"""One id of the CAD, written in several ways, is one person; another id is another person."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Badge
from tests.e2e.bot_fixture import BotFixture

ATTACHED = "**#100** Armed Robbery: "
both_apis = pytest.mark.parametrize(
    "bot_fixture",
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
async def test_an_excluded_id_excludes_the_member(bot_fixture: BotFixture, spelling: str) -> None:
    answer = await bot_fixture.attach(
        f"{bot_fixture.alice.mention} {bot_fixture.pat.mention} -{spelling}"
    )
    assert answer.splitlines()[0].endswith(f"{ATTACHED}{bot_fixture.pat.mention} (A\\-12)")
    assert bot_fixture.units_on(100) == ["A-12"]


@both_apis
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_an_id_of_a_member_who_is_named_too(bot_fixture: BotFixture, spelling: str) -> None:
    answer = await bot_fixture.attach(f"{bot_fixture.alice.mention} {spelling}")
    assert answer.splitlines()[0] == f"✅ {ATTACHED}{bot_fixture.alice.mention} (A\\-7)"
    assert bot_fixture.units_on(100) == ["A-7"]


@both_apis
async def test_another_id_is_another_person(bot_fixture: BotFixture) -> None:
    """What counts as a new id for a link reaches no unit of the id that it resembles."""
    held = "STEAM_0:1:119867136"
    account = Account("z", "zoe", api_ids=(held,))
    bot_fixture.world.communities[seed.COMMUNITY_ID].accounts["z"] = account
    bot_fixture.world.login(bot_fixture.server, account, Badge("Z-1", "Zoe", "LSPD"))
    said = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam="x:119867136", member=bot_fixture.vic
    )
    assert "❌" not in said
    answer = await bot_fixture.attach(bot_fixture.vic.mention)
    assert answer.splitlines()[0].startswith("❌")
    assert f"{bot_fixture.vic.mention}: off duty" in answer
    assert bot_fixture.units_on(100) == []
    assert bot_fixture.orders() == []
    # The id itself does, however it is written, and nothing but a spelling of it is the same.
    assert (await bot_fixture.attach("76561198200000001")).startswith(f"✅ {ATTACHED}Z\\-1")
    assert bot_fixture.units_on(100) == ["Z-1"]
    said = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam="76561198200000001", member=bot_fixture.charlie
    )
    assert "❌" not in said
    said = await bot_fixture.final_answer(bot_fixture.erin, "link", steam=held)
    assert "is linked to another member" in said
