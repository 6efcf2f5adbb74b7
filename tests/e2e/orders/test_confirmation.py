"""An order about more than ten units is asked about first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor

from bot.services.access.cad_permissions import REFUSAL_CACHE_TTL
from bot.ui.calls.card_buttons import call_buttons
from bot.ui.error_text import NOT_PERMITTED, PERMISSION_UNKNOWN
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account, Badge
from tests.e2e.accounts import change_account, link_discord
from tests.e2e.bot_fixture import EPHEMERAL, MESSAGE, BotFixture, CommandReply
from tests.e2e.conftest import with_settings
from tests.e2e.presses import press

DEFERRED_UPDATE, UPDATE = 6, 7
MINUTES = 60.0
ORDERS = "/emergency"
both_apis = pytest.mark.parametrize(
    "bot_fixture",
    [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}],
    indirect=True,
    ids=["v1", "v2"],
)
TROOP = [f"T-{number}" for number in range(1, 12)]


async def send_troop_on_duty(bot_fixture: BotFixture) -> None:
    for number in TROOP:
        account = Account(number, number, api_ids=(f"id:{number}",))
        bot_fixture.world.login(bot_fixture.server, account, Badge(number, "Trooper", "Troop"))
    await bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    await bot_fixture.advance(60)
    bot_fixture.world.history.clear()


@pytest.fixture(autouse=True)
async def troop(bot_fixture: BotFixture) -> None:
    """Send eleven on duty."""
    await send_troop_on_duty(bot_fixture)


async def asked(bot_fixture: BotFixture, units: str = "dept:Troop", **options: Any) -> CommandReply:
    said = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=units, **options
    )
    await said.after(1)
    assert said.text.startswith("⏳ Attach ")
    assert said.buttons == ["Confirm", "Cancel"]
    return said


async def pressed(
    bot_fixture: BotFixture, said: CommandReply, label: str, who: MemberActor | None = None
) -> list[Any]:
    """Press a button of a question; return the bot's own messages beside it."""
    response = said.result.response
    assert response is not None
    result = await (who or bot_fixture.dana).click(response, label=label)
    token = result._interaction.token
    first, *others = [one for one in bot_fixture.env.http_requests if token in one.path]
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


def sent(bot_fixture: BotFixture) -> list[str]:
    """List the attachments and detachments that reached the CAD, by either of its APIs."""
    types = [one.type.lower() for one in bot_fixture.world.history]
    return [one for one in types if "attach" in one or "detach" in one]


def states(bot_fixture: BotFixture) -> list[str]:
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM orders ORDER BY id")]


@both_apis
async def test_ten_go_at_once_and_eleven_are_asked_about(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach("T-1..T-10")
    assert answer.startswith("✅ **#100** Armed Robbery: T\\-1, T\\-2")
    assert states(bot_fixture) == ["done"]
    bot_fixture.world.attach(bot_fixture.server, 101, Target(api_ids=(seed.ALICE.hex,)))
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    bot_fixture.world.history.clear()
    said = await asked(bot_fixture, "dept:Troop A-7 Z-9 -T-1")
    question, about, others, excluded, left_out = said.text.splitlines()
    assert question.startswith("⏳ Attach 11 units to **#100** Armed Robbery? Not sent")
    assert about == "Units: " + ", ".join(f"T\\-{one}" for one in range(2, 12)) + ", A\\-7"
    assert others == "Leaving another call: A\\-7 (**#101**)"
    assert excluded == "Excluded: T\\-1"
    assert left_out == "Left out: `Z-9`: no unit on duty has this number."
    await bot_fixture.advance(5 * MINUTES)
    assert sent(bot_fixture) == []
    assert states(bot_fixture) == ["done", "asked"]


@both_apis
async def test_confirm_sends_the_units_that_were_shown(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    # A unit that comes on duty meanwhile was not shown.
    late = Account("x", "x", api_ids=("id:x",))
    bot_fixture.world.login(bot_fixture.server, late, Badge("T-12", "", "Troop"))
    assert await pressed(bot_fixture, said, "Confirm") == []
    await bot_fixture.advance(60)
    assert said.text.startswith("✅ **#100** Armed Robbery: T\\-1, T\\-2")
    assert said.text.endswith("\nConfirmed by the CAD.")
    assert said.buttons == ["Undo"]
    assert sorted(bot_fixture.units_on(100)) == sorted(TROOP)
    assert len(sent(bot_fixture)) == 1
    assert states(bot_fixture) == ["confirmed", "done"]


async def test_what_was_picked_from_lists_goes_at_once(bot_fixture: BotFixture) -> None:
    """The panel shows who is picked: it is a question of its own."""
    channel = bot_fixture.bot.get_channel(bot_fixture.channel.id)
    assert isinstance(channel, discord.TextChannel)
    card = await channel.send("A card", view=call_buttons(seed.SERVER_ID, 100))
    panel = (await bot_fixture.dana.click(card, label="Attach…")).response
    assert panel is not None
    place = f"cad:pick-departments:{seed.SERVER_ID}:100"
    await bot_fixture.dana.select(panel.message, ["Troop"], custom_id=place)
    await bot_fixture.dana.click(panel.message, label="Attach")
    await bot_fixture.advance(60)
    assert panel.content.startswith("✅ **#100** Armed Robbery: T\\-1")
    assert sorted(bot_fixture.units_on(100)) == sorted(TROOP)
    assert states(bot_fixture) == ["done"]


@both_apis
async def test_undo_of_many_asks_no_more(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    await pressed(bot_fixture, said, "Confirm")
    await bot_fixture.advance(60)
    await press(said, "Undo")
    assert (await said.after(60)).startswith("✅ Undone: T\\-1, ")
    assert bot_fixture.units_on(100) == []


async def test_cancel_sends_nothing(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    assert await pressed(bot_fixture, said, "Cancel") == []
    assert said.text.startswith("❌ Cancelled. Not attached to **#100** Armed Robbery.\nUnits: ")
    assert said.buttons == []
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert sent(bot_fixture) == []
    assert states(bot_fixture) == ["cancelled"]
    assert said.text.startswith("❌ Cancelled.")


@both_apis
async def test_a_second_press_sends_nothing_twice(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    response = said.result.response
    assert response is not None
    message_id, buttons = response.id, response.components
    bot_fixture.set_fault(BAD_GATEWAY)
    both = [pressed(bot_fixture, said, "Confirm"), pressed(bot_fixture, said, "Confirm")]
    beside = [words for told in [await one for one in both] for words in told]
    assert beside == ["❌ This is confirmed already. Look at its answer for the result."]
    bot_fixture.clear_faults()
    await bot_fixture.advance(60)
    text = said.text
    assert text.startswith("✅ ")
    for label in ("Confirm", "Cancel"):
        # A member's client still shows the question.
        message = bot_fixture.env.backend.messages[bot_fixture.channel.id][message_id]
        message.components, message.content = buttons, "⏳ Attach 11 units?"
        assert await pressed(bot_fixture, said, label) == beside
        await bot_fixture.advance(60)
        assert (said.text, said.buttons) == (text, ["Undo"])
    assert sorted(bot_fixture.units_on(100)) == sorted(TROOP)
    assert states(bot_fixture) == ["confirmed", "done"]


async def test_only_the_actor_may_answer(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    other = bot_fixture.guild.add_member(
        bot_fixture.env.create_user("sam"), roles=[bot_fixture.dispatch]
    )
    response = said.result.response
    assert response is not None
    # As it is where the reply could not be edited and the question stands in the log channel.
    stored = bot_fixture.env.backend.messages[bot_fixture.channel.id][response.id]
    stored.flags = 0
    for who in (other, bot_fixture.vic):
        for label in ("Cancel", "Confirm"):
            told = await pressed(bot_fixture, said, label, who)
            assert told == ["❌ Only the member who gave this order can do that."]
    await bot_fixture.advance(60)
    assert states(bot_fixture) == ["asked"]
    assert sent(bot_fixture) == []
    assert said.buttons == ["Confirm", "Cancel"]


async def test_the_right_to_dispatch_is_looked_at_again(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    bot_fixture.env.backend.remove_member_role(
        bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
    )
    (refusal,) = await pressed(bot_fixture, said, "Confirm")
    assert refusal.startswith("❌ You need the ")
    assert states(bot_fixture) == ["asked"]
    assert said.text.startswith("⏳ ")


@with_settings(sonoran_api_version=2, require_cad_permission=True)
async def test_the_cads_permission_is_asked_for_again(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "dana", permissions=frozenset({"dispatch"}))
    said = await asked(bot_fixture)
    change_account(bot_fixture, "dana", permissions=frozenset({"police"}))
    await bot_fixture.advance(12 * MINUTES)
    assert await pressed(bot_fixture, said, "Confirm") == [f"❌ {NOT_PERMITTED}"]
    assert sent(bot_fixture) == []
    change_account(bot_fixture, "dana", permissions=frozenset({"dispatch"}))
    bot_fixture.set_fault(BAD_GATEWAY, "/v2/general/accounts")
    await bot_fixture.advance(REFUSAL_CACHE_TTL)
    assert said.result.response is not None
    result = await bot_fixture.dana.click(said.result.response, label="Confirm")
    await bot_fixture.advance(15)  # the client asks several times
    assert [one.content for one in result.followups] == [f"❌ {PERMISSION_UNKNOWN}"]
    assert said.buttons == ["Confirm", "Cancel"]
    bot_fixture.clear_faults()
    await bot_fixture.advance(60)
    assert await pressed(bot_fixture, said, "Confirm") == []
    await bot_fixture.advance(60)
    assert sorted(bot_fixture.units_on(100)) == sorted(TROOP)


async def test_fifteen_minutes_and_no_longer(bot_fixture: BotFixture) -> None:
    said, late = await asked(bot_fixture), await asked(bot_fixture)
    await bot_fixture.advance(14 * MINUTES)
    assert await pressed(bot_fixture, said, "Confirm") == []
    await bot_fixture.advance(2 * MINUTES)
    told = await pressed(bot_fixture, late, "Confirm")
    assert told == ["❌ That was more than 15 minutes ago. Give the order again."]
    await bot_fixture.advance(60)
    assert states(bot_fixture) == ["confirmed", "asked", "done"]


@pytest.mark.parametrize("answer", ["Confirm", "Cancel"])
async def test_a_question_outlives_a_restart(bot_fixture: BotFixture, answer: str) -> None:
    said = await asked(bot_fixture)
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert said.buttons == ["Confirm", "Cancel"]
    assert await pressed(bot_fixture, said, answer) == []
    await bot_fixture.advance(60)
    assert sorted(bot_fixture.units_on(100)) == (sorted(TROOP) if answer == "Confirm" else [])


async def test_a_confirmed_order_outlives_one_too(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    await pressed(bot_fixture, said, "Confirm")
    await bot_fixture.advance(5)
    assert said.buttons == ["Cancel"]
    await bot_fixture.stop()
    bot_fixture.clear_faults()
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert said.text.startswith("✅ **#100** Armed Robbery: T\\-1, T\\-2")
    assert sorted(bot_fixture.units_on(100)) == sorted(TROOP)


async def test_a_press_that_discord_no_longer_waits_for_leaves_the_question(
    bot_fixture: BotFixture,
) -> None:
    said = await asked(bot_fixture)
    bot_fixture.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    response = said.result.response
    assert response is not None
    await bot_fixture.dana.click(response, label="Confirm")
    assert states(bot_fixture) == ["asked"]
    assert await pressed(bot_fixture, said, "Confirm") == []
    await bot_fixture.advance(60)
    assert sorted(bot_fixture.units_on(100)) == sorted(TROOP)


async def test_a_question_that_is_forgotten(bot_fixture: BotFixture) -> None:
    said = await asked(bot_fixture)
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute("DELETE FROM orders")
    (told,) = await pressed(bot_fixture, said, "Confirm")
    assert told == "❌ There is nothing to confirm: the order is gone or was cancelled."


@both_apis
async def test_detaching_many_is_asked_about_too(bot_fixture: BotFixture) -> None:
    all_units = Target(api_ids=tuple(f"id:{one}" for one in TROOP))
    bot_fixture.world.attach(bot_fixture.server, 100, all_units)
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="dept:Troop")
    await said.after(1)
    assert said.text.startswith("⏳ Detach 11 units from their calls? Not sent yet")
    assert len(bot_fixture.units_on(100)) == 11
    await pressed(bot_fixture, said, "Confirm")
    await bot_fixture.advance(60)
    assert said.text.startswith("✅ Off their calls: T\\-1 (left #100), T\\-2 (left #100)")
    assert bot_fixture.units_on(100) == []


@with_settings(members_intent=True)
async def test_audit_and_the_log_tell_questions_from_orders(bot_fixture: BotFixture) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id)
    said = await asked(bot_fixture)
    await pressed(bot_fixture, said, "Confirm")
    await bot_fixture.advance(60)
    await asked(bot_fixture, "dept:Troop -T-1 A-7")
    first, *lines = (await bot_fixture.final_answer(bot_fixture.dana, "audit")).splitlines()
    assert first == "✅ 3 orders · page 1 of 1"
    assert lines[0].startswith("⏳ ")
    assert " · not confirmed" in lines[0]
    assert lines[1].startswith("✅ T\\-1, ")
    assert " · done" in lines[1]
    assert " · confirmed: another order followed" in lines[2]
    told = [one.content.partition(" ")[0] for one in log.history()]
    assert sorted(told) == ["⏳", "⏳", "✅"]


async def test_a_question_that_reaches_its_person_elsewhere_can_be_asked_again(
    bot_fixture: BotFixture,
) -> None:
    bot_fixture.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, times=None)
    await bot_fixture.dana.slash(bot_fixture.channel, "attach", call="100", units="dept:Troop")
    await bot_fixture.advance(60)
    (told,) = bot_fixture.dana.user.dm_channel.history()
    assert "your order: ⏳ Attach 11 units to **#100** Armed Robbery?" in told.content
    assert "or give the order again." in told.content
    assert sent(bot_fixture) == []
