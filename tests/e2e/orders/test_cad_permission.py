"""REQUIRE_CAD_PERMISSION: the role alone is not enough, the CAD has to agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.access.cad_permissions import CACHE_TTL
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Hang
from tests.e2e.calls.test_card_buttons import (
    call_card,
    emergency_card,
    press,
    promote,
    settled,
    words,
)
from tests.e2e.conftest import with_settings
from tests.e2e.scene import Scene

pytestmark = with_settings(sonoran_api_version=2, require_cad_permission=True)

ACCOUNTS = "/v2/general/accounts"
CALL = "**#100** Armed Robbery"
FORBIDDEN = (
    "Your account in the CAD may not do this. It needs the CAD's permission `dispatch`, or"
    " `selfDispatch` if it is only about yourself."
)
NO_ACCOUNT = "The CAD does not know your account, and this needs a permission there."
NOT_TOLD = "The CAD did not say whether you may do this. Try again in a minute."


def grant(scene: Scene, name: str, *permissions: str) -> None:
    """Let a person link Discord in the CAD itself, and give them permissions there."""
    accounts = scene.world.communities[seed.COMMUNITY_ID].accounts
    (uuid,) = [one.uuid for one in accounts.values() if one.username == name]
    changed = replace(
        accounts[uuid], discord_id=scene.people[name].id, permissions=frozenset(permissions)
    )
    accounts[uuid] = changed
    for unit in scene.server.units.values():
        if unit.account.uuid == uuid:
            unit.account = changed


def done(scene: Scene) -> list[str]:
    """List what the CAD was told to do."""
    questions = {"v2 calls", "v2 units", "v2 account", "v2 current call", "v2 link"}
    return [one.type for one in scene.world.history if one.type not in questions]


async def test_a_dispatcher_of_both_may(scene: Scene) -> None:
    grant(scene, "dana", "dispatch")
    assert (await scene.attach("A-12")).startswith(f"✅ {CALL}: A\\-12")
    assert (await scene.say(scene.dana, "detach", units="A-12")).startswith("✅")


async def test_the_role_alone_is_not_enough(scene: Scene) -> None:
    grant(scene, "dana", "police", "selfDispatch")
    answer = await scene.attach("A-12 A-7")
    assert answer == f"❌ Not attached to {CALL}.\n{FORBIDDEN}"
    assert done(scene) == []
    # Which is in the books, too.
    assert "→ **#100** · by" in await scene.say(scene.dana, "audit", call=100)


async def test_nor_is_the_cads_permission_alone(scene: Scene) -> None:
    grant(scene, "erin", "dispatch")
    answer = await scene.say(scene.erin, "attach", call=100, units="A-12")
    assert answer == f"❌ You need the {scene.dispatch.mention} role for that."


async def test_without_an_account(scene: Scene) -> None:
    answer = await scene.attach("A-12")
    assert answer.startswith(f"❌ Not attached to {CALL}.\n{NO_ACCOUNT}")
    assert done(scene) == []


async def test_the_account_behind_the_link_will_do(scene: Scene) -> None:
    assert (await scene.say(scene.dana, "link", steam=seed.DANA.hex)).startswith("✅")
    assert (await scene.attach("A-12")).startswith("✅")


@pytest.mark.parametrize("permission", ["selfDispatch", "dispatch"])
async def test_who_moves_themselves(scene: Scene, permission: str) -> None:
    role = scene.guild.create_role("Officer")
    scene.env.backend.add_member_role(scene.guild.id, scene.pat.id, role.id)
    await scene.start(
        sonoran_api_version=2,
        require_cad_permission=True,
        self_dispatch_role_ids=frozenset({role.id}),
    )
    grant(scene, "pat", permission)
    assert (await scene.say(scene.pat, "attach", call=100, units="me")).startswith("✅")
    grant(scene, "pat", "police")
    await scene.passes(CACHE_TTL)
    answer = await scene.say(scene.pat, "detach", units="me")
    assert answer.endswith(f"\n{FORBIDDEN}")
    assert scene.units_on(100) == ["A-12"]


async def test_the_acknowledgement_does_not_wait_for_the_cad(scene: Scene) -> None:
    grant(scene, "dana", "dispatch")
    hang = Hang()
    scene.breaks(hang, ACCOUNTS)
    scene.transport.patience = 0.2
    answer = await scene.attach("A-12")  # which makes sure that it was deferred first
    assert hang.arrived.is_set()
    assert answer.endswith(f".\n{NOT_TOLD}")
    assert done(scene) == []
    scene.mends()
    assert (await scene.attach("A-12")).startswith("✅")


async def test_a_cad_that_cannot_be_asked_lets_nobody(scene: Scene) -> None:
    grant(scene, "dana", "dispatch")
    scene.breaks(BAD_GATEWAY, ACCOUNTS)
    assert (await scene.attach("A-12")).endswith(f".\n{NOT_TOLD}")
    assert done(scene) == []


class TestOtherActs:
    """What is done with buttons: asked about once the press has been acknowledged."""

    async def closed(self, scene: Scene) -> str:
        more = await scene.dana.click(await call_card(scene), label="More")
        asked = await press(scene.dana, more, "Close call")
        return words(await press(scene.dana, asked, "Close call"))

    async def test_who_may(self, scene: Scene) -> None:
        grant(scene, "dana", "dispatch")
        assert (await self.closed(scene)).startswith("✅")

    async def test_closing(self, scene: Scene) -> None:
        grant(scene, "dana", "selfDispatch")
        assert await self.closed(scene) == f"❌ {FORBIDDEN}"
        assert done(scene) == []

    async def test_a_note(self, scene: Scene) -> None:
        more = await scene.dana.click(await call_card(scene), label="More")
        form = await press(scene.dana, more, "Add note")
        result = await scene.dana.submit_modal(form, {"note": "Suspect left"})
        assert words(result).startswith(f"❌ {NO_ACCOUNT}")
        assert done(scene) == []

    @pytest.mark.parametrize(("permission", "mark"), [("selfDispatch", "✅"), ("police", "❌")])
    async def test_the_own_status(self, scene: Scene, permission: str, mark: str) -> None:
        promote(scene, "pat")
        grant(scene, "pat", permission)
        more = await scene.pat.click(await call_card(scene), label="More")
        assert more.response is not None
        place = f"cad:status:1:{seed.ARMED_ROBBERY}"
        result = await scene.pat.select(more.response.message, ["4"], custom_id=place)
        assert words(result).startswith(mark)
        assert (scene.server.units[1].status == 4) is (mark == "✅")

    async def test_dismissing(self, scene: Scene) -> None:
        scene.breaks(BAD_GATEWAY, ACCOUNTS)
        asked = await scene.dana.click(await emergency_card(scene), label="Dismiss")
        assert await settled(scene, await press(scene.dana, asked, "Dismiss it")) == (
            f"❌ {NOT_TOLD}"
        )
        assert done(scene) == []

    async def test_responding_creates_no_call(self, scene: Scene) -> None:
        promote(scene, "pat")
        grant(scene, "pat", "selfDispatch")
        result = await scene.pat.click(await emergency_card(scene), label="Respond")
        assert await settled(scene, result) == f"❌ {FORBIDDEN}"
        assert done(scene) == []
