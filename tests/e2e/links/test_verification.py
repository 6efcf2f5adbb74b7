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
from tests.e2e.bot_fixture import BotFixture, until
from tests.e2e.conftest import LINKED, with_settings
from tests.e2e.log_channel import answered

CHARLIE, RILEY, VIC = seed.CHARLIE, seed.RILEY, seed.VIC
UPPER = f"STEAM:{CHARLIE.hex.upper()}"
NUMBER = CHARLIE.steam64 - 0x0110_0001_0000_0000
MINUTE, HOUR = 60.0, 3600.0
versions = pytest.mark.parametrize(
    "bot_fixture", [{"sonoran_api_version": one} for one in (1, 2)], indirect=True, ids=["v1", "v2"]
)


def spell(
    bot_fixture: BotFixture, name: str, *api_ids: str, discord_id: int | None = None
) -> Account:
    """Let the CAD have other ids for an account, and for its unit on duty."""
    accounts = bot_fixture.world.communities[seed.COMMUNITY_ID].accounts
    found = [one for one in accounts.values() if one.username == name]
    account = found[0] if found else Account(f"u-{name}", name)
    account = replace(account, api_ids=api_ids, discord_id=discord_id)
    accounts[account.uuid] = account
    for unit in bot_fixture.server.units.values():
        if unit.account.uuid == account.uuid:
            unit.account = account
    return account


def proofs(bot_fixture: BotFixture) -> dict[int, str | None]:
    """Read who is proven, as another program would."""
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        reading = "SELECT discord_id, proven_at FROM links WHERE guild_id = ?"
        return dict(connection.execute(reading, (bot_fixture.guild.id,)))


async def eventually(
    bot_fixture: BotFixture, condition: Callable[[], object], within: float = HOUR
) -> None:
    """Let time pass in small steps until something has become true.

    What goes on in the background is nothing that simcord waits for: time stands still until it
    sleeps again.
    """
    end = bot_fixture.time.monotonic() + within
    while not condition():
        assert bot_fixture.time.monotonic() < end
        await bot_fixture.advance(2)
        await until(lambda: not bot_fixture.transport.requests_under_way)
        await until(lambda: bot_fixture.time.sleeper_count)


async def advance(bot_fixture: BotFixture, seconds: float) -> None:
    """Let time pass, in steps so small that the background keeps up."""
    end = bot_fixture.time.monotonic() + seconds
    await eventually(bot_fixture, lambda: bot_fixture.time.monotonic() >= end, seconds + 2)


def asked(bot_fixture: BotFixture) -> int:
    return len(bot_fixture.world.requests("CHECK_APIID", "v2 link", "v2 account"))


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
async def test_whatever_was_pasted_is_attached_afterwards(
    bot_fixture: BotFixture, pasted: str
) -> None:
    spell(bot_fixture, "charlie", UPPER)
    answer = await bot_fixture.final_answer(bot_fixture.charlie, "link", steam=pasted)
    assert answer.splitlines() == [
        f"✅ {bot_fixture.charlie.mention} is now linked to `{UPPER}`.",
        f"The CAD knows this id as `{UPPER}`.",
    ]
    assert asked(bot_fixture) <= MAX_QUERIES
    assert bot_fixture.links()[bot_fixture.charlie.id] == UPPER
    answer = await bot_fixture.attach(bot_fixture.charlie.mention)
    assert answer.startswith("✅ **#100** Armed Robbery")
    assert bot_fixture.units_on(100) == ["E-51"]


@versions
async def test_a_cad_that_is_down_when_a_member_links(bot_fixture: BotFixture) -> None:
    spell(bot_fixture, "charlie", UPPER)
    await bot_fixture.cad.pause()
    answer = await bot_fixture.final_answer(bot_fixture.charlie, "link", steam=CHARLIE.hex)
    assert answer.startswith(f"⚠️ {bot_fixture.charlie.mention} is now linked to `{CHARLIE.hex}`.")
    assert "The CAD could not be asked about this id." in answer
    assert "Until then it is unproven." in answer
    whois = await bot_fixture.final_answer(
        bot_fixture.dana, "links whois", member=bot_fixture.charlie
    )
    assert "Unproven: the CAD has not confirmed this id." in whois
    listed = await bot_fixture.final_answer(bot_fixture.dana, "links list")
    assert f"{bot_fixture.charlie.mention} `{CHARLIE.hex}` (unproven)" in listed.splitlines()
    await bot_fixture.cad.resume()
    await eventually(bot_fixture, lambda: bot_fixture.links()[bot_fixture.charlie.id] == UPPER)
    whois = await bot_fixture.final_answer(
        bot_fixture.dana, "links whois", member=bot_fixture.charlie
    )
    assert "The CAD knows it as account `charlie`; confirmed" in whois
    assert (await bot_fixture.attach(bot_fixture.charlie.mention)).startswith("✅")


@versions
async def test_who_registers_later_becomes_proven(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=str(VIC.steam64))
    assert "the CAD has no account with this id yet." in answer
    before = asked(bot_fixture)
    await eventually(bot_fixture, lambda: asked(bot_fixture) > before + 10)
    assert proofs(bot_fixture)[bot_fixture.vic.id] is None
    spell(bot_fixture, "vic", f"Steam:{VIC.hex}")
    await eventually(bot_fixture, lambda: proofs(bot_fixture)[bot_fixture.vic.id])
    assert bot_fixture.links()[bot_fixture.vic.id] == f"Steam:{VIC.hex}"


async def test_an_unproven_link_survives_a_restart(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=str(VIC.steam64))
    await bot_fixture.start()
    spell(bot_fixture, "vic", VIC.hex.upper())
    await eventually(bot_fixture, lambda: proofs(bot_fixture)[bot_fixture.vic.id])
    assert bot_fixture.links()[bot_fixture.vic.id] == VIC.hex.upper()


async def test_the_cad_tells_of_a_verified_link(bot_fixture: BotFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    await bot_fixture.start(push_listen=address)
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=str(VIC.steam64))
    account = Account("u-vic", "vic", api_ids=(f"STEAM:{VIC.hex.upper()}",))
    bot_fixture.world.communities[seed.COMMUNITY_ID].accounts[account.uuid] = account
    event = {
        "key": seed.API_KEY,
        "type": "EVENT_COMMUNITY_LINK_VERIFIED",
        "data": {"communityUserId": account.api_ids[0], "accountUuid": account.uuid},
    }
    async with aiohttp.ClientSession() as session:
        await session.post(f"http://{address}/sonorancad/event", json=event)
    await until(lambda: proofs(bot_fixture)[bot_fixture.vic.id])
    whois = await bot_fixture.final_answer(bot_fixture.dana, "links whois", steam=VIC.hex)
    assert f"is `{account.api_ids[0]}`" in whois
    assert "The CAD knows it as account `vic`" in whois


@with_settings(sonoran_api_version=2)
async def test_discord_linked_in_the_cad_counts_more_than_what_is_pasted(
    bot_fixture: BotFixture,
) -> None:
    spell(bot_fixture, "charlie", UPPER, discord_id=bot_fixture.charlie.id)
    answer = await bot_fixture.final_answer(bot_fixture.charlie, "link", steam=RILEY.hex)
    assert answer == (
        f"⚠️ {bot_fixture.charlie.mention} is now linked to `{UPPER}`.\n"
        f"In the CAD, {bot_fixture.charlie.mention} has linked Discord to this id (account"
        f" `charlie`). So it was saved instead of `{RILEY.hex}`."
        " To change that, change it in the CAD."
    )
    assert bot_fixture.links()[bot_fixture.charlie.id] == UPPER


async def test_a_form_that_a_community_uses_is_learned(bot_fixture: BotFixture) -> None:
    people = [seed.PAT, seed.ALICE, seed.BOB, seed.ERIN, CHARLIE, RILEY, seed.SAM, seed.TAYLOR]
    for person in LINKED:
        await bot_fixture.final_answer(
            bot_fixture.dana, "unlink", member=bot_fixture.members[person.name.lower()]
        )
    for number, person in enumerate([*people, seed.JORDAN, seed.MORGAN]):
        spell(bot_fixture, person.name.lower(), f"STEAM:{person.hex.upper()}")
        member = bot_fixture.guild.add_member(bot_fixture.env.create_user(f"member-{number}"))
        await bot_fixture.final_answer(
            bot_fixture.dana, "link", steam=str(person.steam64), member=member
        )
    bot_fixture.world.history.clear()
    spell(bot_fixture, "vic", f"STEAM:{VIC.hex.upper()}")
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=str(VIC.steam64))
    assert asked(bot_fixture) == 1
    assert bot_fixture.links()[bot_fixture.vic.id] == f"STEAM:{VIC.hex.upper()}"


class TestCheck:
    """All links at once, asked for by Dana, who administers the bot."""

    async def check(self, bot_fixture: BotFixture) -> tuple[InteractionResult, Callable[[], str]]:
        result = await bot_fixture.dana.slash(bot_fixture.channel, "links check")
        assert result.ephemeral

        def words() -> str:
            assert result.response is not None
            return result.response.content

        return result, words

    async def test_members_who_may_not_check_are_refused(self, bot_fixture: BotFixture) -> None:
        answer = await bot_fixture.final_answer(bot_fixture.vic, "links check")
        assert answer.startswith("❌ You need the ")

    @versions
    async def test_all_that_can_be_wrong(self, bot_fixture: BotFixture) -> None:
        accounts = bot_fixture.world.communities[seed.COMMUNITY_ID].accounts
        spell(bot_fixture, "pat", f"STEAM:{seed.PAT.hex.upper()}")
        held = await bot_fixture.run_command(
            bot_fixture.dana, "link", steam=seed.BOB.hex, member=bot_fixture.alice
        )
        await answered(bot_fixture, bot_fixture.dana, held, "Share it")
        erin = next(one for one in accounts.values() if one.username == "erin")
        del accounts[erin.uuid]
        spell(bot_fixture, "erin-the-second", seed.ERIN.hex)
        await bot_fixture.final_answer(
            bot_fixture.dana, "link", steam="license:unknown", member=bot_fixture.vic
        )
        _, words = await self.check(bot_fixture)
        assert words().startswith("⏳ Checking the links: 0 of 5 ·")
        await eventually(bot_fixture, lambda: not words().startswith("⏳"))
        erin_was = (
            f"{bot_fixture.erin.mention} `{seed.ERIN.hex}` (was `erin`, now `erin-the-second`)"
        )
        shared = {f"{bot_fixture.bob.mention} and {bot_fixture.alice.mention}"}
        shared.add(f"{bot_fixture.alice.mention} and {bot_fixture.bob.mention}")
        head, unknown, changed, several, hint = words().splitlines()
        assert head.startswith("⚠️ 5 links checked, started ")
        assert head.endswith(": 3 proven, 1 unknown, 1 changed.")
        assert unknown == f"The CAD does not know: {bot_fixture.vic.mention} `license:unknown`."
        assert changed == f"Another account has the id now: {erin_was}."
        assert several.removeprefix("Several members share one id: ").rstrip(".") in shared
        assert hint.startswith("`/links list` with `only:` lists them all")
        assert bot_fixture.links()[bot_fixture.pat.id] == f"STEAM:{seed.PAT.hex.upper()}"
        listed = await bot_fixture.final_answer(bot_fixture.dana, "links list")
        assert (
            f"{bot_fixture.erin.mention} `{seed.ERIN.hex}` (another account)" in listed.splitlines()
        )
        for only, people in (("changed", [bot_fixture.erin]), ("unproven", [bot_fixture.vic])):
            head, *lines = (
                await bot_fixture.final_answer(bot_fixture.dana, "links list", only=only)
            ).splitlines()
            assert head == f"✅ 1 {only} · page 1 of 1"
            assert [one.partition(" ")[0] for one in lines] == [one.mention for one in people]
        whois = await bot_fixture.final_answer(
            bot_fixture.dana, "links whois", member=bot_fixture.erin
        )
        assert (
            "⚠️ The id belonged to account `erin`; in the CAD it now belongs to `erin-the-second`."
            in whois
        )

    async def test_a_restart_in_the_middle(self, bot_fixture: BotFixture) -> None:
        await bot_fixture.start(log_channel_id=bot_fixture.channel.id)
        _, words = await self.check(bot_fixture)
        await eventually(bot_fixture, lambda: asked(bot_fixture) > 1)
        await bot_fixture.stop()
        assert words().startswith("⏳ Checking the links:")
        assert logged(bot_fixture) == []
        await bot_fixture.start(log_channel_id=bot_fixture.channel.id)
        await eventually(bot_fixture, lambda: logged(bot_fixture))
        (told,) = logged(bot_fixture)
        assert told.startswith(
            f"{bot_fixture.dana.mention}, your check of the links: ✅ 4 links checked"
        )
        assert told.endswith(": 4 proven, 0 unknown, 0 changed.")

    async def test_stop(self, bot_fixture: BotFixture) -> None:
        result, words = await self.check(bot_fixture)
        assert result.response is not None
        message = result.response.message
        backend = bot_fixture.env.backend
        backend.remove_member_role(
            bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
        )
        refused = await bot_fixture.dana.click(message, label="Stop")
        assert [one.content[:15] for one in refused.followups] == ["❌ You need the "]
        assert words().startswith("⏳")
        backend.add_member_role(bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id)
        await bot_fixture.dana.click(message, label="Stop")
        assert words().startswith("❌ Stopped: ")
        assert result.response.components == []
        count = asked(bot_fixture)
        await advance(bot_fixture, 2 * MINUTE)
        assert asked(bot_fixture) <= count + 1
        assert words().startswith("❌ Stopped: ")

    async def test_a_late_stop(self, bot_fixture: BotFixture) -> None:
        result, words = await self.check(bot_fixture)
        assert result.response is not None
        message = result.response.message
        await bot_fixture.start(log_channel_id=bot_fixture.channel.id)
        await eventually(bot_fixture, lambda: logged(bot_fixture))
        # This reply is not updated any more; its button works nevertheless.
        assert words().startswith("⏳")
        late = await bot_fixture.dana.click(message, label="Stop")
        (told,) = late.followups
        assert told.content == "❌ No check of the links is running. Nothing has changed."
        assert late.response is not None
        assert late.response.components == []

    async def test_edits_are_three_seconds_apart(self, bot_fixture: BotFixture) -> None:
        said = await bot_fixture.run_command(bot_fixture.dana, "links check")
        edits = len(said.requests)
        await bot_fixture.advance(2.5)
        assert len(said.requests) == edits
        await advance(bot_fixture, MINUTE)
        assert edits < len(said.requests) <= edits + 6
        said.check()

    async def test_a_cad_in_trouble(self, bot_fixture: BotFixture) -> None:
        bot_fixture.set_fault(BAD_GATEWAY)
        _, words = await self.check(bot_fixture)
        trouble = "Sonoran CAD has a fault (502). I continue as soon as it answers."
        await eventually(bot_fixture, lambda: trouble in words())
        bot_fixture.clear_faults()
        await eventually(bot_fixture, lambda: words().startswith("✅ 4 links checked"))

    async def test_orders_go_first(self, bot_fixture: BotFixture) -> None:
        await self.check(bot_fixture)
        await bot_fixture.advance(4)
        answer = await bot_fixture.attach("A-12")
        assert answer.startswith("✅ **#100**")


def logged(bot_fixture: BotFixture) -> list[str]:
    """List what the bot has written into the channel."""
    return [one.content for one in bot_fixture.channel.history() if one.content]
