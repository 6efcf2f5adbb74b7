"""LINK_APPROVAL: a link is asked for in the log channel, and somebody decides."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.link_scene import Log, asked, labels, letters, press_attach_me, requests_stored
from tests.e2e.scene import Scene, until

RILEY, CHARLIE = seed.RILEY, seed.CHARLIE
WAITS = (
    f"⏳ Your link to `{RILEY.hex}` waits for approval. The answer comes here or in a direct"
    " message."
)


@pytest.fixture
async def log(scene: Scene) -> Log:
    return await Log.opened(scene, link_approval=True)


async def test_approved(scene: Scene, log: Log) -> None:
    said = await asked(scene, scene.vic, str(RILEY.steam64))
    assert said.text == WAITS
    assert scene.vic.id not in scene.links()
    (message,) = log.messages
    assert message.content.splitlines() == [
        f"⏳ {scene.vic.mention} asks to be linked to `{RILEY.hex}`.",
        "The CAD knows it as `riley`.",
    ]
    assert labels(message) == ["Approve", "Deny"]
    pressed = await log.press(scene.dana, "Approve")
    assert pressed.text == f"✅ Approved: {scene.vic.mention} and `{RILEY.hex}`."
    assert scene.links()[scene.vic.id] == RILEY.hex
    (message,) = log.messages
    assert message.content.startswith(
        f"✅ {scene.vic.mention} asked to be linked to `{RILEY.hex}` (`riley`)."
        f" {scene.dana.mention} has approved this <t:"
    )
    assert labels(message) == []
    said.check()
    assert said.text == f"✅ Approved by {scene.dana.mention}: your link to `{RILEY.hex}`."
    assert letters(scene.vic) == []


async def test_denied(scene: Scene, log: Log) -> None:
    said = await asked(scene, scene.pat, RILEY.hex)
    assert f"It would replace `{seed.PAT.hex}`." in log.texts[0]
    pressed = await log.press(scene.dana, "Deny")
    assert pressed.text == f"✅ Denied: {scene.pat.mention} and `{RILEY.hex}`."
    assert scene.links()[scene.pat.id] == seed.PAT.hex
    assert f"{scene.dana.mention} has denied this" in log.texts[0]
    assert labels(log.messages[0]) == []
    said.check()
    assert said.text.startswith(f"❌ Denied by {scene.dana.mention}: your link to `{RILEY.hex}`.")


async def test_a_second_press_is_told_who_was_first(scene: Scene, log: Log) -> None:
    await asked(scene, scene.vic, RILEY.hex)
    old = scene.env.backend.messages[log.channel.id][log.messages[0].id].components
    await log.press(scene.dana, "Deny")
    # Somebody's client still shows the buttons.
    scene.env.backend.messages[log.channel.id][log.messages[0].id].components = old
    scene.env.backend.add_member_role(scene.guild.id, scene.alice.id, scene.dispatch.id)
    again = await log.press(scene.alice, "Approve")
    assert again.text == f"❌ {scene.dana.mention} has denied this already."
    assert labels(log.messages[0]) == []
    assert scene.vic.id not in scene.links()


@pytest.mark.parametrize("label", ["Approve", "Deny"])
async def test_a_visitor_decides_nothing(scene: Scene, log: Log, label: str) -> None:
    await asked(scene, scene.vic, RILEY.hex)
    for who in (scene.vic, scene.erin):
        pressed = await log.press(who, label)
        assert pressed.text == f"❌ You need the {scene.dispatch.mention} role for that."
    assert scene.vic.id not in scene.links()
    assert labels(log.messages[0]) == ["Approve", "Deny"]


@pytest.mark.parametrize("open_dms", [True, False])
@pytest.mark.parametrize("label", ["Approve", "Deny"])
async def test_an_answer_after_a_restart_and_too_late_to_edit(
    scene: Scene, log: Log, label: str, open_dms: bool
) -> None:
    said = await asked(scene, scene.vic, RILEY.hex)
    await scene.passes(16 * 60)
    await scene.start(log_channel_id=log.channel.id, link_approval=True)
    if not open_dms:
        dm = scene.vic.user.dm_channel.id
        path = f"/channels/{dm}/messages"
        scene.env.inject_error("POST", path, status=403, code=50007, times=None)
    await log.press(scene.dana, label, 0)
    assert (scene.vic.id in scene.links()) is (label == "Approve")
    assert said.text == WAITS
    words = "✅ Approved by" if label == "Approve" else "❌ Denied by"
    if open_dms:
        (letter,) = letters(scene.vic)
        assert letter.startswith(f"**San Andreas**: {words} {scene.dana.mention}")
        assert len(log.texts) == 1
    else:
        assert letters(scene.vic) == []
        assert log.texts[1].startswith(f"{scene.vic.mention}: {words} {scene.dana.mention}")


async def test_within_a_quarter_of_an_hour_a_restart_hinders_nothing(
    scene: Scene, log: Log
) -> None:
    said = await asked(scene, scene.vic, RILEY.hex)
    await scene.start(log_channel_id=log.channel.id, link_approval=True)
    await log.press(scene.dana, "Approve")
    assert said.text.startswith(f"✅ Approved by {scene.dana.mention}")


async def test_a_request_that_a_stop_kept_from_being_shown(scene: Scene, log: Log) -> None:
    said = await asked(scene, scene.vic, RILEY.hex)
    await scene.stop()
    with closing(sqlite3.connect(scene.file)) as connection, connection:
        connection.execute("UPDATE link_requests SET channel_id = NULL, message_id = NULL")
    await scene.start(log_channel_id=log.channel.id, link_approval=True)
    first, second = log.messages
    assert labels(first) == labels(second) == ["Approve", "Deny"]
    # Whichever of the two is pressed: that one is closed, and the other learns of it.
    await log.press(scene.dana, "Approve", 0)
    assert said.text.startswith("✅ Approved by")
    assert (await log.press(scene.dana, "Deny", 1)).text.endswith("has approved this already.")
    assert [labels(one) for one in log.messages] == [[], []]


async def test_a_second_request_replaces_the_first(scene: Scene, log: Log) -> None:
    await asked(scene, scene.vic, RILEY.hex)
    again = await asked(scene, scene.vic, "license:Ab*c")
    assert again.text.endswith("It replaces your earlier request.")
    first, second = log.messages
    assert first.content.startswith(f"❌ {scene.vic.mention} asked to be linked to `{RILEY.hex}`")
    assert f"{scene.vic.mention} has replaced this" in first.content
    assert (labels(first), labels(second)) == ([], ["Approve", "Deny"])
    assert "The CAD does not know this id." in second.content
    await log.press(scene.dana, "Approve")
    assert scene.links()[scene.vic.id] == "license:Ab*c"


async def test_many_wait_at_once(scene: Scene, log: Log) -> None:
    people = [scene.vic, scene.charlie, scene.max]
    for number, who in enumerate(people):
        await asked(scene, who, f"license:{number}")
    assert len(log.messages) == 3
    for index in range(3):
        await log.press(scene.dana, "Approve", index)
    assert {scene.links()[who.id] for who in people} == {f"license:{one}" for one in range(3)}


async def test_whoever_may_link_needs_no_approval(scene: Scene, log: Log) -> None:
    assert (await scene.say(scene.dana, "link", steam=RILEY.hex)).startswith("✅")
    linked = await scene.say(scene.dana, "link", steam=CHARLIE.hex, member=scene.charlie)
    assert linked.startswith("✅")
    assert log.messages == []


async def test_an_id_of_somebody_else_is_not_asked_for(scene: Scene, log: Log) -> None:
    answer = await scene.say(scene.vic, "link", steam=seed.PAT.hex)
    assert answer == (
        f"❌ `{seed.PAT.hex}` is linked to another member. If it is yours, ask a dispatcher."
    )
    assert log.messages == []


async def test_an_id_that_was_taken_meanwhile(scene: Scene, log: Log) -> None:
    said = await asked(scene, scene.vic, RILEY.hex)
    await asked(scene, scene.max, f"STEAM:{RILEY.hex.upper()}")
    await log.press(scene.dana, "Approve", 1)
    held = await log.press(scene.dana, "Approve", 0)
    assert held.text.startswith("⚠️ Not saved yet:")
    assert scene.max.mention in held.text
    assert held.buttons == ["Share it", "Move it here", "Cancel"]
    assert held.result.response is not None
    await scene.dana.click(held.result.response, label="Share it")
    assert scene.links()[scene.vic.id] == RILEY.hex
    assert scene.max.id in scene.links()
    assert said.text.startswith("✅ Approved by")
    assert labels(log.messages[0]) == []


async def test_the_form_behind_attach_me(scene: Scene, log: Log) -> None:
    officer = scene.guild.create_role("Officer")
    scene.env.backend.add_member_role(scene.guild.id, scene.charlie.id, officer.id)
    await scene.start(
        log_channel_id=log.channel.id,
        link_approval=True,
        self_dispatch_role_ids=frozenset({officer.id}),
    )
    result = await press_attach_me(scene, scene.charlie, str(CHARLIE.steam64))
    assert result.response is not None
    assert result.response.content.startswith(
        f"⏳ Your link to `{CHARLIE.hex}` waits for approval; the answer will come"
    )
    assert scene.orders() == []
    assert scene.charlie.id not in scene.links()
    again = await press_attach_me(scene, scene.charlie)
    assert again.modal is None
    assert again.response is not None
    assert again.response.content.startswith(f"⏳ Your link to `{CHARLIE.hex}` waits")
    await log.press(scene.dana, "Approve")
    assert result.response.content.startswith(f"✅ Approved by {scene.dana.mention}")
    assert scene.links()[scene.charlie.id] == CHARLIE.hex
    assert scene.orders() == []


async def test_unlinking_takes_the_request_away(scene: Scene, log: Log) -> None:
    await asked(scene, scene.vic, RILEY.hex)
    answer = await scene.say(scene.vic, "unlink")
    assert answer == (
        f"✅ {scene.vic.mention} was not linked. The request for a link is withdrawn."
    )
    assert labels(log.messages[0]) == []
    assert requests_stored(scene) == []


async def test_a_channel_that_cannot_be_written(scene: Scene, log: Log) -> None:
    path = f"/channels/{log.channel.id}/messages"
    scene.env.inject_error("POST", path, status=403, code=50013, times=None)
    answer = await scene.say(scene.vic, "link", steam=RILEY.hex)
    assert answer.startswith("❌ Your link needs an approval, but the bot cannot post the request.")
    assert requests_stored(scene) == [(scene.vic.id, RILEY.hex, "withdrawn")]


async def test_a_log_channel_on_another_server(scene: Scene) -> None:
    elsewhere = scene.env.create_guild("Elsewhere").create_text_channel("log")
    await scene.start(log_channel_id=elsewhere.id, link_approval=True)
    answer = await scene.say(scene.vic, "link", steam=RILEY.hex)
    assert answer.startswith("❌ Your link needs an approval, but the bot cannot post the request.")
    assert elsewhere.history() == []


async def test_a_cad_that_is_down(scene: Scene, log: Log) -> None:
    scene.breaks(BAD_GATEWAY, path="/general/check_apiid")
    await scene.say(scene.vic, "link", steam=RILEY.hex)
    assert "The CAD could not be asked whose account that is." in log.texts[0]
    scene.mends()
    await log.press(scene.dana, "Approve")
    assert scene.links()[scene.vic.id] == RILEY.hex


async def test_a_message_that_was_deleted(scene: Scene, log: Log) -> None:
    said = await asked(scene, scene.vic, RILEY.hex)
    await log.messages[0].delete()
    again = await asked(scene, scene.vic, RILEY.hex)
    assert again.text.startswith("⏳ ")
    await log.press(scene.dana, "Approve")
    assert again.text.startswith("✅ Approved by")
    assert said.text == WAITS


async def test_a_request_expires(scene: Scene, log: Log) -> None:
    await asked(scene, scene.vic, RILEY.hex)
    await scene.time.advance(7 * 24 * 3600 + 120, lambda: asyncio.sleep(0))
    await scene.start(log_channel_id=log.channel.id, link_approval=True)
    # A periodic job does it, which begins with the start and takes real time.
    await until(lambda: letters(scene.vic))
    assert "This has expired" in log.texts[0]
    assert labels(log.messages[0]) == []
    (letter,) = letters(scene.vic)
    assert letter.startswith("**San Andreas**: ❌ Expired: your link")


async def test_what_a_hostile_name_looks_like(scene: Scene, log: Log) -> None:
    said = await asked(scene, scene.vic, "x:`@everyone`<@&1>|||**bold**" + "y" * 150)
    assert said.text.startswith("⏳ Your link to `x:ˋ@everyoneˋ<@&1>")
    assert "x:ˋ@everyoneˋ<@&1>" in log.texts[0].partition("`")[2]
    await log.press(scene.dana, "Approve")
    assert scene.links()[scene.vic.id].startswith("x:`@everyone`")
