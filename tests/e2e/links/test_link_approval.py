"""LINK_APPROVAL: a request for a link is posted in the log channel, where staff decide."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.services.verification.pacing import TIME_LIMIT
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.e2e.bot_fixture import BotFixture, until
from tests.e2e.log_channel import (
    LogChannel,
    asked,
    direct_messages,
    labels,
    press_attach_me,
    requests_stored,
)

RILEY, CHARLIE = seed.RILEY, seed.CHARLIE
WAITS = (
    f"⏳ Your link to `{RILEY.hex}` waits for approval. The answer comes here or in a direct"
    " message."
)

CLOSED = "❌ This question is closed, or belongs to another server."


@pytest.fixture
async def log(bot_fixture: BotFixture) -> LogChannel:
    return await LogChannel.opened(bot_fixture, link_approval=True)


async def test_approved(bot_fixture: BotFixture, log: LogChannel) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, str(RILEY.steam64))
    assert said.text == WAITS
    assert bot_fixture.vic.id not in bot_fixture.links()
    (message,) = log.messages
    assert message.content.splitlines() == [
        f"⏳ {bot_fixture.vic.mention} asks to be linked to `{RILEY.hex}`.",
        "The CAD knows it as `riley`.",
    ]
    assert labels(message) == ["Approve", "Deny"]
    pressed = await log.press(bot_fixture.dana, "Approve")
    assert pressed.text == f"✅ Approved: {bot_fixture.vic.mention} and `{RILEY.hex}`."
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex
    (message,) = log.messages
    assert message.content.startswith(
        f"✅ {bot_fixture.vic.mention} asked to be linked to `{RILEY.hex}` (`riley`)."
        f" {bot_fixture.dana.mention} has approved this <t:"
    )
    assert labels(message) == []
    said.check()
    assert said.text == f"✅ Approved by {bot_fixture.dana.mention}: your link to `{RILEY.hex}`."
    assert direct_messages(bot_fixture.vic) == []


async def test_denied(bot_fixture: BotFixture, log: LogChannel) -> None:
    said = await asked(bot_fixture, bot_fixture.pat, RILEY.hex)
    assert f"It would replace `{seed.PAT.hex}`." in log.texts[0]
    pressed = await log.press(bot_fixture.dana, "Deny")
    assert pressed.text == f"✅ Denied: {bot_fixture.pat.mention} and `{RILEY.hex}`."
    assert bot_fixture.links()[bot_fixture.pat.id] == seed.PAT.hex
    assert f"{bot_fixture.dana.mention} has denied this" in log.texts[0]
    assert labels(log.messages[0]) == []
    said.check()
    assert said.text.startswith(
        f"❌ Denied by {bot_fixture.dana.mention}: your link to `{RILEY.hex}`."
    )


async def test_a_second_press_is_told_who_was_first(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    old = bot_fixture.env.backend.messages[log.channel.id][log.messages[0].id].components
    await log.press(bot_fixture.dana, "Deny")
    # A member's client still shows the buttons.
    bot_fixture.env.backend.messages[log.channel.id][log.messages[0].id].components = old
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.alice.id, bot_fixture.dispatch.id
    )
    again = await log.press(bot_fixture.alice, "Approve")
    assert again.text == f"❌ {bot_fixture.dana.mention} has denied this already."
    assert labels(log.messages[0]) == []
    assert bot_fixture.vic.id not in bot_fixture.links()


@pytest.mark.parametrize("label", ["Approve", "Deny"])
async def test_a_visitor_decides_nothing(
    bot_fixture: BotFixture, log: LogChannel, label: str
) -> None:
    await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    for who in (bot_fixture.vic, bot_fixture.erin):
        pressed = await log.press(who, label)
        assert pressed.text == f"❌ You need the {bot_fixture.dispatch.mention} role for that."
    assert bot_fixture.vic.id not in bot_fixture.links()
    assert labels(log.messages[0]) == ["Approve", "Deny"]


@pytest.mark.parametrize("open_dms", [True, False])
@pytest.mark.parametrize("label", ["Approve", "Deny"])
async def test_an_answer_after_a_restart_and_too_late_to_edit(
    bot_fixture: BotFixture, log: LogChannel, label: str, open_dms: bool
) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    await bot_fixture.advance(16 * 60)
    await bot_fixture.start(log_channel_id=log.channel.id, link_approval=True)
    if not open_dms:
        dm = bot_fixture.vic.user.dm_channel.id
        path = f"/channels/{dm}/messages"
        bot_fixture.env.inject_error("POST", path, status=403, code=50007, times=None)
    await log.press(bot_fixture.dana, label, 0)
    assert (bot_fixture.vic.id in bot_fixture.links()) is (label == "Approve")
    assert said.text == WAITS
    words = "✅ Approved by" if label == "Approve" else "❌ Denied by"
    if open_dms:
        (letter,) = direct_messages(bot_fixture.vic)
        assert letter.startswith(f"**San Andreas**: {words} {bot_fixture.dana.mention}")
        assert len(log.texts) == 1
    else:
        assert direct_messages(bot_fixture.vic) == []
        assert log.texts[1].startswith(
            f"{bot_fixture.vic.mention}: {words} {bot_fixture.dana.mention}"
        )


async def test_within_a_quarter_of_an_hour_a_restart_hinders_nothing(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    await bot_fixture.start(log_channel_id=log.channel.id, link_approval=True)
    await log.press(bot_fixture.dana, "Approve")
    assert said.text.startswith(f"✅ Approved by {bot_fixture.dana.mention}")


async def test_a_request_that_a_stop_kept_from_being_shown(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    await bot_fixture.stop()
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute("UPDATE link_requests SET channel_id = NULL, message_id = NULL")
    await bot_fixture.start(log_channel_id=log.channel.id, link_approval=True)
    first, second = log.messages
    assert labels(first) == labels(second) == ["Approve", "Deny"]
    # The request knows the second of the two; the first decides nothing any more.
    assert (await log.press(bot_fixture.dana, "Deny", 0)).text.startswith(CLOSED)
    assert [labels(one) for one in log.messages] == [[], ["Approve", "Deny"]]
    await log.press(bot_fixture.dana, "Approve", 1)
    assert said.text.startswith("✅ Approved by")
    assert [labels(one) for one in log.messages] == [[], []]


async def test_an_old_message_does_not_decide_about_another_request(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    """Neither by an id that is given again, nor by a message of what was withdrawn."""
    first = await bot_fixture.run_command(bot_fixture.vic, "link", steam=seed.VIC.hex)
    # The CAD is still asked about that id.
    await bot_fixture.run_command(bot_fixture.vic, "unlink")
    await bot_fixture.advance(TIME_LIMIT)
    assert first.text.startswith(CLOSED)
    assert not any(map(labels, log.messages))
    await asked(bot_fixture, bot_fixture.erin, "license:erin")
    old = log.messages[-1].id
    await bot_fixture.run_command(bot_fixture.erin, "unlink")
    await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    # An earlier version gave the second request the id of the first, which kept its buttons.
    new = log.messages[-1].id
    stored = bot_fixture.env.backend.messages[log.channel.id]
    stored[old].components = stored[new].components
    index = [one.id for one in log.messages].index(old)
    assert (await log.press(bot_fixture.dana, "Approve", index)).text.startswith(CLOSED)
    assert bot_fixture.vic.id not in bot_fixture.links()


async def test_a_second_request_replaces_the_first(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    again = await asked(bot_fixture, bot_fixture.vic, "license:Ab*c")
    assert again.text.endswith("It replaces your earlier request.")
    first, second = log.messages
    assert first.content.startswith(
        f"❌ {bot_fixture.vic.mention} asked to be linked to `{RILEY.hex}`"
    )
    assert f"{bot_fixture.vic.mention} has replaced this" in first.content
    assert (labels(first), labels(second)) == ([], ["Approve", "Deny"])
    assert "The CAD does not know this id." in second.content
    await log.press(bot_fixture.dana, "Approve")
    assert bot_fixture.links()[bot_fixture.vic.id] == "license:Ab*c"


async def test_many_wait_at_once(bot_fixture: BotFixture, log: LogChannel) -> None:
    people = [bot_fixture.vic, bot_fixture.charlie, bot_fixture.max]
    for number, who in enumerate(people):
        await asked(bot_fixture, who, f"license:{number}")
    assert len(log.messages) == 3
    for index in range(3):
        await log.press(bot_fixture.dana, "Approve", index)
    assert {bot_fixture.links()[who.id] for who in people} == {f"license:{one}" for one in range(3)}


async def test_members_who_may_link_need_no_approval(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    assert (await bot_fixture.final_answer(bot_fixture.dana, "link", steam=RILEY.hex)).startswith(
        "✅"
    )
    linked = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=CHARLIE.hex, member=bot_fixture.charlie
    )
    assert linked.startswith("✅")
    assert log.messages == []


async def test_the_id_of_another_member_is_not_requested(
    bot_fixture: BotFixture, log: LogChannel
) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=seed.PAT.hex)
    assert answer == (
        f"❌ `{seed.PAT.hex}` is linked to another member. If it is yours, ask a dispatcher."
    )
    assert log.messages == []


async def test_an_id_that_was_taken_meanwhile(bot_fixture: BotFixture, log: LogChannel) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    await asked(bot_fixture, bot_fixture.max, f"STEAM:{RILEY.hex.upper()}")
    await log.press(bot_fixture.dana, "Approve", 1)
    held = await log.press(bot_fixture.dana, "Approve", 0)
    assert held.text.startswith("⚠️ Not saved yet:")
    assert bot_fixture.max.mention in held.text
    assert held.buttons == ["Share it", "Move it here", "Cancel"]
    assert held.result.response is not None
    await bot_fixture.dana.click(held.result.response, label="Share it")
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex
    assert bot_fixture.max.id in bot_fixture.links()
    assert said.text.startswith("✅ Approved by")
    assert labels(log.messages[0]) == []


async def test_the_form_behind_attach_me(bot_fixture: BotFixture, log: LogChannel) -> None:
    officer = bot_fixture.guild.create_role("Officer")
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.charlie.id, officer.id
    )
    await bot_fixture.start(
        log_channel_id=log.channel.id,
        link_approval=True,
        self_dispatch_role_ids=frozenset({officer.id}),
    )
    result = await press_attach_me(bot_fixture, bot_fixture.charlie, str(CHARLIE.steam64))
    assert result.response is not None
    assert result.response.content.startswith(
        f"⏳ Your link to `{CHARLIE.hex}` waits for approval; the answer will come"
    )
    assert bot_fixture.orders() == []
    assert bot_fixture.charlie.id not in bot_fixture.links()
    again = await press_attach_me(bot_fixture, bot_fixture.charlie)
    assert again.modal is None
    assert again.response is not None
    assert again.response.content.startswith(f"⏳ Your link to `{CHARLIE.hex}` waits")
    await log.press(bot_fixture.dana, "Approve")
    assert result.response.content.startswith(f"✅ Approved by {bot_fixture.dana.mention}")
    assert bot_fixture.links()[bot_fixture.charlie.id] == CHARLIE.hex
    assert bot_fixture.orders() == []


async def test_unlinking_takes_the_request_away(bot_fixture: BotFixture, log: LogChannel) -> None:
    await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    answer = await bot_fixture.final_answer(bot_fixture.vic, "unlink")
    assert answer == (
        f"✅ {bot_fixture.vic.mention} was not linked. The request for a link is withdrawn."
    )
    assert labels(log.messages[0]) == []
    assert requests_stored(bot_fixture) == []


async def test_a_channel_that_cannot_be_written(bot_fixture: BotFixture, log: LogChannel) -> None:
    path = f"/channels/{log.channel.id}/messages"
    bot_fixture.env.inject_error("POST", path, status=403, code=50013, times=None)
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    assert answer.startswith("❌ Your link needs an approval, but the bot cannot post the request.")
    assert requests_stored(bot_fixture) == [(bot_fixture.vic.id, RILEY.hex, "withdrawn")]


async def test_a_log_channel_on_another_server(bot_fixture: BotFixture) -> None:
    elsewhere = bot_fixture.env.create_guild("Elsewhere").create_text_channel("log")
    await bot_fixture.start(log_channel_id=elsewhere.id, link_approval=True)
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    assert answer.startswith("❌ Your link needs an approval, but the bot cannot post the request.")
    assert elsewhere.history() == []


async def test_a_cad_that_is_down(bot_fixture: BotFixture, log: LogChannel) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, path="/general/check_apiid")
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    assert "The CAD could not be asked whose account that is." in log.texts[0]
    bot_fixture.clear_faults()
    await log.press(bot_fixture.dana, "Approve")
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex


async def test_a_message_that_was_deleted(bot_fixture: BotFixture, log: LogChannel) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    await log.messages[0].delete()
    again = await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    assert again.text.startswith("⏳ ")
    await log.press(bot_fixture.dana, "Approve")
    assert again.text.startswith("✅ Approved by")
    assert said.text == WAITS


async def test_a_request_expires(bot_fixture: BotFixture, log: LogChannel) -> None:
    await asked(bot_fixture, bot_fixture.vic, RILEY.hex)
    await bot_fixture.time.advance(7 * 24 * 3600 + 120, lambda: asyncio.sleep(0))
    await bot_fixture.start(log_channel_id=log.channel.id, link_approval=True)
    # A periodic job does it, which begins with the start and takes real time.
    await until(lambda: direct_messages(bot_fixture.vic))
    assert "This has expired" in log.texts[0]
    assert labels(log.messages[0]) == []
    (letter,) = direct_messages(bot_fixture.vic)
    assert letter.startswith("**San Andreas**: ❌ Expired: your link")


async def test_what_a_hostile_name_looks_like(bot_fixture: BotFixture, log: LogChannel) -> None:
    said = await asked(bot_fixture, bot_fixture.vic, "x:`@here`<@&1>|||**bold**" + "y" * 150)
    assert said.text.startswith("⏳ Your link to `x:ˋ@hereˋ<@&1>")
    assert "x:ˋ@hereˋ<@&1>" in log.texts[0].partition("`")[2]
    await log.press(bot_fixture.dana, "Approve")
    assert bot_fixture.links()[bot_fixture.vic.id].startswith("x:`@here`")
