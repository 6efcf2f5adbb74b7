"""Whom `units` can name: roles, voice channels, departments, ranges, and all of them but some."""

from __future__ import annotations

import discord
import pytest
from simcord.builders import ChannelHandle, RoleHandle

from bot.ui.orders import mentions
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account, Badge, Page
from tests.e2e.conftest import with_settings
from tests.e2e.scene import Scene

both_apis = pytest.mark.parametrize(
    "scene",
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
EVERYONE = "the whole server cannot be named. Name a role, a voice channel or a department."
LETTERS = "a range needs the same letters before both numbers, like `A-1..A-9`"
RANGE = f"{LETTERS}, and at most 50 numbers."
UNLINKED = "not linked. Use `/link` with `member:`, or ask them to use `/link`."


async def patrol(scene: Scene, *names: str) -> ChannelHandle:
    """Have people talk in a voice channel."""
    channel = scene.guild.create_voice_channel("Patrol 2")
    for name in names:
        await scene.people[name].join_voice(channel)
    return channel


def squad(scene: Scene, *names: str) -> RoleHandle:
    """Give people a role."""
    role = scene.guild.create_role("Squad")
    for name in names:
        scene.env.backend.add_member_role(scene.guild.id, scene.people[name].id, role.id)
    return role


def has_members(scene: Scene) -> bool:
    return scene.bot.intents.members


@both_apis
async def test_everybody_in_a_voice_channel(scene: Scene) -> None:
    channel = await patrol(scene, "pat", "alice", "erin", "charlie")
    lines = (await scene.attach(channel.mention)).splitlines()
    assert lines[0] == f"✅ {ATTACHED}{scene.pat.mention} (A\\-12), {scene.alice.mention} (A\\-7)"
    assert lines[1] == "Confirmed by the CAD."
    (missed,) = lines[2:]
    assert missed == f"{channel.mention} (4 members): 1 not linked and 1 not on duty."
    assert scene.units_on(100) == ["A-12", "A-7"]
    # Of nobody in a crowd the CAD is asked whether they are linked there.
    assert not any("accounts" in one.path for one in scene.world.history)


@both_apis
async def test_everybody_with_a_role(scene: Scene) -> None:
    role = squad(scene, "pat", "bob", "erin", "vic")
    await scene.env.settle()
    answer = await scene.attach(f"{role.mention} A-7")
    if not has_members(scene):
        assert answer.splitlines() == [
            f"⚠️ {ATTACHED}A\\-7",
            "Confirmed by the CAD.",
            f"Left out: {role.mention}: {HIDDEN}",
        ]
        return
    assert answer.splitlines() == [
        f"✅ {ATTACHED}{scene.pat.mention} (A\\-12), {scene.bob.mention} (M\\-3), A\\-7",
        "Confirmed by the CAD.",
        f"{role.mention} (4 members): 1 not linked and 1 not on duty.",
    ]
    assert scene.units_on(100) == ["A-12", "M-3", "A-7"]


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
async def test_groups_of_units(scene: Scene, units: str, numbers: list[str]) -> None:
    badge = Badge("G-1", "Gus", "SAFD", group="CAR 51", page=Page.FIRE)
    scene.world.login(scene.server, Account("g", "gus", api_ids=("id:g",)), badge)
    answer = await scene.attach(units.format(pat=scene.pat.mention))
    assert answer.startswith(f"✅ {ATTACHED}")
    assert sorted(scene.units_on(100)) == sorted(numbers)


@with_members
async def test_all_kinds_at_once(scene: Scene) -> None:
    channel, role = await patrol(scene, "pat"), squad(scene, "bob", "alice")
    await scene.env.settle()
    units = f"{channel.mention} {role.mention}, dept:BCSO {seed.CHARLIE.hex} -{{}} -B-21"
    answer = await scene.attach(units.format(scene.alice.mention))
    people = f"{scene.pat.mention} (A\\-12), {scene.bob.mention} (M\\-3), K\\-9, E\\-51"
    assert answer.splitlines()[0] == f"✅ {ATTACHED}{people}"
    assert f"\nExcluded: {scene.alice.mention} (A\\-7), B\\-21" in answer
    assert scene.units_on(100) == ["A-12", "M-3", "K-9", "E-51"]
    assert scene.units_on(101) == ["B-21"]
    answer = await scene.say(scene.dana, "detach", units=f"{channel.mention} M-1..M-9")
    assert answer.startswith(f"✅ Off their calls: {scene.pat.mention} (A\\-12), M\\-3")
    assert scene.units_on(100) == ["K-9", "E-51"]


@with_members
async def test_what_names_nobody_is_named_itself(scene: Scene) -> None:
    role, linked = scene.guild.create_role("Empty"), squad(scene, "vic")
    channel = scene.guild.create_voice_channel("Quiet")
    await scene.env.settle()
    elsewhere = scene.env.create_guild("Elsewhere")
    foreign_role = elsewhere.create_role("Foreign")
    foreign_channel = elsewhere.create_voice_channel("Foreign")
    stranger = scene.env.create_user("stranger")
    answer = await scene.attach(
        f"A-7 {role.mention} {linked.mention} {channel.mention} {scene.channel.mention}"
        f" {foreign_role.mention} {foreign_channel.mention} <@{stranger.id}> dept:LSDP"
        f" B-1..B-9 A-1..A-99 A-1..B-2 @everyone @here <@&{scene.guild.id}> -"
    )
    assert set(answer.splitlines()) == {
        f"⚠️ {ATTACHED}A\\-7",
        "Confirmed by the CAD.",
        f"Left out: {role.mention}: no member has this role.",
        f"Left out: {linked.mention}: no member in it is linked.",
        f"Left out: {channel.mention}: this voice channel is empty.",
        f"Left out: {scene.channel.mention}: not a voice channel.",
        f"Left out: {foreign_role.mention}, {foreign_channel.mention}: {UNSEEN}",
        f"Left out: <@{stranger.id}>: neither linked nor a member of this server.",
        "Left out: `dept:LSDP`: no unit on duty belongs to it. Spell it as in the CAD.",
        "Left out: `B-1..B-9`: no unit on duty has a number in this range.",
        f"Left out: `A-1..A-99`, `A-1..B-2`: {RANGE}",
        f"Left out: `@everyone`, `@here`, <@&{scene.guild.id}>: {EVERYONE}",
        "Left out: `-`: this is no member, unit or group of units.",
    }
    assert scene.units_on(100) == ["A-7"]


@with_members
@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("AUDIENCE_LIMIT", 1, "too many members. Name a smaller role."),
        ("_LOADED_SHARE", 2.0, "Discord is still loading the members. Try again in a minute."),
    ],
)
async def test_crowds_that_are_too_large_or_not_known_yet(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, reason: str
) -> None:
    role = squad(scene, "pat", "bob")
    await scene.env.settle()
    monkeypatch.setattr(mentions, limit, value)
    assert f"Left out: {role.mention}: {reason}" in await scene.attach(f"{role.mention} A-7")
    assert scene.units_on(100) == ["A-7"]


@with_members
async def test_bots_are_nobody(scene: Scene) -> None:
    channel, role = await patrol(scene, "pat"), squad(scene, "bob")
    user = scene.env.create_user("music", bot=True)
    music = scene.guild.add_member(user, roles=[role])
    await music.join_voice(channel)
    await scene.env.settle()
    answer = await scene.attach(f"{channel.mention} {role.mention}")
    assert answer.splitlines()[1:] == ["Confirmed by the CAD."]


async def test_a_stage_is_a_voice_channel_too(scene: Scene) -> None:
    channel = scene.guild.create_stage_channel("Briefing")
    await scene.pat.join_voice(channel)
    assert (await scene.attach(channel.mention)).startswith("✅")


async def test_without_the_intent_a_member_elsewhere_is_just_not_linked(scene: Scene) -> None:
    stranger = scene.env.create_user("stranger")
    assert "not linked. Use `/link`" in await scene.attach(f"<@{stranger.id}>")


async def test_who_is_in_a_channel_that_one_cannot_see_is_nobodys_business(scene: Scene) -> None:
    channel = await patrol(scene, "pat")
    hidden = discord.PermissionOverwrite(view_channel=False)
    await scene.bot.get_channel(channel.id).set_permissions(  # type: ignore[union-attr]
        scene.bot.get_guild(scene.guild.id).default_role,  # type: ignore[union-attr]
        overwrite=hidden,
    )
    await scene.env.settle()
    assert "you cannot see this" in await scene.attach(channel.mention)
    assert scene.orders() == []


async def test_a_voice_channel_is_as_it_was_when_the_order_was_given(scene: Scene) -> None:
    channel = await patrol(scene, "pat", "bob")
    scene.breaks(BAD_GATEWAY, "/emergency")
    said = await scene.says(scene.dana, "attach", call=100, units=channel.mention)
    await said.after(5)
    await scene.bob.leave_voice()
    await scene.alice.join_voice(channel)
    await scene.stop()
    scene.mends()
    await scene.start()
    await said.after(60)
    assert scene.units_on(100) == ["A-12", "M-3"]


@with_members
async def test_a_role_of_hundreds_is_no_wall_of_text(scene: Scene) -> None:
    role = squad(scene, "pat")
    for number in range(200):
        scene.guild.add_member(scene.env.create_user(f"u{number}"), roles=[role])
    await scene.env.settle()
    answer = await scene.attach(role.mention)
    assert answer.splitlines() == [
        f"✅ {ATTACHED}{scene.pat.mention} (A\\-12)",
        "Confirmed by the CAD.",
        f"{role.mention} (201 members): 200 not linked.",
    ]


async def test_more_than_fifty_are_refused_with_their_number(scene: Scene) -> None:
    for number in range(51):
        account = Account(f"u{number}", f"u{number}", api_ids=(f"id:{number}",))
        scene.world.login(scene.server, account, Badge(f"T-{number}", "T", "Troop"))
    answer = await scene.attach("dept:Troop")
    assert answer == (
        "❌ Not attached to **#100** Armed Robbery: 51 units are too many;"
        " one order takes at most 50.\nUnits: `dept:Troop`"
    )
    assert scene.orders() == []


async def test_exclusions_alone_name_nobody(scene: Scene) -> None:
    assert (await scene.attach("-A-12")).startswith("❌ No unit was named.")


async def test_an_exclusion_that_does_not_work_is_said(scene: Scene) -> None:
    answer = await scene.attach(f"A-7 -Z-99 -{scene.dispatch.mention} -{scene.charlie.mention}")
    assert answer.splitlines()[2:] == [
        f"Not excluded: -{scene.charlie.mention}: {UNLINKED}",
        "Not excluded: `-Z-99`: no unit on duty has this number.",
        f"Not excluded: -{scene.dispatch.mention}: {HIDDEN}",
    ]


async def test_who_may_move_themselves_alone_may_not_name_a_group(scene: Scene) -> None:
    role = squad(scene, "pat")
    await scene.start(self_dispatch_role_ids=frozenset({role.id}))
    channel = await patrol(scene, "pat")
    for units in (channel.mention, role.mention, "dept:LSPD", "A-1..A-20"):
        said = await scene.say(scene.pat, "attach", call=100, units=units)
        assert said.startswith("❌ You need the ")
    assert (await scene.say(scene.pat, "attach", call=100, units="me")).startswith("✅")
