"""Links that prove themselves, from the command to the unit on the call."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import aiohttp
import pytest
from simcord.results import InteractionResult

from bot.services.verification.pacing import MAX_QUERIES
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account
from tests.e2e.conftest import LINKED, with_settings
from tests.e2e.link_scene import answered
from tests.e2e.scene import Scene, until

CHARLIE, RILEY, VIC = seed.CHARLIE, seed.RILEY, seed.VIC
UPPER = f"STEAM:{CHARLIE.hex.upper()}"
NUMBER = CHARLIE.steam64 - 0x0110_0001_0000_0000
MINUTE, HOUR = 60.0, 3600.0
versions = pytest.mark.parametrize(
    "scene", [{"sonoran_api_version": one} for one in (1, 2)], indirect=True, ids=["v1", "v2"]
)


def spell(scene: Scene, name: str, *api_ids: str, discord_id: int | None = None) -> Account:
    """Let the CAD have other ids for an account, and for its unit on duty."""
    accounts = scene.world.communities[seed.COMMUNITY_ID].accounts
    found = [one for one in accounts.values() if one.username == name]
    account = found[0] if found else Account(f"u-{name}", name)
    account = replace(account, api_ids=api_ids, discord_id=discord_id)
    accounts[account.uuid] = account
    for unit in scene.server.units.values():
        if unit.account.uuid == account.uuid:
            unit.account = account
    return account


def proofs(scene: Scene) -> dict[int, str | None]:
    """Read who is proven, as another program would."""
    with closing(sqlite3.connect(scene.file)) as connection:
        return dict(connection.execute("SELECT discord_id, proven_at FROM links"))


async def eventually(scene: Scene, condition: Callable[[], object], within: float = HOUR) -> None:
    """Let time pass in small steps until something has become true.

    What goes on in the background is nothing that simcord waits for: time stands still until it
    sleeps again.
    """
    end = scene.time.monotonic() + within
    while not condition():
        assert scene.time.monotonic() < end
        await scene.passes(2)
        await until(lambda: scene.time.sleeper_count)


async def passes(scene: Scene, seconds: float) -> None:
    """Let time pass, in steps so small that the background keeps up."""
    end = scene.time.monotonic() + seconds
    await eventually(scene, lambda: scene.time.monotonic() >= end, seconds + 2)


def asked(scene: Scene) -> int:
    return len(scene.world.requests("CHECK_APIID", "v2 link", "v2 account"))


@versions
@pytest.mark.parametrize(
    "pasted",
    [
        str(CHARLIE.steam64),
        CHARLIE.hex,
        CHARLIE.hex.upper(),
        f"steam:{CHARLIE.hex}",
        f"Steam:{CHARLIE.hex}",
        f"STEAM_0:{NUMBER % 2}:{NUMBER // 2}",
        f"[U:1:{NUMBER}]",
        f"https://steamcommunity.com/profiles/{CHARLIE.steam64}",
    ],
)
async def test_whatever_was_pasted_is_attached_afterwards(scene: Scene, pasted: str) -> None:
    spell(scene, "charlie", UPPER)
    answer = await scene.say(scene.charlie, "link", steam=pasted)
    assert answer.splitlines() == [
        f"✅ {scene.charlie.mention} is now linked to `{UPPER}`.",
        f"The CAD knows this id as `{UPPER}` (account `charlie`).",
    ]
    assert asked(scene) <= MAX_QUERIES
    assert scene.links()[scene.charlie.id] == UPPER
    answer = await scene.attach(scene.charlie.mention)
    assert answer.startswith("✅ **#100** Armed Robbery")
    assert scene.units_on(100) == ["E-51"]


@versions
async def test_a_cad_that_is_down_when_somebody_links(scene: Scene) -> None:
    spell(scene, "charlie", UPPER)
    await scene.cad.pause()
    answer = await scene.say(scene.charlie, "link", steam=CHARLIE.hex)
    assert answer.startswith(f"⚠️ {scene.charlie.mention} is now linked to `{CHARLIE.hex}`.")
    assert "The CAD could not be asked about this id." in answer
    assert "Until then it is unproven." in answer
    whois = await scene.say(scene.dana, "links whois", member=scene.charlie)
    assert "Unproven: the CAD has not confirmed this id." in whois
    listed = await scene.say(scene.dana, "links list")
    assert f"{scene.charlie.mention} `{CHARLIE.hex}` (unproven)" in listed.splitlines()
    await scene.cad.resume()
    await eventually(scene, lambda: scene.links()[scene.charlie.id] == UPPER)
    whois = await scene.say(scene.dana, "links whois", member=scene.charlie)
    assert "The CAD knows it as account `charlie`; confirmed" in whois
    assert (await scene.attach(scene.charlie.mention)).startswith("✅")


@versions
async def test_who_registers_later_becomes_proven(scene: Scene) -> None:
    answer = await scene.say(scene.vic, "link", steam=str(VIC.steam64))
    assert "the CAD has no account with this id yet." in answer
    before = asked(scene)
    await eventually(scene, lambda: asked(scene) > before + 10)
    assert proofs(scene)[scene.vic.id] is None
    spell(scene, "vic", f"Steam:{VIC.hex}")
    await eventually(scene, lambda: proofs(scene)[scene.vic.id])
    assert scene.links()[scene.vic.id] == f"Steam:{VIC.hex}"


async def test_an_unproven_link_survives_a_restart(scene: Scene) -> None:
    await scene.say(scene.vic, "link", steam=str(VIC.steam64))
    await scene.start()
    spell(scene, "vic", VIC.hex.upper())
    await eventually(scene, lambda: proofs(scene)[scene.vic.id])
    assert scene.links()[scene.vic.id] == VIC.hex.upper()


async def test_the_cad_tells_of_a_verified_link(scene: Scene) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    await scene.start(push_listen=address)
    await scene.say(scene.vic, "link", steam=str(VIC.steam64))
    account = Account("u-vic", "vic", api_ids=(f"STEAM:{VIC.hex.upper()}",))
    scene.world.communities[seed.COMMUNITY_ID].accounts[account.uuid] = account
    event = {
        "key": seed.API_KEY,
        "type": "EVENT_COMMUNITY_LINK_VERIFIED",
        "data": {"communityUserId": account.api_ids[0], "accountUuid": account.uuid},
    }
    async with aiohttp.ClientSession() as session:
        await session.post(f"http://{address}/sonorancad/event", json=event)
    await until(lambda: proofs(scene)[scene.vic.id])
    whois = await scene.say(scene.dana, "links whois", steam=VIC.hex)
    assert f"is `{account.api_ids[0]}`" in whois
    assert "The CAD knows it as account `vic`" in whois


@with_settings(sonoran_api_version=2)
async def test_discord_linked_in_the_cad_counts_more_than_what_is_pasted(scene: Scene) -> None:
    spell(scene, "charlie", UPPER, discord_id=scene.charlie.id)
    answer = await scene.say(scene.charlie, "link", steam=RILEY.hex)
    assert answer == (
        f"⚠️ {scene.charlie.mention} is now linked to `{UPPER}`.\n"
        f"In the CAD, {scene.charlie.mention} has linked Discord to this id (account `charlie`). So"
        f" it was saved instead of `{RILEY.hex}`. To change that, change it in the CAD."
    )
    assert scene.links()[scene.charlie.id] == UPPER


async def test_a_form_that_a_community_uses_is_learned(scene: Scene) -> None:
    people = [seed.PAT, seed.ALICE, seed.BOB, seed.ERIN, CHARLIE, RILEY, seed.SAM, seed.TAYLOR]
    for person in LINKED:
        await scene.say(scene.dana, "unlink", member=scene.people[person.name.lower()])
    for number, person in enumerate([*people, seed.JORDAN, seed.MORGAN]):
        spell(scene, person.name.lower(), f"STEAM:{person.hex.upper()}")
        member = scene.guild.add_member(scene.env.create_user(f"member-{number}"))
        await scene.say(scene.dana, "link", steam=str(person.steam64), member=member)
    scene.world.history.clear()
    spell(scene, "vic", f"STEAM:{VIC.hex.upper()}")
    await scene.say(scene.vic, "link", steam=str(VIC.steam64))
    assert asked(scene) == 1
    assert scene.links()[scene.vic.id] == f"STEAM:{VIC.hex.upper()}"


class TestCheck:
    """All links at once, asked for by Dana, who administers the bot."""

    async def check(self, scene: Scene) -> tuple[InteractionResult, Callable[[], str]]:
        result = await scene.dana.slash(scene.channel, "links check")
        assert result.ephemeral

        def words() -> str:
            assert result.response is not None
            return result.response.content

        return result, words

    async def test_who_may_not(self, scene: Scene) -> None:
        answer = await scene.say(scene.vic, "links check")
        assert answer.startswith("❌ You need the ")

    @versions
    async def test_all_that_can_be_wrong(self, scene: Scene) -> None:
        accounts = scene.world.communities[seed.COMMUNITY_ID].accounts
        spell(scene, "pat", f"STEAM:{seed.PAT.hex.upper()}")
        held = await scene.says(scene.dana, "link", steam=seed.BOB.hex, member=scene.alice)
        await answered(scene, scene.dana, held, "Share it")
        erin = next(one for one in accounts.values() if one.username == "erin")
        del accounts[erin.uuid]
        spell(scene, "erin-the-second", seed.ERIN.hex)
        await scene.say(scene.dana, "link", steam="license:nobody", member=scene.vic)
        _, words = await self.check(scene)
        assert words().startswith("⏳ Checking the links: 0 of 5 ·")
        await eventually(scene, lambda: not words().startswith("⏳"))
        erin_was = f"{scene.erin.mention} `{seed.ERIN.hex}` (was `erin`, now `erin-the-second`)"
        shared = {f"{scene.bob.mention} and {scene.alice.mention}"}
        shared.add(f"{scene.alice.mention} and {scene.bob.mention}")
        head, unknown, changed, several, hint = words().splitlines()
        assert head.startswith("⚠️ 5 links checked, started ")
        assert head.endswith(": 3 proven, 1 unknown, 1 changed.")
        assert unknown == f"The CAD does not know: {scene.vic.mention} `license:nobody`."
        assert changed == f"Another account has the id now: {erin_was}."
        assert several.removeprefix("Several members share one id: ").rstrip(".") in shared
        assert hint.startswith("`/links list` with `only:` lists them all")
        assert scene.links()[scene.pat.id] == f"STEAM:{seed.PAT.hex.upper()}"
        listed = await scene.say(scene.dana, "links list")
        assert f"{scene.erin.mention} `{seed.ERIN.hex}` (another account)" in listed.splitlines()
        for only, people in (("changed", [scene.erin]), ("unproven", [scene.vic])):
            head, *lines = (await scene.say(scene.dana, "links list", only=only)).splitlines()
            assert head == f"✅ 1 {only} · page 1 of 1"
            assert [one.partition(" ")[0] for one in lines] == [one.mention for one in people]
        whois = await scene.say(scene.dana, "links whois", member=scene.erin)
        assert (
            "⚠️ The id belonged to account `erin`; in the CAD it now belongs to `erin-the-second`."
            in whois
        )

    async def test_a_restart_in_the_middle(self, scene: Scene) -> None:
        await scene.start(log_channel_id=scene.channel.id)
        _, words = await self.check(scene)
        await eventually(scene, lambda: asked(scene) > 1)
        await scene.stop()
        assert words().startswith("⏳ Checking the links:")
        assert logged(scene) == []
        await scene.start(log_channel_id=scene.channel.id)
        await eventually(scene, lambda: logged(scene))
        (told,) = logged(scene)
        assert told.startswith(f"{scene.dana.mention}, your check of the links: ✅ 4 links checked")
        assert told.endswith(": 4 proven, 0 unknown, 0 changed.")

    async def test_stop(self, scene: Scene) -> None:
        result, words = await self.check(scene)
        assert result.response is not None
        message = result.response.message
        backend = scene.env.backend
        backend.remove_member_role(scene.guild.id, scene.dana.id, scene.dispatch.id)
        refused = await scene.dana.click(message, label="Stop")
        assert refused.response is not None
        assert refused.response.content.startswith("❌ You need the ")
        backend.add_member_role(scene.guild.id, scene.dana.id, scene.dispatch.id)
        await scene.dana.click(message, label="Stop")
        assert words().startswith("❌ Stopped: ")
        assert result.response.components == []
        count = asked(scene)
        await passes(scene, 2 * MINUTE)
        assert asked(scene) <= count + 1
        assert words().startswith("❌ Stopped: ")

    async def test_a_late_stop(self, scene: Scene) -> None:
        result, words = await self.check(scene)
        assert result.response is not None
        message = result.response.message
        await scene.start(log_channel_id=scene.channel.id)
        await eventually(scene, lambda: logged(scene))
        # Nobody brings this reply up to date any more; its button works all the same.
        assert words().startswith("⏳")
        late = await scene.dana.click(message, label="Stop")
        assert late.response is not None
        assert late.response.content.startswith("❌ No check of the links is running.")

    async def test_edits_are_three_seconds_apart(self, scene: Scene) -> None:
        said = await scene.says(scene.dana, "links check")
        edits = len(said.requests)
        await scene.passes(2.5)
        assert len(said.requests) == edits
        await passes(scene, MINUTE)
        assert edits < len(said.requests) <= edits + 6
        said.check()

    async def test_a_cad_in_trouble(self, scene: Scene) -> None:
        scene.breaks(BAD_GATEWAY)
        _, words = await self.check(scene)
        trouble = "Sonoran CAD has a fault (502). I continue as soon as it answers."
        await eventually(scene, lambda: trouble in words())
        scene.mends()
        await eventually(scene, lambda: words().startswith("✅ 4 links checked"))

    async def test_orders_go_first(self, scene: Scene) -> None:
        await self.check(scene)
        await scene.passes(4)
        answer = await scene.attach("A-12")
        assert answer.startswith("✅ **#100**")


def logged(scene: Scene) -> list[str]:
    """List what the bot has written into the channel."""
    return [one.content for one in scene.channel.history() if one.content]
