"""REQUIRE_CAD_PERMISSION: the role alone is not enough, the CAD has to agree."""

from __future__ import annotations

from typing import Any

import pytest

from bot.services.access.cad_permissions import CACHE_TTL
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Fault, Hang, Text
from tests.e2e.accounts import link_discord
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.card_presses import (
    call_card,
    emergency_card,
    press,
    promote,
    settled,
    words,
)
from tests.e2e.conftest import with_settings
from tests.e2e.presses import press as press_button

pytestmark = with_settings(sonoran_api_version=2, require_cad_permission=True)

ACCOUNTS = "/v2/general/accounts"
CALL = "**#100** Armed Robbery"
FORBIDDEN = (
    "Your account in the CAD may not do this. It needs the CAD's permission `dispatch`, or"
    " `selfDispatch` if it is only about yourself."
)
NO_ACCOUNT = "The CAD does not know your account, and this needs a permission there."
NOT_TOLD = "The CAD did not say whether you may do this. Try again in a minute."


def grant(bot_fixture: BotFixture, name: str, *permissions: str, **changes: Any) -> None:
    """Let a person link Discord in the CAD itself, and give them permissions there."""
    link_discord(bot_fixture, name, permissions=frozenset(permissions), **changes)


def done(bot_fixture: BotFixture) -> list[str]:
    """List what the CAD was told to do."""
    questions = {"v2 calls", "v2 units", "v2 account", "v2 permissions", "v2 current call"}
    questions |= {"v2 link", "GET_CALLS", "GET_ACTIVE_UNITS", "GET_ACCOUNT", "CHECK_APIID"}
    return [one.type for one in bot_fixture.world.history if one.type not in questions]


async def test_a_dispatcher_of_both_may(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "dana", "dispatch")
    assert (await bot_fixture.attach("A-12")).startswith(f"✅ {CALL}: A\\-12")
    assert (await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12")).startswith(
        "✅"
    )


async def test_the_role_alone_is_not_enough(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "dana", "police", "selfDispatch")
    answer = await bot_fixture.attach("A-12 A-7")
    assert answer == f"❌ Not attached to {CALL}.\n{FORBIDDEN}"
    assert done(bot_fixture) == []
    # Which is in the books, too.
    assert "→ **#100** · by" in await bot_fixture.final_answer(bot_fixture.dana, "audit", call=100)


async def test_undo_asks_again(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "dana", "dispatch")
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12")
    await said.after(60)
    grant(bot_fixture, "dana", "police", "selfDispatch")
    await bot_fixture.start()  # without what the CAD has said before
    sent = done(bot_fixture)
    await press_button(said, "Undo")
    assert await said.after(60) == f"❌ Not undone.\n{FORBIDDEN}"
    assert done(bot_fixture) == sent


async def test_an_officer_who_may_move_the_own_unit_undoes_that(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "pat", "selfDispatch")
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.pat.id, bot_fixture.dispatch.id
    )
    said = await bot_fixture.run_command(bot_fixture.pat, "attach", call=100, units="me")
    await said.after(60)
    await press_button(said, "Undo", bot_fixture.pat)
    assert (await said.after(60)).startswith("✅ Undone: ")


async def test_the_cads_permission_alone_is_not_enough(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "erin", "dispatch")
    answer = await bot_fixture.final_answer(bot_fixture.erin, "attach", call=100, units="A-12")
    assert answer == f"❌ You need the {bot_fixture.dispatch.mention} role for that."


async def test_without_an_account(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach("A-12")
    assert answer.startswith(f"❌ Not attached to {CALL}.\n{NO_ACCOUNT}")
    assert done(bot_fixture) == []


async def test_the_account_behind_the_link_will_do(bot_fixture: BotFixture) -> None:
    assert (
        await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.DANA.hex)
    ).startswith("✅")
    assert (await bot_fixture.attach("A-12")).startswith("✅")


@pytest.mark.parametrize(
    ("status", "state"), [(2, "has expired"), (3, "was removed"), (4, "is banned")]
)
async def test_a_barred_account_may_do_nothing(
    bot_fixture: BotFixture, status: int, state: str
) -> None:
    grant(bot_fixture, "dana", "dispatch", status=status)
    answer = await bot_fixture.attach("A-12")
    reason = (
        f"Your account in the CAD {state}, so it may do nothing. An administrator of the CAD can"
        " change that."
    )
    assert answer == f"❌ Not attached to {CALL}.\n{reason}"
    audit = await bot_fixture.final_answer(bot_fixture.dana, "audit")
    assert f"the account in the CAD {state}" in audit
    card = await bot_fixture.dana.click(await emergency_card(bot_fixture), label="Dismiss")
    pressed = await press(bot_fixture.dana, card, "Dismiss it")
    assert await settled(bot_fixture, pressed) == f"❌ Not dismissed.\n{reason}"
    assert done(bot_fixture) == []


class TestGranularPermissions:
    """Those that the CAD has moved an account to."""

    async def test_granular_permissions_allow(self, bot_fixture: BotFixture) -> None:
        grant(bot_fixture, "dana", grants=frozenset({"global.dispatch"}))
        assert (await bot_fixture.attach("A-12")).startswith("✅")

    async def test_granular_permissions_refuse_what_the_account_shows_still(
        self, bot_fixture: BotFixture
    ) -> None:
        grant(bot_fixture, "dana", "dispatch", grants=frozenset({"global.police"}))
        assert (await bot_fixture.attach("A-12")).endswith(f"\n{FORBIDDEN}")
        assert done(bot_fixture) == []

    async def test_an_owner_has_all(self, bot_fixture: BotFixture) -> None:
        grant(bot_fixture, "dana", is_owner=True)
        assert (await bot_fixture.attach("A-12")).startswith("✅")

    @pytest.mark.parametrize("fault", [BAD_GATEWAY, Text(200, "{}"), Text(404, "Not Found")])
    async def test_a_failed_read_is_not_none(self, bot_fixture: BotFixture, fault: Fault) -> None:
        grant(bot_fixture, "dana", grants=frozenset({"global.dispatch"}))
        bot_fixture.set_fault(fault, "/v2/general/permissions")
        assert (await bot_fixture.attach("A-12")).endswith(f".\n{NOT_TOLD}")
        assert done(bot_fixture) == []
        bot_fixture.clear_faults()
        assert (await bot_fixture.attach("A-12")).startswith("✅")


@pytest.mark.parametrize("permission", ["selfDispatch", "dispatch"])
async def test_who_moves_themselves(bot_fixture: BotFixture, permission: str) -> None:
    role = bot_fixture.guild.create_role("Officer")
    bot_fixture.env.backend.add_member_role(bot_fixture.guild.id, bot_fixture.pat.id, role.id)
    await bot_fixture.start(
        sonoran_api_version=2,
        require_cad_permission=True,
        self_dispatch_role_ids=frozenset({role.id}),
    )
    grant(bot_fixture, "pat", permission)
    assert (
        await bot_fixture.final_answer(bot_fixture.pat, "attach", call=100, units="me")
    ).startswith("✅")
    grant(bot_fixture, "pat", "police")
    await bot_fixture.advance(CACHE_TTL)
    answer = await bot_fixture.final_answer(bot_fixture.pat, "detach", units="me")
    assert answer.endswith(f"\n{FORBIDDEN}")
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_the_acknowledgement_does_not_wait_for_the_cad(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "dana", "dispatch")
    hang = Hang()
    bot_fixture.set_fault(hang, ACCOUNTS)
    bot_fixture.transport.timeout = 0.2
    answer = await bot_fixture.attach("A-12")  # which makes sure that it was deferred first
    assert hang.arrived.is_set()
    assert answer.endswith(f".\n{NOT_TOLD}")
    assert done(bot_fixture) == []
    bot_fixture.clear_faults()
    assert (await bot_fixture.attach("A-12")).startswith("✅")


async def test_a_cad_that_cannot_be_asked_permits_no_member(bot_fixture: BotFixture) -> None:
    grant(bot_fixture, "dana", "dispatch")
    bot_fixture.set_fault(BAD_GATEWAY, ACCOUNTS)
    assert (await bot_fixture.attach("A-12")).endswith(f".\n{NOT_TOLD}")
    assert done(bot_fixture) == []


class TestOtherActs:
    """What is done with buttons: asked about once the press has been acknowledged."""

    async def closed(self, bot_fixture: BotFixture) -> str:
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        asked = await press(bot_fixture.dana, more, "Close call")
        return words(await press(bot_fixture.dana, asked, "Close call"))

    async def test_members_with_the_permission_may(self, bot_fixture: BotFixture) -> None:
        grant(bot_fixture, "dana", "dispatch")
        assert (await self.closed(bot_fixture)).startswith("✅")

    async def test_closing(self, bot_fixture: BotFixture) -> None:
        grant(bot_fixture, "dana", "selfDispatch")
        assert await self.closed(bot_fixture) == f"❌ Not closed.\n{FORBIDDEN}"
        assert done(bot_fixture) == []

    async def test_a_note(self, bot_fixture: BotFixture) -> None:
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        form = await press(bot_fixture.dana, more, "Add note")
        result = await bot_fixture.dana.submit_modal(form, {"note": "Suspect left"})
        assert words(result).startswith(f"❌ Not noted on **#100**.\n{NO_ACCOUNT}")
        assert done(bot_fixture) == []

    @pytest.mark.parametrize(("permission", "mark"), [("selfDispatch", "✅"), ("police", "❌")])
    async def test_the_own_status(
        self, bot_fixture: BotFixture, permission: str, mark: str
    ) -> None:
        promote(bot_fixture, "pat")
        grant(bot_fixture, "pat", permission)
        more = await bot_fixture.pat.click(await call_card(bot_fixture), label="More")
        assert more.response is not None
        place = f"cad:status:1:{seed.ARMED_ROBBERY}"
        result = await bot_fixture.pat.select(more.response.message, ["4"], custom_id=place)
        assert words(result).startswith(mark)
        assert (bot_fixture.server.units[1].status == 4) is (mark == "✅")

    async def test_dismissing(self, bot_fixture: BotFixture) -> None:
        bot_fixture.set_fault(BAD_GATEWAY, ACCOUNTS)
        asked = await bot_fixture.dana.click(await emergency_card(bot_fixture), label="Dismiss")
        assert await settled(bot_fixture, await press(bot_fixture.dana, asked, "Dismiss it")) == (
            f"❌ Not dismissed.\n{NOT_TOLD}"
        )
        assert done(bot_fixture) == []

    async def test_responding_creates_no_call(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "pat")
        grant(bot_fixture, "pat", "selfDispatch")
        result = await bot_fixture.pat.click(await emergency_card(bot_fixture), label="Respond")
        refusal = f"❌ Not attached to a call for **911 #1**.\n{FORBIDDEN}"
        assert await settled(bot_fixture, result) == refusal
        assert done(bot_fixture) == []
