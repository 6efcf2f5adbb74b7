"""The buttons under an answer, /detach from one call, /audit, and answers without a reply."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.scene import Said, Scene

ORDERS = "/emergency"


async def attached(scene: Scene, units: str = "A-12 A-7") -> Said:
    return await scene.says(scene.dana, "attach", call=100, units=units)


async def pressed(scene: Scene, said: Said, label: str) -> Said:
    response = said.result.response
    assert response is not None
    return Said(scene, await scene.dana.click(response, label=label))


async def test_cancel_drops_an_order_that_waits(scene: Scene) -> None:
    scene.breaks(BAD_GATEWAY, ORDERS)
    said = await attached(scene)
    await said.after(5)
    assert said.buttons == ["Cancel"]
    await pressed(scene, said, "Cancel")
    scene.mends()
    assert "Cancelled." in await said.after(60)
    assert said.buttons == []
    assert scene.units_on(100) == []
    tried = len(scene.orders())
    await scene.start()
    await scene.passes(60)
    assert len(scene.orders()) == tried


async def test_cancel_comes_too_late_once_the_order_is_closed(scene: Scene) -> None:
    scene.breaks(BAD_GATEWAY, ORDERS)
    said = await attached(scene)
    await said.after(5)
    assert said.result.response is not None
    message_id, buttons = said.result.response.id, said.result.response.components
    scene.mends()
    await said.after(60)
    # Somebody's client still shows the reply as it was.
    scene.env.backend.messages[scene.channel.id][message_id].components = buttons
    answer = await pressed(scene, said, "Cancel")
    assert answer.text == "❌ Too late to cancel: the order is being sent or closed."
    answer.check()
    assert scene.units_on(100) == ["A-12", "A-7"]


async def test_undo_takes_them_off_again(scene: Scene) -> None:
    said = await attached(scene)
    await said.after(60)
    assert said.buttons == ["Undo"]
    undone = await pressed(scene, said, "Undo")
    assert await undone.after(60) == (
        "✅ Off **#100** Armed Robbery: A\\-12, A\\-7\nConfirmed by the CAD."
    )
    assert scene.units_on(100) == []


async def test_undo_leaves_alone_who_has_moved_on(scene: Scene) -> None:
    said = await attached(scene)
    await said.after(60)
    scene.world.attach(scene.server, 101, Target(api_ids=(seed.PAT.hex,)))
    undone = await pressed(scene, said, "Undo")
    assert (await undone.after(60)).splitlines() == [
        "⚠️ Off **#100** Armed Robbery: A\\-7",
        "Confirmed by the CAD.",
        "Left out: `A-12`: no longer on that call.",
    ]
    assert scene.units_on(101) == ["B-21", "A-12"]


@pytest.mark.parametrize("again", ["late", "without the role"])
async def test_undo_is_refused(scene: Scene, again: str) -> None:
    said = await attached(scene)
    await said.after(60)
    if again == "late":
        await scene.passes(10 * 60)
        words = "❌ That was more than 10 minutes ago."
    else:
        scene.env.backend.remove_member_role(scene.guild.id, scene.dana.id, scene.dispatch.id)
        words = "❌ You need the "
    refusal = await pressed(scene, said, "Undo")
    refusal.check()
    assert refusal.text.startswith(words)
    assert scene.units_on(100) == ["A-12", "A-7"]


async def test_detaching_from_one_call_only(scene: Scene) -> None:
    await scene.attach("A-12 A-7")
    answer = await scene.say(scene.dana, "detach", units="A-12 B-21", call=100)
    assert answer.splitlines() == [
        "⚠️ Off **#100** Armed Robbery: A\\-12",
        "Confirmed by the CAD.",
        "Left out: `B-21`: no longer on that call.",
    ]
    assert scene.units_on(100) == ["A-7"]
    assert scene.units_on(101) == ["B-21"]


async def test_an_order_outlives_a_restart(scene: Scene) -> None:
    scene.breaks(BAD_GATEWAY, ORDERS)
    said = await attached(scene, "A-12")
    await said.after(5)
    await scene.stop()
    scene.mends()
    await scene.start()
    assert await said.after(60) == ("✅ **#100** Armed Robbery: A\\-12\nConfirmed by the CAD.")
    assert scene.units_on(100) == ["A-12"]


async def test_the_log_channel_gets_a_line(scene: Scene) -> None:
    log = scene.guild.create_text_channel("log")
    await scene.start(log_channel_id=log.id)
    await scene.attach("A-12 @everyone")
    (line,) = log.history()
    assert line.content.startswith(f"⚠️ A\\-12 → **#100** · by {scene.dana.mention} ")
    (request,) = [
        one for one in scene.env.http_requests if one.path == f"/channels/{log.id}/messages"
    ]
    assert isinstance(request.json, dict)
    assert request.json["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("has_log", [True, False])
async def test_a_reply_that_cannot_be_edited_is_replaced(scene: Scene, has_log: bool) -> None:
    log = scene.guild.create_text_channel("log")
    await scene.start(log_channel_id=log.id if has_log else None)
    scene.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, times=None)
    await scene.dana.slash(scene.channel, "attach", call=100, units="A-12")
    await scene.passes(60)
    said = log.history() if has_log else scene.dana.user.dm_channel.history()
    words = f"{scene.dana.mention}, your order: ✅ **#100** Armed Robbery: A\\-12"
    assert said[0].content.startswith(words)
    assert scene.units_on(100) == ["A-12"]


async def test_audit_shows_what_was_ordered(scene: Scene) -> None:
    await scene.attach(scene.pat.mention)
    await scene.attach("A-7", call=4711)
    first, *lines = (await scene.say(scene.dana, "audit")).splitlines()
    assert first == "✅ 2 orders · page 1 of 1"
    assert lines[0].startswith("❌ A\\-7 → **#4711** · by")
    assert "`CALL NOT FOUND`" in lines[0]
    assert lines[1].startswith(f"✅ {scene.pat.mention} (A\\-12) → **#100** · by")
    about_pat = await scene.say(scene.dana, "audit", member=scene.pat)
    assert about_pat.splitlines()[1:] == lines[1:]
    on_call = await scene.say(scene.dana, "audit", call=4711)
    assert on_call.splitlines()[1:] == lines[:1]


async def test_undo_of_an_order_that_is_forgotten(scene: Scene) -> None:
    said = await attached(scene)
    await said.after(60)
    with closing(sqlite3.connect(scene.file)) as connection, connection:
        connection.execute("DELETE FROM orders")
    refusal = await pressed(scene, said, "Undo")
    refusal.check()
    assert refusal.text == "❌ There is nothing to undo: this order attached no unit."


async def test_a_bug_behind_a_button_is_owned_up_to(scene: Scene, monkeypatch, caplog) -> None:
    said = await attached(scene)
    await said.after(60)

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scene.services.intake, "undo", broken)
    answer = await pressed(scene, said, "Undo")
    answer.check()
    assert answer.text.startswith("❌ Something went wrong inside the bot.")
    assert [one.exc_info is not None for one in caplog.records] == [True]


async def test_a_button_of_a_bot_that_is_stopping(scene: Scene) -> None:
    said = await attached(scene)
    await said.after(60)
    await scene.bot.drain()
    answer = await pressed(scene, said, "Undo")
    answer.check()
    assert answer.text == "❌ The bot is restarting. Try again in a minute."


async def test_only_the_end_is_told_elsewhere(scene: Scene) -> None:
    scene.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, times=None)
    scene.breaks(BAD_GATEWAY, ORDERS)
    await scene.dana.slash(scene.channel, "attach", call=100, units="A-12")
    await scene.passes(30)
    assert scene.dana.user.dm_channel.history() == []
    scene.mends()
    await scene.passes(120)
    assert "✅ **#" in scene.dana.user.dm_channel.history()[0].content
