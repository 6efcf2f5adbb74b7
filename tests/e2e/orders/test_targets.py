"""What `units` can name: roles, voice channels, departments, ranges, and exclusions."""

from __future__ import annotations

import discord
import pytest
from simcord.builders import ChannelHandle, RoleHandle

from bot.ui.orders import mentions
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account, Badge, Page
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings

both_apis = pytest.mark.parametrize(
    "bot_fixture",
    [
        {"sonoran_api_version": version, "members_intent": intent}
        for version in (1, 2)
        for intent in (True, False)
    ],
    indirect=True,
    ids=["v1, members", "v1", "v2, members", "v2"],
)
with_members = with_settings(members_intent=True)
ATTACHED = "**#100** Armed Robbery: "
HIDDEN = (
    "the bot may not see who has this role. The person who runs it can turn that on with"
    " MEMBERS_INTENT."
)
UNSEEN = "you cannot see this on the server."
WHOLE_SERVER = "the whole server cannot be named. Name a role, a voice channel or a department."
LETTERS = "a range needs the same letters before both numbers, like `A-1..A-9`"
RANGE = f"{LETTERS}, and at most 50 numbers."
UNLINKED = "not linked. Use `/link` with `member:`, or ask them to use `/link`."


async def patrol(bot_fixture: BotFixture, *names: str) -> ChannelHandle:
    """Have people talk in a voice channel."""
    channel = bot_fixture.guild.create_voice_channel("Patrol 2")
    for name in names:
        await bot_fixture.members[name].join_voice(channel)
    return channel


def squad(bot_fixture: BotFixture, *names: str) -> RoleHandle:
    """Give people a role."""
    role = bot_fixture.guild.create_role("Squad")
    for name in names:
        bot_fixture.env.backend.add_member_role(
            bot_fixture.guild.id, bot_fixture.members[name].id, role.id
        )
    return role


async def look_up_members(bot_fixture: BotFixture, mention: str) -> None:
    """Name a role or channel, so that on API 2 its members are looked up, and take them off."""
    for action in ("attach", "detach"):
        await bot_fixture.final_answer(bot_fixture.dana, action, units=mention, call=100)


def has_members(bot_fixture: BotFixture) -> bool:
    return bot_fixture.bot.intents.members


@both_apis
async def test_all_members_in_a_voice_channel(bot_fixture: BotFixture) -> None:
    channel = await patrol(bot_fixture, "pat", "alice", "erin", "charlie")
    await look_up_members(bot_fixture, channel.mention)
    answer = await bot_fixture.attach(channel.mention)
    assert answer.splitlines() == [
        f"✅ {ATTACHED}{bot_fixture.pat.mention} (A\\-12), {bot_fixture.alice.mention} (A\\-7)",
        "Confirmed by the CAD.",
        f"{channel.mention} (4 members): 1 not linked and 1 not on duty.",
    ]
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]


@both_apis
async def test_all_members_with_a_role(bot_fixture: BotFixture) -> None:
    role = squad(bot_fixture, "pat", "bob", "erin", "vic")
    await bot_fixture.env.settle()
    await look_up_members(bot_fixture, role.mention)
    answer = await bot_fixture.attach(f"{role.mention} A-7")
    if not has_members(bot_fixture):
        assert answer.splitlines() == [
            f"⚠️ {ATTACHED}A\\-7",
            "Confirmed by the CAD.",
            f"Left out: {role.mention}: {HIDDEN}",
        ]
        return
    pat, bob = bot_fixture.pat.mention, bot_fixture.bob.mention
    assert answer.splitlines() == [
        f"✅ {ATTACHED}{pat} (A\\-12), {bob} (M\\-3), A\\-7",
        "Confirmed by the CAD.",
        f"{role.mention} (4 members): 1 not linked and 1 not on duty.",
    ]
    assert bot_fixture.units_on(100) == ["A-12", "M-3", "A-7"]


@both_apis
@pytest.mark.parametrize(
    ("units", "numbers"),
    [
        ("dept:lspd", ["A-12", "A-7", "S-1"]),
        ("sub:PATROL -B-21", ["A-12", "A-7"]),
        ('group:"Car 51" M-3', ["M-3", "G-1"]),
        ("A-1..A-20", ["A-12", "A-7"]),
        ("dept:LSPD -A-1..A-9", ["A-12", "S-1"]),
        ("A-1..A-20 -{pat}", ["A-7"]),
        ("A-1..A-20 - {pat}", ["A-7"]),
        ("-dept:lspd {pat} M-3 S-1", ["M-3"]),
    ],
)
async def test_groups_of_units(bot_fixture: BotFixture, units: str, numbers: list[str]) -> None:
    badge = Badge("G-1", "Gus", "SAFD", group="CAR 51", page=Page.FIRE)
    bot_fixture.world.login(bot_fixture.server, Account("g", "gus", api_ids=("id:g",)), badge)
    answer = await bot_fixture.attach(units.format(pat=bot_fixture.pat.mention))
    assert answer.startswith(f"✅ {ATTACHED}")
    assert sorted(bot_fixture.units_on(100)) == sorted(numbers)


@with_members
async def test_all_kinds_at_once(bot_fixture: BotFixture) -> None:
    channel, role = await patrol(bot_fixture, "pat"), squad(bot_fixture, "bob", "alice")
    await bot_fixture.env.settle()
    units = f"{channel.mention} {role.mention}, dept:BCSO {seed.CHARLIE.hex} -{{}} -B-21"
    answer = await bot_fixture.attach(units.format(bot_fixture.alice.mention))
    people = f"{bot_fixture.pat.mention} (A\\-12), {bot_fixture.bob.mention} (M\\-3), K\\-9, E\\-51"
    assert answer.splitlines()[0] == f"✅ {ATTACHED}{people}"
    assert f"\nExcluded: {bot_fixture.alice.mention} (A\\-7), B\\-21" in answer
    assert bot_fixture.units_on(100) == ["A-12", "M-3", "K-9", "E-51"]
    assert bot_fixture.units_on(101) == ["B-21"]
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "detach", units=f"{channel.mention} M-1..M-9"
    )
    assert answer.startswith(
        f"✅ Off their calls: {bot_fixture.pat.mention} (A\\-12, left #100), M\\-3 (left #100)"
    )
    assert bot_fixture.units_on(100) == ["K-9", "E-51"]


@with_members
async def test_a_target_without_a_unit_is_named_itself(bot_fixture: BotFixture) -> None:
    role, linked = bot_fixture.guild.create_role("Empty"), squad(bot_fixture, "vic")
    channel = bot_fixture.guild.create_voice_channel("Quiet")
    await bot_fixture.env.settle()
    elsewhere = bot_fixture.env.create_guild("Elsewhere")
    foreign_role = elsewhere.create_role("Foreign")
    foreign_channel = elsewhere.create_voice_channel("Foreign")
    stranger = bot_fixture.env.create_user("stranger")
    answer = await bot_fixture.attach(
        f"A-7 {role.mention} {linked.mention} {channel.mention} {bot_fixture.channel.mention}"
        f" {foreign_role.mention} {foreign_channel.mention} <@{stranger.id}> dept:LSDP"
        f" B-1..B-9 A-1..A-99 A-1..B-2 @everyone @here <@&{bot_fixture.guild.id}> -"
    )
    assert set(answer.splitlines()) == {
        f"⚠️ {ATTACHED}A\\-7",
        "Confirmed by the CAD.",
        f"Left out: {role.mention}: no member has this role.",
        f"Left out: {linked.mention}: no member in it is linked.",
        f"Left out: {channel.mention}: this voice channel is empty.",
        f"Left out: {bot_fixture.channel.mention}: not a voice channel.",
        f"Left out: {foreign_role.mention}, {foreign_channel.mention}: {UNSEEN}",
        f"Left out: <@{stranger.id}>: neither linked nor a member of this server.",
        "Left out: `dept:LSDP`: no unit on duty belongs to it. Spell it as in the CAD.",
        "Left out: `B-1..B-9`: no unit on duty has a number in this range.",
        f"Left out: `A-1..A-99`, `A-1..B-2`: {RANGE}",
        f"Left out: `@everyone`, `@here`, <@&{bot_fixture.guild.id}>: {WHOLE_SERVER}",
        "Left out: `-`: this is no member, unit or group of units.",
    }
    assert bot_fixture.units_on(100) == ["A-7"]


@with_members
@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("AUDIENCE_LIMIT", 1, "too many members. Name a smaller role."),
        ("_LOADED_SHARE", 2.0, "Discord is still loading the members. Try again in a minute."),
    ],
)
async def test_crowds_that_are_too_large_or_not_known_yet(
    bot_fixture: BotFixture, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, reason: str
) -> None:
    role = squad(bot_fixture, "pat", "bob")
    await bot_fixture.env.settle()
    monkeypatch.setattr(mentions, limit, value)
    assert f"Left out: {role.mention}: {reason}" in await bot_fixture.attach(f"{role.mention} A-7")
    assert bot_fixture.units_on(100) == ["A-7"]


@with_members
async def test_bots_are_not_members(bot_fixture: BotFixture) -> None:
    channel, role = await patrol(bot_fixture, "pat"), squad(bot_fixture, "bob")
    user = bot_fixture.env.create_user("music", bot=True)
    music = bot_fixture.guild.add_member(user, roles=[role])
    await music.join_voice(channel)
    await bot_fixture.env.settle()
    answer = await bot_fixture.attach(f"{channel.mention} {role.mention}")
    assert answer.splitlines()[1:] == ["Confirmed by the CAD."]


async def test_a_stage_is_a_voice_channel_too(bot_fixture: BotFixture) -> None:
    channel = bot_fixture.guild.create_stage_channel("Briefing")
    await bot_fixture.pat.join_voice(channel)
    assert (await bot_fixture.attach(channel.mention)).startswith("✅")


async def test_without_the_intent_a_member_elsewhere_is_just_not_linked(
    bot_fixture: BotFixture,
) -> None:
    stranger = bot_fixture.env.create_user("stranger")
    assert "not linked. Use `/link`" in await bot_fixture.attach(f"<@{stranger.id}>")


async def test_the_members_of_an_invisible_channel_are_not_shown(
    bot_fixture: BotFixture,
) -> None:
    channel = await patrol(bot_fixture, "pat")
    hidden = discord.PermissionOverwrite(view_channel=False)
    await bot_fixture.bot.get_channel(channel.id).set_permissions(  # type: ignore[union-attr]
        bot_fixture.bot.get_guild(bot_fixture.guild.id).default_role,  # type: ignore[union-attr]
        overwrite=hidden,
    )
    await bot_fixture.env.settle()
    assert "you cannot see this" in await bot_fixture.attach(channel.mention)
    assert bot_fixture.orders() == []


async def test_a_voice_channel_is_as_it_was_when_the_order_was_given(
    bot_fixture: BotFixture,
) -> None:
    channel = await patrol(bot_fixture, "pat", "bob")
    bot_fixture.set_fault(BAD_GATEWAY, "/emergency")
    said = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=channel.mention
    )
    await said.after(5)
    await bot_fixture.bob.leave_voice()
    await bot_fixture.alice.join_voice(channel)
    await bot_fixture.stop()
    bot_fixture.clear_faults()
    await bot_fixture.start()
    await said.after(60)
    assert bot_fixture.units_on(100) == ["A-12", "M-3"]


@with_members
async def test_a_role_of_hundreds_is_no_wall_of_text(bot_fixture: BotFixture) -> None:
    role = squad(bot_fixture, "pat")
    for number in range(200):
        bot_fixture.guild.add_member(bot_fixture.env.create_user(f"u{number}"), roles=[role])
    await bot_fixture.env.settle()
    answer = await bot_fixture.attach(role.mention)
    assert answer.splitlines() == [
        f"✅ {ATTACHED}{bot_fixture.pat.mention} (A\\-12)",
        "Confirmed by the CAD.",
        f"{role.mention} (201 members): 200 not linked.",
    ]


async def test_more_than_fifty_are_refused_with_their_number(bot_fixture: BotFixture) -> None:
    for number in range(51):
        account = Account(f"u{number}", f"u{number}", api_ids=(f"id:{number}",))
        bot_fixture.world.login(bot_fixture.server, account, Badge(f"T-{number}", "T", "Troop"))
    answer = await bot_fixture.attach("dept:Troop")
    assert answer == (
        "❌ Not attached to **#100** Armed Robbery: 51 units are too many;"
        " one order takes at most 50.\nUnits: `dept:Troop`"
    )
    assert bot_fixture.orders() == []


async def test_exclusions_alone_name_no_unit(bot_fixture: BotFixture) -> None:
    assert (await bot_fixture.attach("-A-12")).startswith("❌ No unit was named.")


async def test_an_exclusion_that_does_not_work_is_said(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach(
        f"A-7 -Z-99 -{bot_fixture.dispatch.mention} -{bot_fixture.charlie.mention}"
    )
    assert answer.splitlines()[2:] == [
        f"Not excluded: -{bot_fixture.charlie.mention}: {UNLINKED}",
        "Not excluded: `-Z-99`: no unit on duty has this number.",
        f"Not excluded: -{bot_fixture.dispatch.mention}: {HIDDEN}",
    ]


async def test_who_may_move_themselves_alone_may_not_name_a_group(bot_fixture: BotFixture) -> None:
    role = squad(bot_fixture, "pat")
    await bot_fixture.start(self_dispatch_role_ids=frozenset({role.id}))
    channel = await patrol(bot_fixture, "pat")
    for units in (channel.mention, role.mention, "dept:LSPD", "A-1..A-20"):
        said = await bot_fixture.final_answer(bot_fixture.pat, "attach", call=100, units=units)
        assert said.startswith("❌ You need the ")
    assert (
        await bot_fixture.final_answer(bot_fixture.pat, "attach", call=100, units="me")
    ).startswith("✅")


async def test_numbers_in_any_spelling(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach("k9 A12 m.3 -M3 e50..e59")
    assert answer.splitlines()[0] == f"✅ {ATTACHED}K\\-9, A\\-12, E\\-51"
    assert bot_fixture.units_on(100) == ["K-9", "A-12", "E-51"]


async def test_of_units_that_are_spelled_alike_none_is_guessed(bot_fixture: BotFixture) -> None:
    account = bot_fixture.server.units[1].account
    bot_fixture.world.login(bot_fixture.server, account, Badge("K9", "Max", "LSPD"))
    await bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    answer = await bot_fixture.attach("k.9")
    assert "Left out: `k.9`: several units on duty have this number." in answer
    assert bot_fixture.units_on(100) == []
    await bot_fixture.attach("k-9")
    assert bot_fixture.units_on(100) == ["K-9"]
