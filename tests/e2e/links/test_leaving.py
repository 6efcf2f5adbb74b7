"""FORGET_ON_LEAVE, and /links mine."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ui.member_directory import DiscordMembers
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture, until
from tests.e2e.log_channel import LogChannel, labels, requests_stored

FORGETS: dict[str, Any] = {"members_intent": True, "forget_on_leave": True}


async def test_who_leaves_is_forgotten(bot_fixture: BotFixture) -> None:
    log = await LogChannel.opened(bot_fixture, link_approval=True, **FORGETS)
    await bot_fixture.attach(f"{bot_fixture.pat.mention} {bot_fixture.alice.mention}")
    await bot_fixture.attach(bot_fixture.pat.mention, call=seed.TRAFFIC_STOP)
    await bot_fixture.run_command(bot_fixture.pat, "link", steam=seed.RILEY.hex)
    await bot_fixture.advance(16 * 60)
    pat = bot_fixture.pat.mention
    bot_fixture.guild.remove_member(bot_fixture.pat)
    await bot_fixture.advance(1)
    assert bot_fixture.pat.id not in bot_fixture.links()
    assert bot_fixture.alice.id in bot_fixture.links()
    assert requests_stored(bot_fixture) == []
    assert labels(log.messages[-1]) == []
    first, *lines = (await bot_fixture.final_answer(bot_fixture.dana, "audit")).splitlines()
    assert first == "✅ 1 orders · page 1 of 1"
    assert bot_fixture.alice.mention in lines[0]
    assert pat not in "".join(lines)


async def test_who_left_while_the_bot_was_down_is_forgotten(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach(bot_fixture.pat.mention)
    await bot_fixture.advance(16 * 60)
    await bot_fixture.stop()
    bot_fixture.guild.remove_member(bot_fixture.pat)
    await bot_fixture.start(**FORGETS)
    # A periodic job does it, which begins with the start and takes real time.
    await until(lambda: bot_fixture.pat.id not in bot_fixture.links())
    # Erin, Alice and Bob are still there.
    assert len(bot_fixture.links()) == 3
    assert await bot_fixture.final_answer(bot_fixture.dana, "audit") == "✅ No orders found."


async def test_a_list_of_members_that_is_not_whole_proves_nothing(
    bot_fixture: BotFixture, caplog
) -> None:
    await bot_fixture.start(**FORGETS)
    guild = bot_fixture.bot.get_guild(bot_fixture.guild.id)
    assert guild is not None
    guild._remove_member(guild.get_member(bot_fixture.pat.id))  # type: ignore[arg-type]
    guild._member_count = 100
    assert await DiscordMembers(bot_fixture.bot).membership_test(guild.id) is None
    await bot_fixture.advance(3601)
    assert bot_fixture.pat.id in bot_fixture.links()
    assert "no member is erased" in caplog.text


async def test_a_member_who_comes_back_starts_anew(bot_fixture: BotFixture) -> None:
    await bot_fixture.start(**FORGETS)
    bot_fixture.guild.remove_member(bot_fixture.pat)
    await bot_fixture.advance(1)
    bot_fixture.members["pat"] = bot_fixture.guild.add_member(bot_fixture.pat.user)
    assert (await bot_fixture.final_answer(bot_fixture.pat, "links mine")).splitlines()[
        1
    ] == "**Link**: none."


@pytest.mark.parametrize("members_intent", [True, False])
async def test_without_the_setting_nothing_is_forgotten(
    bot_fixture: BotFixture, members_intent: bool
) -> None:
    await bot_fixture.start(members_intent=members_intent)
    bot_fixture.guild.remove_member(bot_fixture.pat)
    await bot_fixture.advance(1)
    await bot_fixture.start(members_intent=members_intent)
    assert bot_fixture.links()[bot_fixture.pat.id] == seed.PAT.hex


async def test_everything_about_oneself(bot_fixture: BotFixture) -> None:
    log = await LogChannel.opened(bot_fixture, link_approval=True, audit_days=30)
    await bot_fixture.attach(f"{bot_fixture.pat.mention} {bot_fixture.alice.mention}")
    await bot_fixture.attach("A-7", call=4711)
    await bot_fixture.run_command(bot_fixture.pat, "link", steam=seed.RILEY.hex)
    said = await bot_fixture.run_command(bot_fixture.pat, "links mine")
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
    await log.press(bot_fixture.dana, "Deny")
    request = (await bot_fixture.run_command(bot_fixture.pat, "links mine")).text.splitlines()[3]
    assert request.endswith(f"{bot_fixture.dana.mention} has denied this.")


async def test_nothing_about_a_visitor(bot_fixture: BotFixture) -> None:
    assert (await bot_fixture.final_answer(bot_fixture.vic, "links mine")).splitlines() == [
        "✅ This is stored about you:",
        "**Link**: none.",
        "**Orders by or about you**: none.",
    ]


async def test_links_that_one_has_set(bot_fixture: BotFixture) -> None:
    await bot_fixture.start(**FORGETS)
    await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=seed.RILEY.hex, member=bot_fixture.vic
    )
    mine = await bot_fixture.final_answer(bot_fixture.dana, "links mine")
    assert "**Links of other members that you set**: 1." in mine
    vics = await bot_fixture.final_answer(bot_fixture.vic, "links mine")
    assert f"set by {bot_fixture.dana.mention}" in vics
    assert "or leave this server" in vics
    bot_fixture.guild.remove_member(bot_fixture.dana)
    await bot_fixture.advance(1)
    assert "set by a member who has left" in await bot_fixture.final_answer(
        bot_fixture.vic, "links mine"
    )
