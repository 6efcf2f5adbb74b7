"""One id, one person, unless somebody who may link says otherwise; and who is told."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from tests.e2e.link_scene import Log, answered, letters, press_attach_me
from tests.e2e.scene import Said, Scene

PAT, RILEY = seed.PAT, seed.RILEY
SERVER = "**San Andreas**"


def close_dms(scene: Scene) -> None:
    for person in scene.people.values():
        path = f"/channels/{person.user.dm_channel.id}/messages"
        scene.env.inject_error("POST", path, status=403, code=50007, times=None)


async def ask(scene: Scene) -> Said:
    """Let Dana give Vic the id that Pat has."""
    said = await scene.says(scene.dana, "link", steam=str(PAT.steam64), member=scene.vic)
    assert said.text == (
        f"⚠️ Not saved yet: `{PAT.hex}` is linked to {scene.pat.mention} already. Share it with"
        f" {scene.vic.mention}, or move it?"
    )
    assert said.buttons == ["Share it", "Move it here", "Cancel"]
    assert scene.vic.id not in scene.links()
    return said


@pytest.mark.parametrize(
    "pasted", [PAT.hex, PAT.hex.upper(), f"steam:{PAT.hex}", f"STEAM:{PAT.hex.upper()}"]
)
async def test_a_member_cannot_take_it(scene: Scene, pasted: str) -> None:
    log = await Log.opened(scene)
    said = await scene.says(scene.vic, "link", steam=pasted)
    assert said.text.endswith(" is linked to another member. If it is yours, ask a dispatcher.")
    assert scene.pat.mention not in said.text
    assert said.buttons == []
    assert scene.vic.id not in scene.links()
    assert log.messages == []


async def test_sharing(scene: Scene) -> None:
    log = await Log.opened(scene)
    said = await ask(scene)
    text = await answered(scene, scene.dana, said, "Share it")
    assert text.splitlines() == [
        f"✅ {scene.vic.mention} is now linked to `{PAT.hex}`.",
        f"The CAD knows this id as `{PAT.hex}` (account `pat`).",
        f"Shared with {scene.pat.mention}.",
    ]
    assert said.buttons == []
    assert scene.links()[scene.vic.id] == scene.links()[scene.pat.id] == PAT.hex
    dana, vic = scene.dana.mention, scene.vic.mention
    assert letters(scene.pat) == [
        f"{SERVER}: {dana} has also linked {vic} to `{PAT.hex}`, which is your id."
    ]
    assert log.texts == [f"🔗 `{PAT.hex}` of {scene.pat.mention} is shared with {vic} · by {dana}"]
    assert letters(scene.vic) == []


async def test_moving_after_a_restart(scene: Scene) -> None:
    log = await Log.opened(scene)
    said = await ask(scene)
    await scene.start(log_channel_id=log.channel.id)
    text = await answered(scene, scene.dana, said, "Move it here")
    assert text.splitlines()[-1] == f"Taken from {scene.pat.mention}."
    assert scene.links()[scene.vic.id] == PAT.hex
    assert scene.pat.id not in scene.links()
    dana, vic = scene.dana.mention, scene.vic.mention
    assert letters(scene.pat) == [
        f"{SERVER}: {dana} has moved `{PAT.hex}` from you to {vic}; you are no longer linked."
    ]
    assert log.texts == [f"🔗 `{PAT.hex}` {scene.pat.mention} → {vic} · by {dana}"]


async def test_leaving_it(scene: Scene) -> None:
    said = await ask(scene)
    text = await answered(scene, scene.dana, said, "Cancel")
    assert text == f"❌ Nothing has changed: `{PAT.hex}` stays with {scene.pat.mention}."
    assert said.buttons == []
    assert scene.vic.id not in scene.links()


async def test_answering_twice(scene: Scene) -> None:
    said = await ask(scene)
    assert said.result.response is not None
    message = scene.env.backend.messages[scene.channel.id][said.result.response.id]
    shown = message.components
    await answered(scene, scene.dana, said, "Cancel")
    message.components = shown  # as a slow client has it
    text = await answered(scene, scene.dana, said, "Move it here")
    assert text.startswith("❌ This question is closed")
    assert scene.pat.id in scene.links()


async def test_whoever_lost_the_role_decides_nothing(scene: Scene) -> None:
    said = await ask(scene)
    scene.env.backend.remove_member_role(scene.guild.id, scene.dana.id, scene.dispatch.id)
    text = await answered(scene, scene.dana, said, "Share it")
    assert text == f"❌ You need the {scene.dispatch.mention} role for that."
    assert scene.vic.id not in scene.links()


async def test_a_dispatcher_for_themselves(scene: Scene) -> None:
    said = await scene.says(scene.dana, "link", steam=PAT.hex)
    assert f"Share it with {scene.dana.mention}" in said.text
    await answered(scene, scene.dana, said, "Share it")
    assert scene.links()[scene.dana.id] == PAT.hex


async def test_an_id_of_200_characters(scene: Scene) -> None:
    pasted = "license:" + "x" * 192
    await scene.says(scene.pat, "link", steam=pasted)
    said = await scene.says(scene.dana, "link", steam=pasted, member=scene.vic)
    await answered(scene, scene.dana, said, "Share it")
    assert scene.links()[scene.vic.id] == pasted


async def test_the_form_behind_attach_me(scene: Scene) -> None:
    officer = scene.guild.create_role("Officer")
    scene.env.backend.add_member_role(scene.guild.id, scene.charlie.id, officer.id)
    await scene.start(self_dispatch_role_ids=frozenset({officer.id}))
    for who, told in (
        (scene.charlie, "If it is yours, ask a dispatcher."),
        (scene.dana, f"{scene.pat.mention}. Use `/link` to share it or to move it."),
    ):
        result = await press_attach_me(scene, who, PAT.hex)
        assert result.response is not None
        assert result.response.content.startswith(f"❌ `{PAT.hex}` is linked to another member")
        assert result.response.content.endswith(told)
    assert scene.orders() == []


@pytest.mark.parametrize("open_dms", [True, False])
async def test_a_change_by_somebody_else(scene: Scene, open_dms: bool) -> None:
    log = await Log.opened(scene)
    if not open_dms:
        close_dms(scene)
    pat, dana = scene.pat.mention, scene.dana.mention
    linked = await scene.say(scene.dana, "link", steam=RILEY.hex, member=scene.pat)
    assert linked.startswith(f"✅ {pat} is now linked to `{RILEY.hex}`.")
    unlinked = await scene.say(scene.dana, "unlink", member=scene.pat)
    assert unlinked == f"✅ {pat} is no longer linked to `{RILEY.hex}`."
    assert log.texts == [
        f"🔗 {pat} `{PAT.hex}` → `{RILEY.hex}` · by {dana}",
        f"🔗 {pat} is no longer linked to `{RILEY.hex}` · by {dana}",
    ]
    assert letters(scene.pat) == (
        [
            f"{SERVER}: {dana} has linked you to `{RILEY.hex}` instead of `{PAT.hex}`.",
            f"{SERVER}: {dana} has removed your link to `{RILEY.hex}`.",
        ]
        if open_dms
        else []
    )


async def test_a_change_of_ones_own(scene: Scene) -> None:
    log = await Log.opened(scene)
    await scene.say(scene.pat, "link", steam=RILEY.hex)
    await scene.say(scene.pat, "unlink")
    await scene.say(scene.vic, "link", steam=RILEY.hex)
    pat = scene.pat.mention
    assert log.texts == [
        f"🔗 {pat} `{PAT.hex}` → `{RILEY.hex}` · by {pat}",
        f"🔗 {pat} is no longer linked to `{RILEY.hex}` · by {pat}",
    ]
    assert letters(scene.pat) == letters(scene.vic) == []


async def test_without_a_log_channel_and_with_a_broken_one(scene: Scene) -> None:
    assert (await scene.say(scene.dana, "unlink", member=scene.pat)).startswith("✅")
    assert len(letters(scene.pat)) == 1
    log = await Log.opened(scene)
    path = f"/channels/{log.channel.id}/messages"
    scene.env.inject_error("POST", path, status=403, code=50001, times=None)
    assert (await scene.say(scene.dana, "unlink", member=scene.bob)).startswith("✅")
    assert len(letters(scene.bob)) == 1
