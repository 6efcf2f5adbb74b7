"""An order about more than ten units is asked about first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor

from bot.ui.calls.card_buttons import call_buttons
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account, Badge
from tests.e2e.conftest import with_settings
from tests.e2e.scene import EPHEMERAL, MESSAGE, Said, Scene

DEFERRED_UPDATE, UPDATE = 6, 7
MINUTES = 60.0
ORDERS = "/emergency"
both_apis = pytest.mark.parametrize(
    "scene",
    [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}],
    indirect=True,
    ids=["v1", "v2"],
)
TROOP = [f"T-{number}" for number in range(1, 12)]


@pytest.fixture(autouse=True)
async def troop(scene: Scene) -> None:
    """Send eleven on duty."""
    for number in TROOP:
        account = Account(number, number, api_ids=(f"id:{number}",))
        scene.world.login(scene.server, account, Badge(number, "Trooper", "Troop"))
    await scene.services.board.fetch_units(seed.SERVER_ID)
    await scene.passes(60)
    scene.world.history.clear()


async def asked(scene: Scene, units: str = "dept:Troop", **options: Any) -> Said:
    said = await scene.says(scene.dana, "attach", call=100, units=units, **options)
    await said.after(1)
    assert said.text.startswith("⏳ Attach ")
    assert said.buttons == ["Confirm", "Cancel"]
    return said


async def pressed(
    scene: Scene, said: Said, label: str, who: MemberActor | None = None
) -> list[Any]:
    """Press a button of a question; return the bot's own messages beside it."""
    response = said.result.response
    assert response is not None
    result = await (who or scene.dana).click(response, label=label)
    token = result._interaction.token
    first, *others = [one for one in scene.env.http_requests if token in one.path]
    assert isinstance(first.json, dict)
    data = first.json.get("data") or {}
    # Either the question changes, or something is said to the presser alone.
    assert first.json["type"] in {DEFERRED_UPDATE, UPDATE} or data["flags"] == EPHEMERAL
    for one in others:
        if isinstance(one.json, dict) and "allowed_mentions" in one.json:
            assert one.json["allowed_mentions"] == {"parse": []}
    assert all(one.flags.ephemeral for one in result.followups)
    told = [data["content"]] if first.json["type"] == MESSAGE else []
    return told + [one.content for one in result.followups]


def sent(scene: Scene) -> list[str]:
    """List the attachments and detachments that reached the CAD, by either of its APIs."""
    types = [one.type.lower() for one in scene.world.history]
    return [one for one in types if "attach" in one or "detach" in one]


def states(scene: Scene) -> list[str]:
    with closing(sqlite3.connect(scene.file)) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM orders ORDER BY id")]


@both_apis
async def test_ten_go_at_once_and_eleven_are_asked_about(scene: Scene) -> None:
    answer = await scene.attach("T-1..T-10")
    assert answer.startswith("✅ **#100** Armed Robbery: T\\-1, T\\-2")
    assert states(scene) == ["done"]
    scene.world.attach(scene.server, 101, Target(api_ids=(seed.ALICE.hex,)))
    await scene.services.board.fetch_calls(seed.SERVER_ID)
    scene.world.history.clear()
    said = await asked(scene, "dept:Troop A-7 Z-9 -T-1")
    question, about, others, excluded, left_out = said.text.splitlines()
    assert question.startswith("⏳ Attach 11 units to **#100** Armed Robbery? Not sent")
    assert about == "Units: " + ", ".join(f"T\\-{one}" for one in range(2, 12)) + ", A\\-7"
    assert others == "Leaving another call: A\\-7 (**#101**)"
    assert excluded == "Excluded: T\\-1"
    assert left_out == "Left out: `Z-9`: no unit on duty has this number."
    await scene.passes(5 * MINUTES)
    assert sent(scene) == []
    assert states(scene) == ["done", "asked"]


@both_apis
async def test_confirm_sends_to_whom_was_shown(scene: Scene) -> None:
    said = await asked(scene)
    # Whoever comes on duty meanwhile was not shown.
    late = Account("x", "x", api_ids=("id:x",))
    scene.world.login(scene.server, late, Badge("T-12", "", "Troop"))
    assert await pressed(scene, said, "Confirm") == []
    await scene.passes(60)
    assert said.text.startswith("✅ **#100** Armed Robbery: T\\-1, T\\-2")
    assert said.text.endswith("\nConfirmed by the CAD.")
    assert said.buttons == ["Undo"]
    assert sorted(scene.units_on(100)) == sorted(TROOP)
    assert len(sent(scene)) == 1
    assert states(scene) == ["confirmed", "done"]


async def test_what_was_picked_from_lists_goes_at_once(scene: Scene) -> None:
    """The panel shows who is picked: it is a question of its own."""
    channel = scene.bot.get_channel(scene.channel.id)
    assert isinstance(channel, discord.TextChannel)
    card = await channel.send("A card", view=call_buttons(seed.SERVER_ID, 100))
    panel = (await scene.dana.click(card, label="Attach…")).response
    assert panel is not None
    place = f"cad:pick-departments:{seed.SERVER_ID}:100"
    await scene.dana.select(panel.message, ["Troop"], custom_id=place)
    said = Said(scene, await scene.dana.click(panel.message, label="Attach"))
    assert (await said.after(60)).startswith("✅ **#100** Armed Robbery: T\\-1")
    assert sorted(scene.units_on(100)) == sorted(TROOP)
    assert states(scene) == ["done"]


@both_apis
async def test_undo_of_many_asks_no_more(scene: Scene) -> None:
    said = await asked(scene)
    await pressed(scene, said, "Confirm")
    await scene.passes(60)
    response = said.result.response
    assert response is not None
    undone = Said(scene, await scene.dana.click(response, label="Undo"))
    assert (await undone.after(60)).startswith("✅ Off **#100** Armed Robbery: T\\-1")
    assert scene.units_on(100) == []


async def test_cancel_sends_nothing(scene: Scene) -> None:
    said = await asked(scene)
    assert await pressed(scene, said, "Cancel") == []
    assert said.text.startswith("❌ Cancelled. Not attached to **#100** Armed Robbery.\nUnits: ")
    assert said.buttons == []
    await scene.start()
    await scene.passes(60)
    assert sent(scene) == []
    assert states(scene) == ["cancelled"]
    assert said.text.startswith("❌ Cancelled.")


@both_apis
async def test_a_second_press_sends_nothing_twice(scene: Scene) -> None:
    said = await asked(scene)
    response = said.result.response
    assert response is not None
    message_id, buttons = response.id, response.components
    scene.breaks(BAD_GATEWAY)
    both = [pressed(scene, said, "Confirm"), pressed(scene, said, "Confirm")]
    beside = [words for told in [await one for one in both] for words in told]
    assert beside == ["❌ This is confirmed already. Look at its answer for the result."]
    scene.mends()
    await scene.passes(60)
    # Somebody's client still shows the question.
    scene.env.backend.messages[scene.channel.id][message_id].components = buttons
    assert await pressed(scene, said, "Confirm") == beside
    assert await pressed(scene, said, "Cancel") == beside
    await scene.passes(60)
    assert sorted(scene.units_on(100)) == sorted(TROOP)
    assert states(scene) == ["confirmed", "done"]


async def test_only_whoever_asked_may_answer(scene: Scene) -> None:
    said = await asked(scene)
    other = scene.guild.add_member(scene.env.create_user("sam"), roles=[scene.dispatch])
    response = said.result.response
    assert response is not None
    # As it is where the reply could not be edited and the question stands in the log channel.
    stored = scene.env.backend.messages[scene.channel.id][response.id]
    stored.flags = 0
    for who in (other, scene.vic):
        for label in ("Cancel", "Confirm"):
            told = await pressed(scene, said, label, who)
            assert told == ["❌ Only the member who gave this order can do that."]
    await scene.passes(60)
    assert states(scene) == ["asked"]
    assert sent(scene) == []
    assert said.buttons == ["Confirm", "Cancel"]


async def test_the_right_to_dispatch_is_looked_at_again(scene: Scene) -> None:
    said = await asked(scene)
    scene.env.backend.remove_member_role(scene.guild.id, scene.dana.id, scene.dispatch.id)
    (refusal,) = await pressed(scene, said, "Confirm")
    assert refusal.startswith("❌ You need the ")
    assert states(scene) == ["asked"]
    assert said.text.startswith("⏳ ")


async def test_fifteen_minutes_and_no_longer(scene: Scene) -> None:
    said, late = await asked(scene), await asked(scene)
    await scene.passes(14 * MINUTES)
    assert await pressed(scene, said, "Confirm") == []
    await scene.passes(2 * MINUTES)
    told = await pressed(scene, late, "Confirm")
    assert told == ["❌ That was more than 15 minutes ago. Give the order again."]
    await scene.passes(60)
    assert states(scene) == ["confirmed", "asked", "done"]


@pytest.mark.parametrize("answer", ["Confirm", "Cancel"])
async def test_a_question_outlives_a_restart(scene: Scene, answer: str) -> None:
    said = await asked(scene)
    await scene.start()
    await scene.passes(60)
    assert said.buttons == ["Confirm", "Cancel"]
    assert await pressed(scene, said, answer) == []
    await scene.passes(60)
    assert sorted(scene.units_on(100)) == (sorted(TROOP) if answer == "Confirm" else [])


async def test_a_confirmed_order_outlives_one_too(scene: Scene) -> None:
    said = await asked(scene)
    scene.breaks(BAD_GATEWAY, ORDERS)
    await pressed(scene, said, "Confirm")
    await scene.passes(5)
    assert said.buttons == ["Cancel"]
    await scene.stop()
    scene.mends()
    await scene.start()
    await scene.passes(60)
    assert said.text.startswith("✅ **#100** Armed Robbery: T\\-1, T\\-2")
    assert sorted(scene.units_on(100)) == sorted(TROOP)


async def test_a_press_that_discord_no_longer_waits_for_leaves_the_question(scene: Scene) -> None:
    said = await asked(scene)
    scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    response = said.result.response
    assert response is not None
    await scene.dana.click(response, label="Confirm")
    assert states(scene) == ["asked"]
    assert await pressed(scene, said, "Confirm") == []
    await scene.passes(60)
    assert sorted(scene.units_on(100)) == sorted(TROOP)


async def test_a_question_that_is_forgotten(scene: Scene) -> None:
    said = await asked(scene)
    with closing(sqlite3.connect(scene.file)) as connection, connection:
        connection.execute("DELETE FROM orders")
    (told,) = await pressed(scene, said, "Confirm")
    assert told == "❌ There is nothing to confirm: the order is gone or was cancelled."


@both_apis
async def test_detaching_many_is_asked_about_too(scene: Scene) -> None:
    everyone = Target(api_ids=tuple(f"id:{one}" for one in TROOP))
    scene.world.attach(scene.server, 100, everyone)
    said = await scene.says(scene.dana, "detach", units="dept:Troop")
    await said.after(1)
    assert said.text.startswith("⏳ Detach 11 units from their calls? Not sent yet")
    assert len(scene.units_on(100)) == 11
    await pressed(scene, said, "Confirm")
    await scene.passes(60)
    assert said.text.startswith("✅ Off their calls: T\\-1, T\\-2")
    assert scene.units_on(100) == []


@with_settings(members_intent=True)
async def test_audit_and_the_log_tell_questions_from_orders(scene: Scene) -> None:
    log = scene.guild.create_text_channel("log")
    await scene.start(log_channel_id=log.id)
    said = await asked(scene)
    await pressed(scene, said, "Confirm")
    await scene.passes(60)
    await asked(scene, "dept:Troop -T-1 A-7")
    first, *lines = (await scene.say(scene.dana, "audit")).splitlines()
    assert first == "✅ 3 orders · page 1 of 1"
    assert lines[0].startswith("⏳ ")
    assert " · not confirmed" in lines[0]
    assert lines[1].startswith("✅ T\\-1, ")
    assert " · done" in lines[1]
    assert " · confirmed: another order followed" in lines[2]
    told = [one.content.partition(" ")[0] for one in log.history()]
    assert sorted(told) == ["⏳", "⏳", "✅"]


async def test_a_question_that_reaches_its_person_elsewhere_can_be_asked_again(
    scene: Scene,
) -> None:
    scene.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, times=None)
    await scene.dana.slash(scene.channel, "attach", call=100, units="dept:Troop")
    await scene.passes(60)
    (told,) = scene.dana.user.dm_channel.history()
    assert "your order: ⏳ Attach 11 units to **#100** Armed Robbery?" in told.content
    assert "or give the order again." in told.content
    assert sent(scene) == []
