"""One id, one member, unless staff say otherwise; and who is notified."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.log_channel import LogChannel, answered, direct_messages, press_attach_me

PAT, RILEY = seed.PAT, seed.RILEY
SERVER = "**San Andreas**"


def close_dms(bot_fixture: BotFixture) -> None:
    for person in bot_fixture.members.values():
        path = f"/channels/{person.user.dm_channel.id}/messages"
        bot_fixture.env.inject_error("POST", path, status=403, code=50007, times=None)


async def ask(bot_fixture: BotFixture) -> CommandReply:
    """Let Dana give Vic the id that Pat has."""
    said = await bot_fixture.run_command(
        bot_fixture.dana, "link", steam=str(PAT.steam64), member=bot_fixture.vic
    )
    assert said.text == (
        f"⚠️ Not saved yet: `{PAT.hex}` is linked to {bot_fixture.pat.mention} already. Share it"
        f" with {bot_fixture.vic.mention}, or move it?"
    )
    assert said.buttons == ["Share it", "Move it here", "Cancel"]
    assert bot_fixture.vic.id not in bot_fixture.links()
    return said


@pytest.mark.parametrize(
    "pasted", [PAT.hex, PAT.hex.upper(), f"steam:{PAT.hex}", f"STEAM:{PAT.hex.upper()}"]
)
async def test_a_member_cannot_take_it(bot_fixture: BotFixture, pasted: str) -> None:
    log = await LogChannel.opened(bot_fixture)
    said = await bot_fixture.run_command(bot_fixture.vic, "link", steam=pasted)
    assert said.text.endswith(" is linked to another member. If it is yours, ask a dispatcher.")
    assert bot_fixture.pat.mention not in said.text
    assert said.buttons == []
    assert bot_fixture.vic.id not in bot_fixture.links()
    assert log.messages == []


async def test_sharing(bot_fixture: BotFixture) -> None:
    log = await LogChannel.opened(bot_fixture)
    said = await ask(bot_fixture)
    text = await answered(bot_fixture, bot_fixture.dana, said, "Share it")
    assert text.splitlines() == [
        f"✅ {bot_fixture.vic.mention} is now linked to `{PAT.hex}`.",
        f"The CAD knows this id as `{PAT.hex}` (account `pat`).",
        f"Shared with {bot_fixture.pat.mention}.",
    ]
    assert said.buttons == []
    assert (
        bot_fixture.links()[bot_fixture.vic.id]
        == bot_fixture.links()[bot_fixture.pat.id]
        == PAT.hex
    )
    dana, vic = bot_fixture.dana.mention, bot_fixture.vic.mention
    assert direct_messages(bot_fixture.pat) == [
        f"{SERVER}: {dana} has also linked {vic} to `{PAT.hex}`, which is your id."
    ]
    assert log.texts == [
        f"🔗 `{PAT.hex}` of {bot_fixture.pat.mention} is shared with {vic} · by {dana}"
    ]
    assert direct_messages(bot_fixture.vic) == []


async def test_moving_after_a_restart(bot_fixture: BotFixture) -> None:
    log = await LogChannel.opened(bot_fixture)
    said = await ask(bot_fixture)
    await bot_fixture.start(log_channel_id=log.channel.id)
    text = await answered(bot_fixture, bot_fixture.dana, said, "Move it here")
    assert text.splitlines()[-1] == f"Taken from {bot_fixture.pat.mention}."
    assert bot_fixture.links()[bot_fixture.vic.id] == PAT.hex
    assert bot_fixture.pat.id not in bot_fixture.links()
    dana, vic = bot_fixture.dana.mention, bot_fixture.vic.mention
    assert direct_messages(bot_fixture.pat) == [
        f"{SERVER}: {dana} has moved `{PAT.hex}` from you to {vic}; you are no longer linked."
    ]
    assert log.texts == [f"🔗 `{PAT.hex}` {bot_fixture.pat.mention} → {vic} · by {dana}"]


async def test_leaving_it(bot_fixture: BotFixture) -> None:
    said = await ask(bot_fixture)
    text = await answered(bot_fixture, bot_fixture.dana, said, "Cancel")
    assert text == f"❌ Nothing has changed: `{PAT.hex}` stays with {bot_fixture.pat.mention}."
    assert said.buttons == []
    assert bot_fixture.vic.id not in bot_fixture.links()


async def test_answering_twice(bot_fixture: BotFixture) -> None:
    said = await ask(bot_fixture)
    assert said.result.response is not None
    message = bot_fixture.env.backend.messages[bot_fixture.channel.id][said.result.response.id]
    shown = message.components
    await answered(bot_fixture, bot_fixture.dana, said, "Cancel")
    message.components = shown  # as a slow client has it
    result = await bot_fixture.dana.click(said.result.response, label="Move it here")
    assert [one.content[:28] for one in result.followups] == ["❌ This question is closed, o"]
    assert said.buttons == []
    assert bot_fixture.pat.id in bot_fixture.links()


async def test_a_member_who_lost_the_role_decides_nothing(bot_fixture: BotFixture) -> None:
    said = await ask(bot_fixture)
    bot_fixture.env.backend.remove_member_role(
        bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
    )
    assert said.result.response is not None
    result = await bot_fixture.dana.click(said.result.response, label="Share it")
    told = f"❌ You need the {bot_fixture.dispatch.mention} role for that."
    assert [one.content for one in result.followups] == [told]
    assert said.buttons == ["Share it", "Move it here", "Cancel"]
    assert bot_fixture.vic.id not in bot_fixture.links()


async def test_a_dispatcher_for_themselves(bot_fixture: BotFixture) -> None:
    said = await bot_fixture.run_command(bot_fixture.dana, "link", steam=PAT.hex)
    assert f"Share it with {bot_fixture.dana.mention}" in said.text
    await answered(bot_fixture, bot_fixture.dana, said, "Share it")
    assert bot_fixture.links()[bot_fixture.dana.id] == PAT.hex


async def test_an_id_of_200_characters(bot_fixture: BotFixture) -> None:
    pasted = "license:" + "x" * 192
    await bot_fixture.run_command(bot_fixture.charlie, "link", steam=pasted)
    said = await bot_fixture.run_command(
        bot_fixture.dana, "link", steam=pasted, member=bot_fixture.vic
    )
    await answered(bot_fixture, bot_fixture.dana, said, "Share it")
    assert bot_fixture.links()[bot_fixture.vic.id] == pasted


async def test_the_form_behind_attach_me(bot_fixture: BotFixture) -> None:
    officer = bot_fixture.guild.create_role("Officer")
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.charlie.id, officer.id
    )
    await bot_fixture.start(self_dispatch_role_ids=frozenset({officer.id}))
    for who, told in (
        (bot_fixture.charlie, "If it is yours, ask a dispatcher."),
        (bot_fixture.dana, f"{bot_fixture.pat.mention}. Use `/link` to share it or to move it."),
    ):
        result = await press_attach_me(bot_fixture, who, PAT.hex)
        assert result.response is not None
        assert result.response.content.startswith(f"❌ `{PAT.hex}` is linked to another member")
        assert result.response.content.endswith(told)
    assert bot_fixture.orders() == []


@pytest.mark.parametrize("open_dms", [True, False])
async def test_a_change_by_another_member(bot_fixture: BotFixture, open_dms: bool) -> None:
    log = await LogChannel.opened(bot_fixture)
    if not open_dms:
        close_dms(bot_fixture)
    pat, dana = bot_fixture.pat.mention, bot_fixture.dana.mention
    linked = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=RILEY.hex, member=bot_fixture.pat
    )
    assert linked.startswith(f"✅ {pat} is now linked to `{RILEY.hex}`.")
    unlinked = await bot_fixture.final_answer(bot_fixture.dana, "unlink", member=bot_fixture.pat)
    assert unlinked == f"✅ {pat} is no longer linked to `{RILEY.hex}`."
    assert log.texts == [
        f"🔗 {pat} `{PAT.hex}` → `{RILEY.hex}` · by {dana}",
        f"🔗 {pat} is no longer linked to `{RILEY.hex}` · by {dana}",
    ]
    assert direct_messages(bot_fixture.pat) == (
        [
            f"{SERVER}: {dana} has linked you to `{RILEY.hex}` instead of `{PAT.hex}`.",
            f"{SERVER}: {dana} has removed your link to `{RILEY.hex}`.",
        ]
        if open_dms
        else []
    )


async def test_a_change_of_ones_own(bot_fixture: BotFixture) -> None:
    log = await LogChannel.opened(bot_fixture)
    await bot_fixture.final_answer(bot_fixture.pat, "link", steam=RILEY.hex)
    await bot_fixture.final_answer(bot_fixture.pat, "unlink")
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    pat = bot_fixture.pat.mention
    assert log.texts == [
        f"🔗 {pat} `{PAT.hex}` → `{RILEY.hex}` · by {pat}",
        f"🔗 {pat} is no longer linked to `{RILEY.hex}` · by {pat}",
    ]
    assert direct_messages(bot_fixture.pat) == direct_messages(bot_fixture.vic) == []


async def test_without_a_log_channel_and_with_a_broken_one(bot_fixture: BotFixture) -> None:
    assert (
        await bot_fixture.final_answer(bot_fixture.dana, "unlink", member=bot_fixture.pat)
    ).startswith("✅")
    assert len(direct_messages(bot_fixture.pat)) == 1
    log = await LogChannel.opened(bot_fixture)
    path = f"/channels/{log.channel.id}/messages"
    bot_fixture.env.inject_error("POST", path, status=403, code=50001, times=None)
    assert (
        await bot_fixture.final_answer(bot_fixture.dana, "unlink", member=bot_fixture.bob)
    ).startswith("✅")
    assert len(direct_messages(bot_fixture.bob)) == 1
