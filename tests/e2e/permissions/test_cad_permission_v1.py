"""REQUIRE_CAD_PERMISSION on API 1: the account is the one of the linked API id."""

from __future__ import annotations

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.accounts import change_account
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings
from tests.e2e.permissions.test_cad_permission import FORBIDDEN, NO_ACCOUNT, NOT_TOLD, done

pytestmark = with_settings(sonoran_api_version=1, require_cad_permission=True)


async def test_the_account_of_the_link(bot_fixture: BotFixture) -> None:
    assert (await bot_fixture.attach("A-12")).endswith(
        f"{NO_ACCOUNT} Link Discord in the CAD's account settings, or use `/link`."
    )
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.DANA.hex)
    assert (await bot_fixture.attach("A-12")).startswith("✅")
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_an_account_without_the_permission(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.DANA.hex)
    change_account(bot_fixture, "dana", permissions=frozenset({"selfDispatch"}))
    assert (await bot_fixture.attach("A-12")).endswith(f"\n{FORBIDDEN}")
    assert done(bot_fixture) == []


async def test_a_banned_account(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.DANA.hex)
    change_account(bot_fixture, "dana", status=4)
    assert "Your account in the CAD is banned" in await bot_fixture.attach("A-12")
    assert done(bot_fixture) == []


async def test_a_cad_that_cannot_be_asked(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.DANA.hex)
    bot_fixture.set_fault(BAD_GATEWAY, "/general/get_account")
    assert (await bot_fixture.attach("A-12")).endswith(f".\n{NOT_TOLD}")
    assert done(bot_fixture) == []
