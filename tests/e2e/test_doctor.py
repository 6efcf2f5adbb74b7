"""/doctor: what the terminal's doctor says, and what only the running bot knows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.config.server_list import CadServerSetting
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Text
from sandbox.cad.state.models import EmergencyForm, Plan
from sandbox.cad.state.second_server import add_second_server
from tests.e2e.bot_fixture import BotFixture, until
from tests.e2e.conftest import with_settings

V2 = with_settings(sonoran_api_version=2)


async def told(bot_fixture: BotFixture, **settings: Any) -> list[str]:
    """Start with other settings, and let Dana ask."""
    if settings:
        await bot_fixture.start(**settings)
    return (await bot_fixture.final_answer(bot_fixture.dana, "doctor")).splitlines()


async def test_all_is_well(bot_fixture: BotFixture) -> None:
    bot_fixture.guild.create_role("Officer")
    head, *lines = await told(bot_fixture, discord_guild_id=bot_fixture.guild.id)
    assert head.startswith("✅ All ")
    assert lines[-5:] == [
        "**Who may do what**",
        f"Dispatch: {bot_fixture.dispatch.mention}",
        f"Move themselves: {bot_fixture.dispatch.mention}",
        f"Link others: {bot_fixture.dispatch.mention}",
        f"Administer: {bot_fixture.dispatch.mention}",
    ]
    assert all(line.startswith("✅ ") for line in lines[:-5])
    text = "\n".join(lines)
    for part in (
        "The bot is on `San Andreas`.",
        "The CAD accepts the key.",
        "This CAD's attach request is `ATTACH_UNITS at /emergency`.",
        "The database `",
        "The clock is right",
        " to detach; 60 a minute.",
        "No push events",
    ):
        assert part in text


async def test_only_for_admins(bot_fixture: BotFixture) -> None:
    admin = bot_fixture.guild.create_role("Admin")
    await bot_fixture.start(admin_role_ids=frozenset({admin.id}))
    answer = await bot_fixture.final_answer(bot_fixture.dana, "doctor")
    assert answer == f"❌ You need the {admin.mention} role for that."
    bot_fixture.env.backend.add_member_role(bot_fixture.guild.id, bot_fixture.vic.id, admin.id)
    answer = await bot_fixture.final_answer(bot_fixture.vic, "doctor")
    assert f"\nAdminister: {admin.mention}" in answer
    assert f"\nLink others: {bot_fixture.dispatch.mention}" in answer


@with_settings(dispatch_role_ids=frozenset())
async def test_without_any_role(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.max, "doctor")
    assert "✅ DISPATCH_ROLE_IDS is empty" in answer
    assert answer.endswith("\nAdminister: members with Manage Server")
    await bot_fixture.start(
        dispatch_role_ids=frozenset(), self_dispatch_role_ids=frozenset({bot_fixture.dispatch.id})
    )
    answer = await bot_fixture.final_answer(bot_fixture.max, "doctor")
    assert (
        f"\nMove themselves: {bot_fixture.dispatch.mention}, members with Manage Server\n" in answer
    )


async def test_the_worst_comes_first(bot_fixture: BotFixture) -> None:
    bot_fixture.world.communities[seed.COMMUNITY_ID].plan = Plan.STANDARD
    await bot_fixture.advance(60)
    head, *lines = await told(bot_fixture)
    assert head.startswith("❌ ")
    assert lines[0].startswith("❌ The CAD does not let this community use API 1: `API")


async def test_what_is_wrong_at_discord(bot_fixture: BotFixture) -> None:
    voice = bot_fixture.guild.create_voice_channel("Patrol 2")
    missing = frozenset({1110000000000000003})
    head, *lines = await told(
        bot_fixture,
        discord_guild_id=bot_fixture.guild.id,
        log_channel_id=voice.id,
        link_role_ids=missing,
        admin_role_ids=frozenset({bot_fixture.dispatch.id}),
    )
    assert head.startswith("❌ 2 faults, no warnings, ")
    assert {line.partition(" ")[2].partition(".")[0] for line in lines[:2]} == {
        "LINK_ROLE_IDS: no role here has the id `1110000000000000003`",
        "LOG_CHANNEL_ID: `Patrol 2` is not a text channel",
    }


async def test_a_cad_that_is_away(bot_fixture: BotFixture) -> None:
    await bot_fixture.advance(60)
    bot_fixture.set_fault(BAD_GATEWAY)
    head, first, *_ = await told(bot_fixture)
    assert head.startswith("❌ 1 fault, ")
    assert first.startswith("❌ The CAD cannot be reached: `api.sonorancad.com | 502: Bad gateway`")


async def test_the_variant_that_has_worked_is_remembered(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach("A-12")
    before = len(bot_fixture.orders())
    assert "This CAD's attach request is `ATTACH_UNITS at /emergency`" in "\n".join(
        await told(bot_fixture)
    )
    assert len(bot_fixture.orders()) == before


@V2
async def test_over_v2(bot_fixture: BotFixture) -> None:
    text = "\n".join(await told(bot_fixture))
    assert text.startswith("✅ ")
    assert "The bot uses the CAD's API 2." in text
    assert "SONORAN_SERVER_ID: the CAD has server 1 `Server 1`." in text
    assert "Requests that can go out at once: 8 to attach and 8 to detach; 8 a minute." in text


@V2
async def test_the_cads_permission_is_mentioned(bot_fixture: BotFixture) -> None:
    lines = await told(bot_fixture, sonoran_api_version=2, require_cad_permission=True)
    assert lines[-1] == (
        "To dispatch or to move yourself you also need that permission in the CAD."
    )


async def test_push_events(bot_fixture: BotFixture, unused_tcp_port: int) -> None:
    lines = await told(bot_fixture, push_listen=f"127.0.0.1:{unused_tcp_port}")
    assert any(
        re.match(r"✅ `PUSH_LISTEN`: no push event in the \d+ seconds? since", one) for one in lines
    )
    await bot_fixture.advance(700)
    lines = await told(bot_fixture)
    assert any(
        re.match(r"⚠️ `PUSH_LISTEN`: no push event in the 1\d minutes since", one) for one in lines
    )


async def test_a_server_with_everything_fits_into_a_message(bot_fixture: BotFixture) -> None:
    many = [bot_fixture.guild.create_role(f"Role {number}").id for number in range(60)]
    gone = [1110000000000000000 + number for number in range(60)]
    roles = frozenset({*many, *gone, bot_fixture.dispatch.id})
    lines = await told(
        bot_fixture, **{f"{kind}_role_ids": roles for kind in ("dispatch", "link", "admin")}
    )
    assert "**Who may do what**" in lines
    assert len("\n".join(lines)) <= 2000
    assert any(line.startswith("and ") and line.endswith("prints all") for line in lines)


async def test_the_session_of_the_websocket(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture
) -> None:
    await bot_fixture.start(sonoran_websocket=True)
    await until(lambda: bot_fixture.cad.hub.sessions)
    text = "\n".join(await told(bot_fixture))
    assert re.search(r"✅ `SONORAN_WEBSOCKET`: no push event in the \d+ seconds? since", text)
    bot_fixture.world.communities[seed.COMMUNITY_ID].key = "another"
    bot_fixture.cad.hub.abort_all()
    await until(lambda: "refuses push events" in caplog.text)
    text = "\n".join(await told(bot_fixture))
    assert "\n❌ `SONORAN_WEBSOCKET`: the CAD refuses the connection: `" in text
    assert seed.API_KEY not in text


async def test_each_server_has_a_session_of_its_own(bot_fixture: BotFixture) -> None:
    add_second_server(bot_fixture.world)
    servers = (CadServerSetting(1), CadServerSetting(2, name="Liberty City"))
    await bot_fixture.start(sonoran_websocket=True, sonoran_servers=servers)
    await until(lambda: len(bot_fixture.cad.hub.sessions) == 2)
    text = "\n".join(await told(bot_fixture))
    for number in (1, 2):
        assert f"✅ `SONORAN_WEBSOCKET, server {number}`: no push event in the" in text
        assert f"SONORAN_SERVERS: the CAD has server {number}" in text
    bot_fixture.world.call_911(
        bot_fixture.world.server(seed.COMMUNITY_ID, 2), EmergencyForm("Ann", "Broker", "Help")
    )
    await bot_fixture.cad.push.settle()
    board = bot_fixture.services.board
    await until(lambda: len(board.snapshot(2).emergencies) == 2)
    assert "Ann" not in {one.caller for one in board.snapshot(1).emergencies.values()}


class TestAccounts:
    """Whether the CAD finds members by Discord, and tells what they may do."""

    async def test_over_api_1(self, bot_fixture: BotFixture) -> None:
        text = "\n".join(await told(bot_fixture, require_cad_permission=True))
        assert "✅ The CAD's API 1 finds no members by Discord: each member needs `/link`" in text
        assert "✅ The CAD tells what accounts may do." in text

    @V2
    async def test_over_api_2(self, bot_fixture: BotFixture) -> None:
        text = "\n".join(await told(bot_fixture))
        assert "✅ The CAD finds members by Discord, linked in their account." in text
        assert "The CAD tells what accounts may do" not in text

    @V2
    async def test_a_key_that_may_read_neither(self, bot_fixture: BotFixture) -> None:
        bot_fixture.cad.faults.set(Text(403, "FORBIDDEN"), path="/v2/general/accounts")
        text = "\n".join(await told(bot_fixture, require_cad_permission=True))
        assert (
            "⚠️ The CAD does not let this key find members by Discord: `FORBIDDEN`. Each member"
            " needs `/link` with an id."
        ) in text
        assert (
            "❌ REQUIRE_CAD_PERMISSION: the CAD does not tell what accounts may do: `FORBIDDEN`."
        ) in text

    @V2
    async def test_a_community_without_the_permissions_that_the_bot_asks_for(
        self, bot_fixture: BotFixture
    ) -> None:
        path = "/v2/general/permissions/catalog"
        bot_fixture.cad.faults.set(
            Text(200, '{"permissions": [{"id": "global.police"}]}'), path=path
        )
        head, first, *_ = await told(bot_fixture, require_cad_permission=True)
        assert head.startswith("❌ 1 fault, ")
        assert first == (
            "❌ REQUIRE_CAD_PERMISSION: the CAD has no permission `global.dispatch`,"
            " `global.selfDispatch`. The orders of accounts with granular permissions are refused,"
            " except the owner's. Set it to false, and please open an issue."
        )
        bot_fixture.cad.faults.set(Text(403, "FORBIDDEN"), path=path)
        text = "\n".join(await told(bot_fixture, require_cad_permission=True))
        assert (
            "⚠️ The CAD does not list its permissions: `FORBIDDEN`. The bot cannot check that"
            " `global.dispatch`, `global.selfDispatch` exist."
        ) in text
        bot_fixture.cad.faults.clear()
        text = "\n".join(await told(bot_fixture, require_cad_permission=True))
        assert "✅ The CAD tells what accounts may do." in text
