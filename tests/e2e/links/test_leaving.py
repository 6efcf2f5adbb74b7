"""FORGET_ON_LEAVE, and /links mine."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ui.member_directory import DiscordMembers
from sandbox.cad.state import seed
from tests.e2e.link_scene import Log, labels, requests_stored
from tests.e2e.scene import Scene, until

FORGETS: dict[str, Any] = {"members_intent": True, "forget_on_leave": True}


async def test_who_leaves_is_forgotten(scene: Scene) -> None:
    log = await Log.opened(scene, link_approval=True, **FORGETS)
    await scene.attach(f"{scene.pat.mention} {scene.alice.mention}")
    await scene.attach(scene.pat.mention, call=seed.TRAFFIC_STOP)
    await scene.says(scene.pat, "link", steam=seed.RILEY.hex)
    await scene.passes(16 * 60)
    pat = scene.pat.mention
    scene.guild.remove_member(scene.pat)
    await scene.passes(1)
    assert scene.pat.id not in scene.links()
    assert scene.alice.id in scene.links()
    assert requests_stored(scene) == []
    assert labels(log.messages[-1]) == []
    first, *lines = (await scene.say(scene.dana, "audit")).splitlines()
    assert first == "✅ 1 orders · page 1 of 1"
    assert scene.alice.mention in lines[0]
    assert pat not in "".join(lines)


async def test_who_left_while_the_bot_was_down_is_forgotten(scene: Scene) -> None:
    await scene.attach(scene.pat.mention)
    await scene.passes(16 * 60)
    await scene.stop()
    scene.guild.remove_member(scene.pat)
    await scene.start(**FORGETS)
    # A periodic job does it, which begins with the start and takes real time.
    await until(lambda: scene.pat.id not in scene.links())
    # Erin, Alice and Bob are still there.
    assert len(scene.links()) == 3
    assert await scene.say(scene.dana, "audit") == "✅ No orders found."


async def test_a_list_of_members_that_is_not_whole_proves_nothing(scene: Scene, caplog) -> None:
    await scene.start(**FORGETS)
    guild = scene.bot.get_guild(scene.guild.id)
    assert guild is not None
    guild._remove_member(guild.get_member(scene.pat.id))  # type: ignore[arg-type]
    guild._member_count = 100
    assert [one async for one in DiscordMembers(scene.bot).complete_guilds()] == []
    await scene.passes(3601)
    assert scene.pat.id in scene.links()
    assert "no member is erased" in caplog.text


async def test_whoever_comes_back_starts_anew(scene: Scene) -> None:
    await scene.start(**FORGETS)
    scene.guild.remove_member(scene.pat)
    await scene.passes(1)
    scene.people["pat"] = scene.guild.add_member(scene.pat.user)
    assert (await scene.say(scene.pat, "links mine")).splitlines()[1] == "**Link**: none."


@pytest.mark.parametrize("members_intent", [True, False])
async def test_without_the_setting_nothing_is_forgotten(scene: Scene, members_intent: bool) -> None:
    await scene.start(members_intent=members_intent)
    scene.guild.remove_member(scene.pat)
    await scene.passes(1)
    await scene.start(members_intent=members_intent)
    assert scene.links()[scene.pat.id] == seed.PAT.hex


async def test_everything_about_oneself(scene: Scene) -> None:
    log = await Log.opened(scene, link_approval=True, audit_days=30)
    await scene.attach(f"{scene.pat.mention} {scene.alice.mention}")
    await scene.attach("A-7", call=4711)
    await scene.says(scene.pat, "link", steam=seed.RILEY.hex)
    said = await scene.says(scene.pat, "links mine")
    head, link, requests, request, orders, order = said.text.splitlines()
    assert head == "✅ This is stored about you:"
    assert link.startswith(f"**Link**: `{seed.PAT.hex}`, set by <@1> <t:")
    assert link.endswith("Kept until you `/unlink`, even if you leave.")
    assert requests == (
        "**Requests**: 1. Kept until a week after they end, or until you `/unlink`."
    )
    assert request.startswith(f"- `{seed.RILEY.hex}`, asked for <t:")
    assert request.endswith("waits for approval.")
    assert orders == "**Orders by or about you**: 1. Kept for 30 days."
    assert order.startswith("- ✅ ")
    assert " → **#100** · by " in order
    await log.press(scene.dana, "Deny")
    request = (await scene.says(scene.pat, "links mine")).text.splitlines()[3]
    assert request.endswith(f"{scene.dana.mention} has denied this.")


async def test_nothing_about_a_visitor(scene: Scene) -> None:
    assert (await scene.say(scene.vic, "links mine")).splitlines() == [
        "✅ This is stored about you:",
        "**Link**: none.",
        "**Orders by or about you**: none.",
    ]


async def test_links_that_one_has_set(scene: Scene) -> None:
    await scene.start(**FORGETS)
    await scene.say(scene.dana, "link", steam=seed.RILEY.hex, member=scene.vic)
    mine = await scene.say(scene.dana, "links mine")
    assert "**Links of other members that you set**: 1." in mine
    vics = await scene.say(scene.vic, "links mine")
    assert f"set by {scene.dana.mention}" in vics
    assert "or leave this server" in vics
    scene.guild.remove_member(scene.dana)
    await scene.passes(1)
    assert "set by a member who has left" in await scene.say(scene.vic, "links mine")
