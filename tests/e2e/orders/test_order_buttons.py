"""The buttons under an answer, /detach from one call, /audit, and answers without a reply."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.presses import OldLook, press

ORDERS = "/emergency"


async def attached(bot_fixture: BotFixture, units: str = "A-12 A-7") -> CommandReply:
    return await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=units)


async def test_cancel_drops_an_order_that_waits(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    said = await attached(bot_fixture)
    await said.after(5)
    assert said.buttons == ["Cancel"]
    await press(said, "Cancel")
    bot_fixture.clear_faults()
    assert "Cancelled." in await said.after(60)
    assert said.buttons == []
    assert bot_fixture.units_on(100) == []
    tried = len(bot_fixture.orders())
    await bot_fixture.start()
    await bot_fixture.advance(60)
    assert len(bot_fixture.orders()) == tried


async def test_cancel_comes_too_late_once_the_order_is_closed(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    said = await attached(bot_fixture)
    await said.after(5)
    look = OldLook(said)
    bot_fixture.clear_faults()
    outcome = await said.after(60)
    for restart in (False, True):
        look.restore()
        assert said.text.startswith("⏳")
        if restart:
            await bot_fixture.start()
        answer = await press(said, "Cancel")
        assert answer.text == "❌ Too late to cancel: the order is being sent or closed."
        # The message says what became of the order after all.
        assert (said.text, said.buttons) == (outcome, ["Undo"])
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]


async def test_undo_takes_them_off_again(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    assert said.buttons == ["Undo"]
    assert (await press(said, "Undo")).beside == []
    assert await said.after(60) == (
        "✅ Undone: A\\-12, A\\-7 off #100\nConfirmed by the CAD.\n**#100** has no units now."
    )
    assert said.buttons == []
    assert bot_fixture.units_on(100) == []


async def test_undo_leaves_alone_who_has_moved_on(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    bot_fixture.world.attach(bot_fixture.server, 101, Target(api_ids=(seed.PAT.hex,)))
    await press(said, "Undo")
    assert (await said.after(60)).splitlines() == [
        "⚠️ Undone: A\\-7 off #100",
        "Confirmed by the CAD.",
        "**#100** has no units now.",
        "Left out: `A-12`: sent to another call meanwhile.",
    ]
    assert bot_fixture.units_on(101) == ["B-21", "A-12"]


async def test_an_undo_that_waits_and_then_fails_can_be_given_again(
    bot_fixture: BotFixture,
) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    look = OldLook(said)
    bot_fixture.set_fault(BAD_GATEWAY, f"{ORDERS}/detach_unit")
    await press(said, "Undo")
    assert (await said.after(5)).startswith("⏳ ")
    assert said.buttons == ["Cancel"]
    waiting = OldLook(said)
    look.restore()  # a slow client shows the button still
    again = await press(said, "Undo")
    assert again.text == "❌ This order is undone already, or is being undone."
    waiting.restore()
    await press(said, "Cancel")
    await bot_fixture.advance(5)
    assert said.text.startswith("❌ Cancelled. ")
    assert said.buttons == ["Undo"]
    bot_fixture.clear_faults()
    await press(said, "Undo")
    assert (await said.after(60)).startswith("✅ Undone: ")
    assert said.buttons == []


async def test_an_undo_before_the_cad_has_confirmed_the_order(bot_fixture: BotFixture) -> None:
    """The confirmation of the order that was undone does not take the place of the undo."""
    said = await attached(bot_fixture)
    assert said.buttons == ["Undo"]
    assert "Confirmed by the CAD." not in said.text
    await press(said, "Undo")
    for _ in range(9):
        await bot_fixture.advance(10)
        assert said.text.startswith("✅ Undone: ")
        assert said.buttons == []


@pytest.mark.parametrize("label", ["Undo", "Cancel", "Confirm"])
async def test_a_button_under_a_message_that_is_not_its_orders_reply(
    bot_fixture: BotFixture, label: str
) -> None:
    """Ids may begin anew where the database was lost or put back."""
    units = "A-12 A-7"
    if label == "Cancel":
        bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    if label == "Confirm":
        units = "K-9 M-3 A-12 A-7 S-1 E-51 B-21 R-2 steam:a steam:b steam:c"
    said = await attached(bot_fixture, units)
    await said.after(5)
    assert label in said.buttons
    await bot_fixture.stop()
    bot_fixture.is_cad_up = label != "Cancel"
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute("UPDATE orders SET reply_id = 1, answered = 1")
    await bot_fixture.start()
    before = bot_fixture.orders()
    answer = await press(said, label)
    assert answer.text.startswith("❌ Too late" if label == "Cancel" else "❌ There is nothing to ")
    assert said.buttons == []
    assert bot_fixture.orders() == before


@pytest.mark.parametrize("again", ["late", "without the role"])
async def test_undo_is_refused(bot_fixture: BotFixture, again: str) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    if again == "late":
        await bot_fixture.advance(10 * 60)
        words = "❌ That was more than 10 minutes ago."
    else:
        bot_fixture.env.backend.remove_member_role(
            bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
        )
        words = "❌ You need the "
    before = said.text
    refusal = await press(said, "Undo")
    assert refusal.text.startswith(words)
    # The role may be given back; the ten minutes are over for good.
    assert (said.text, said.buttons) == (before, [] if again == "late" else ["Undo"])
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]


async def test_detaching_from_one_call_only(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach("A-12 A-7")
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12 B-21", call=100)
    assert answer.splitlines() == [
        "⚠️ Off **#100** Armed Robbery: A\\-12",
        "Confirmed by the CAD.",
        "Left out: `B-21`: not on that call.",
    ]
    assert bot_fixture.units_on(100) == ["A-7"]
    assert bot_fixture.units_on(101) == ["B-21"]


async def test_an_order_outlives_a_restart(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    said = await attached(bot_fixture, "A-12")
    await said.after(5)
    await bot_fixture.stop()
    bot_fixture.clear_faults()
    await bot_fixture.start()
    assert await said.after(60) == ("✅ **#100** Armed Robbery: A\\-12\nConfirmed by the CAD.")
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_an_outcome_that_was_shown_before_a_stop_is_not_told_again(
    bot_fixture: BotFixture,
) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id)
    bot_fixture.set_fault(BAD_GATEWAY, "/emergency/get_calls")  # it cannot be confirmed
    said = await attached(bot_fixture, "A-12")
    told = said.text
    assert told.startswith("✅ **#100** Armed Robbery: A\\-12")
    await bot_fixture.stop()
    await bot_fixture.advance(20 * 60)
    bot_fixture.clear_faults()
    await bot_fixture.start(log_channel_id=log.id)
    assert await said.after(60) == told
    (line,) = log.history()
    assert line.content.startswith("✅ A\\-12 → **#100** · by ")
    assert not [one for one in bot_fixture.env.http_requests if one.path == "/users/@me/channels"]


async def test_the_log_channel_gets_a_line(bot_fixture: BotFixture) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id)
    await bot_fixture.attach("A-12 @everyone")
    (line,) = log.history()
    assert line.content.startswith(f"⚠️ A\\-12 → **#100** · by {bot_fixture.dana.mention} ")
    (request,) = [
        one for one in bot_fixture.env.http_requests if one.path == f"/channels/{log.id}/messages"
    ]
    assert isinstance(request.json, dict)
    assert request.json["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027)])
@pytest.mark.parametrize("takes_messages", [True, False])
async def test_a_reply_that_cannot_be_edited_is_replaced_once(
    bot_fixture: BotFixture, takes_messages: bool, status: int, code: int
) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id)
    bot_fixture.env.inject_error("PATCH", "/webhooks/*", status=status, code=code, times=None)
    if not takes_messages:
        bot_fixture.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    await bot_fixture.dana.slash(bot_fixture.channel, "attach", call="100", units="A-12")
    await bot_fixture.advance(60)
    words = f"{bot_fixture.dana.mention}, your order: ✅ **#100** Armed Robbery: A\\-12"
    lines = [one.content for one in log.history()]
    if takes_messages:
        lines[:0] = [one.content for one in bot_fixture.dana.user.dm_channel.history()]
    told, line = lines
    assert told.startswith(words)
    assert line.startswith("✅ A\\-12 → ")
    edits = [one for one in bot_fixture.env.http_requests if one.method == "PATCH"]
    assert len(edits) == 1
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_audit_shows_what_was_ordered(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach(bot_fixture.pat.mention)
    await bot_fixture.attach("A-7", call=4711)
    first, *lines = (await bot_fixture.final_answer(bot_fixture.dana, "audit")).splitlines()
    assert first == "✅ 2 orders · page 1 of 1"
    assert lines[0].startswith("❌ A\\-7 → **#4711** · by")
    assert "`CALL NOT FOUND`" in lines[0]
    assert lines[1].startswith(f"✅ {bot_fixture.pat.mention} (A\\-12) → **#100** · by")
    about_pat = await bot_fixture.final_answer(bot_fixture.dana, "audit", member=bot_fixture.pat)
    assert about_pat.splitlines()[1:] == lines[1:]
    on_call = await bot_fixture.final_answer(bot_fixture.dana, "audit", call=4711)
    assert on_call.splitlines()[1:] == lines[:1]


async def test_undo_of_an_order_that_is_forgotten(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute("DELETE FROM orders")
    refusal = await press(said, "Undo")
    assert said.buttons == []
    assert refusal.text == "❌ There is nothing to undo: this order moved no unit."


async def test_a_bug_behind_a_button_is_owned_up_to(
    bot_fixture: BotFixture, monkeypatch, caplog
) -> None:
    said = await attached(bot_fixture)
    await said.after(60)

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bot_fixture.services.intake, "undo", broken)
    before = said.text
    answer = await press(said, "Undo")
    assert answer.text.startswith("❌ Something went wrong inside the bot.")
    assert (said.text, said.buttons) == (before, ["Undo"])
    assert [one.exc_info is not None for one in caplog.records] == [True]


async def test_a_button_of_a_bot_that_is_stopping(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    await bot_fixture.bot.drain()
    answer = CommandReply(bot_fixture, (await press(said, "Undo")).result)
    answer.check()
    assert answer.text == "❌ The bot is restarting. Try again in a minute."


async def test_only_the_end_is_told_elsewhere(bot_fixture: BotFixture) -> None:
    bot_fixture.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, times=None)
    bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    await bot_fixture.dana.slash(bot_fixture.channel, "attach", call="100", units="A-12")
    await bot_fixture.advance(30)
    assert bot_fixture.dana.user.dm_channel.history() == []
    bot_fixture.clear_faults()
    await bot_fixture.advance(120)
    assert "✅ **#" in bot_fixture.dana.user.dm_channel.history()[0].content
