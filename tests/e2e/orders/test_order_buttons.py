"""The buttons under an answer, /detach from one call, /audit, and answers without a reply."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture, CommandReply

ORDERS = "/emergency"


async def attached(bot_fixture: BotFixture, units: str = "A-12 A-7") -> CommandReply:
    return await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=units)


async def pressed(bot_fixture: BotFixture, said: CommandReply, label: str) -> CommandReply:
    response = said.result.response
    assert response is not None
    return CommandReply(bot_fixture, await bot_fixture.dana.click(response, label=label))


async def test_cancel_drops_an_order_that_waits(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, ORDERS)
    said = await attached(bot_fixture)
    await said.after(5)
    assert said.buttons == ["Cancel"]
    await pressed(bot_fixture, said, "Cancel")
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
    assert said.result.response is not None
    message_id, buttons = said.result.response.id, said.result.response.components
    bot_fixture.clear_faults()
    await said.after(60)
    # A member's client still shows the reply as it was.
    bot_fixture.env.backend.messages[bot_fixture.channel.id][message_id].components = buttons
    answer = await pressed(bot_fixture, said, "Cancel")
    (refusal,) = answer.result.followups
    assert refusal.content == "❌ Too late to cancel: the order is being sent or closed."
    assert refusal.flags.ephemeral
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]


async def test_undo_takes_them_off_again(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    assert said.buttons == ["Undo"]
    undone = await pressed(bot_fixture, said, "Undo")
    assert await undone.after(60) == ("✅ Undone: A\\-12, A\\-7 off #100\nConfirmed by the CAD.")
    assert bot_fixture.units_on(100) == []


async def test_undo_leaves_alone_who_has_moved_on(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    bot_fixture.world.attach(bot_fixture.server, 101, Target(api_ids=(seed.PAT.hex,)))
    undone = await pressed(bot_fixture, said, "Undo")
    assert (await undone.after(60)).splitlines() == [
        "⚠️ Undone: A\\-7 off #100",
        "Confirmed by the CAD.",
        "Left out: `A-12`: sent to another call meanwhile.",
    ]
    assert bot_fixture.units_on(101) == ["B-21", "A-12"]


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
    refusal = await pressed(bot_fixture, said, "Undo")
    refusal.check()
    assert refusal.text.startswith(words)
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]


async def test_detaching_from_one_call_only(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach("A-12 A-7")
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12 B-21", call=100)
    assert answer.splitlines() == [
        "⚠️ Off **#100** Armed Robbery: A\\-12",
        "Confirmed by the CAD.",
        "Left out: `B-21`: no longer on that call.",
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
    refusal = await pressed(bot_fixture, said, "Undo")
    refusal.check()
    assert refusal.text == "❌ There is nothing to undo: this order moved no unit."


async def test_a_bug_behind_a_button_is_owned_up_to(
    bot_fixture: BotFixture, monkeypatch, caplog
) -> None:
    said = await attached(bot_fixture)
    await said.after(60)

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bot_fixture.services.intake, "undo", broken)
    answer = await pressed(bot_fixture, said, "Undo")
    answer.check()
    assert answer.text.startswith("❌ Something went wrong inside the bot.")
    assert [one.exc_info is not None for one in caplog.records] == [True]


async def test_a_button_of_a_bot_that_is_stopping(bot_fixture: BotFixture) -> None:
    said = await attached(bot_fixture)
    await said.after(60)
    await bot_fixture.bot.drain()
    answer = await pressed(bot_fixture, said, "Undo")
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
