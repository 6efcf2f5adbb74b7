"""/link without an id: what the CAD knows of a member, or how to link."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.accounts import link_discord
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings

API_2 = with_settings(sonoran_api_version=2)


@API_2
async def test_a_member_who_has_linked_discord_in_the_cad(bot_fixture: BotFixture) -> None:
    charlie = bot_fixture.charlie
    answer = await bot_fixture.final_answer(charlie, "link")
    assert answer.startswith(
        f"❌ The CAD knows no account with the Discord of {charlie.mention}. Link Discord in the"
        " CAD's account settings, then use `/link` again;"
    )
    link_discord(bot_fixture, "charlie")
    answer = await bot_fixture.final_answer(charlie, "link")
    known = f"account `charlie`, id `{seed.CHARLIE.hex}`"
    assert answer.splitlines() == [
        f"✅ The CAD knows {charlie.mention} by Discord: {known}.",
        "No further `/link` is needed.",
    ]
    assert bot_fixture.links()[charlie.id] == seed.CHARLIE.hex
    assert (await bot_fixture.attach(charlie.mention)).startswith("✅")


@API_2
async def test_about_another_member(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "charlie", status=4)
    answer = await bot_fixture.final_answer(bot_fixture.dana, "link", member=bot_fixture.charlie)
    assert answer.startswith(f"⚠️ The CAD knows {bot_fixture.charlie.mention} by Discord")
    assert "This account is banned" in answer
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", member=bot_fixture.charlie)
    assert answer == f"❌ You need the {bot_fixture.dispatch.mention} role for that."


@API_2
async def test_a_cad_that_cannot_be_asked(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, "/v2/general/accounts")
    answer = await bot_fixture.final_answer(bot_fixture.pat, "link")
    first, second = answer.splitlines()
    assert first.startswith(f"✅ {bot_fixture.pat.mention} is `{seed.PAT.hex}`")
    assert second.startswith("The CAD could not be asked for the account of ")


@pytest.mark.parametrize(("name", "mark"), [("charlie", "❌"), ("pat", "✅")])
async def test_over_api_1(bot_fixture: BotFixture, name: str, mark: str) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.members[name], "link")
    assert answer.startswith(mark)
    assert (
        answer.splitlines()[-1]
        .removeprefix("❌ ")
        .startswith("The CAD's API 1 finds no account by Discord.")
    )
    assert bot_fixture.world.history == []
