"""Who may do what, and that a refusal comes before anything is sent or looked up."""

from __future__ import annotations

from typing import Any

import pytest
from simcord.builders import GuildHandle
from simcord.http.router import dispatch

from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings

PAT_HEX = seed.PAT.hex
# The commands that need a dispatch role, as a member would type them.
COMMANDS: dict[str, dict[str, Any]] = {
    "attach": {"call": 100, "units": "me A-12 Z-99 license:x"},
    "detach": {"units": "A-12"},
    "link": {"steam": PAT_HEX, "member": "pat"},
    "unlink": {"member": "pat"},
    "links list": {},
    "links whois": {"member": "pat"},
    "links whois, by id": {"steam": PAT_HEX},
    "links export": {},
    "audit": {},
    "audit, about a member": {"member": "pat"},
    "doctor": {},
}


async def run(bot_fixture: BotFixture, who: str, name: str) -> str:
    options = {
        key: bot_fixture.members["pat"] if value == "pat" else value
        for key, value in COMMANDS[name].items()
    }
    return await bot_fixture.final_answer(
        bot_fixture.members[who], name.partition(",")[0], **options
    )


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("who", ["vic", "max"])
async def test_without_a_dispatch_role(bot_fixture: BotFixture, name: str, who: str) -> None:
    before = bot_fixture.links()
    answer = await run(bot_fixture, who, name)
    assert answer == f"❌ You need the {bot_fixture.dispatch.mention} role for that."
    assert bot_fixture.world.history == []
    assert bot_fixture.links() == before


@pytest.mark.parametrize("name", COMMANDS)
@with_settings(dispatch_role_ids=frozenset())
async def test_without_any_role_set_up(bot_fixture: BotFixture, name: str) -> None:
    answer = await run(bot_fixture, "dana", name)
    assert answer == (
        "❌ You need the Manage Server permission for that: no dispatch role is set up."
    )
    assert bot_fixture.world.history == []
    assert (await run(bot_fixture, "max", name))[0] in "✅⚠"


@pytest.mark.parametrize("name", COMMANDS)
async def test_with_a_dispatch_role(bot_fixture: BotFixture, name: str) -> None:
    assert (await run(bot_fixture, "dana", name))[0] in "✅⚠"


async def test_several_roles_are_all_named(bot_fixture: BotFixture) -> None:
    other = bot_fixture.guild.create_role("Supervisor")
    await bot_fixture.start(dispatch_role_ids=frozenset({other.id, bot_fixture.dispatch.id}))
    answer = await run(bot_fixture, "vic", "attach")
    assert answer == (
        f"❌ You need one of these roles for that: {bot_fixture.dispatch.mention}, {other.mention}."
    )
    assert (await run(bot_fixture, "dana", "attach")).startswith("⚠️")


async def test_a_role_counts_as_discord_has_it_at_that_moment(bot_fixture: BotFixture) -> None:
    sam = bot_fixture.guild.add_member(
        bot_fixture.env.create_user("sam"), roles=[bot_fixture.dispatch]
    )
    assert (await bot_fixture.final_answer(sam, "attach", call=100, units="A-12")).startswith("✅")
    bot_fixture.env.backend.remove_member_role(
        bot_fixture.guild.id, sam.id, bot_fixture.dispatch.id
    )
    assert (await bot_fixture.final_answer(sam, "attach", call=100, units="A-7")).startswith(
        "❌ You need the"
    )


async def test_linking_oneself_is_for_all_members(bot_fixture: BotFixture) -> None:
    assert (await bot_fixture.final_answer(bot_fixture.vic, "link", steam=seed.VIC.hex)).startswith(
        "⚠️"
    )
    assert (
        await bot_fixture.final_answer(
            bot_fixture.vic, "link", steam=seed.RILEY.hex, member=bot_fixture.vic
        )
    ).startswith("✅")
    assert (await bot_fixture.final_answer(bot_fixture.vic, "unlink")).startswith("✅")


async def test_no_command_is_offered_in_private_messages(bot_fixture: BotFixture) -> None:
    assert bot_fixture.dana.user.available_commands() == ()
    assert set(bot_fixture.dana.available_commands(bot_fixture.channel)) == {
        *("attach", "detach", "status", "link", "unlink", "audit", "calls", "doctor"),
        *("links mine", "links list", "links whois", "links check"),
        *("links import", "links export", "call new"),
    }


class TestOneGuildOnly:
    @pytest.fixture
    async def home(self, bot_fixture: BotFixture) -> GuildHandle:
        home = bot_fixture.env.create_guild("Home")
        await bot_fixture.start(discord_guild_id=home.id)
        return home

    async def test_commands_are_in_that_guild_alone(
        self, bot_fixture: BotFixture, home: GuildHandle
    ) -> None:
        dana = home.add_member(bot_fixture.dana.user)
        assert "attach" in dana.available_commands(home.create_text_channel("dispatch"))
        assert bot_fixture.dana.available_commands(bot_fixture.channel) == ()

    async def test_a_command_that_another_guild_still_shows(self, bot_fixture, home) -> None:
        leave_behind(bot_fixture, "attach")
        before = len(bot_fixture.env.http_requests)
        result = await bot_fixture.dana.slash(bot_fixture.channel, "attach", call=100, units="A-12")
        (answer,) = bot_fixture.env.http_requests[before:]
        assert answer.json["data"]["content"] == "❌ This bot does not dispatch for this server."
        assert answer.json["data"]["allowed_mentions"] == {"parse": []}
        assert result.ephemeral
        assert bot_fixture.world.history == []

    async def test_nothing_is_suggested_elsewhere(self, bot_fixture, home) -> None:
        leave_behind(bot_fixture, "attach", autocomplete=True)
        assert await bot_fixture.dana.autocomplete(bot_fixture.channel, "attach", "units", "") == []
        assert bot_fixture.world.history == []


async def test_a_command_of_yesterday(bot_fixture: BotFixture) -> None:
    leave_behind(bot_fixture, "assign")
    result = await bot_fixture.dana.slash(bot_fixture.channel, "assign", call=100, units="A-12")
    assert result.ephemeral
    assert result.response is not None
    assert result.response.content.startswith("❌ This command has just changed.")
    assert [type(error).__name__ for error in bot_fixture.env.errors] == ["CommandNotFound"]


async def test_a_member_who_has_left_can_be_unlinked_and_looked_up(bot_fixture: BotFixture) -> None:
    user = bot_fixture.pat.user
    bot_fixture.guild.remove_member(bot_fixture.pat)
    assert (
        await bot_fixture.final_answer(bot_fixture.dana, "links whois", member=user)
    ).startswith("✅")
    assert (await bot_fixture.final_answer(bot_fixture.dana, "unlink", member=user)).startswith(
        "✅"
    )


def leave_behind(
    bot_fixture: BotFixture, name: str, *, guild: bool = False, autocomplete: bool = False
) -> None:
    """Let Discord show a command that the bot has taken back, as clients do for a while.

    Args:
        guild: a command of the guild; otherwise a global one.
    """
    scope = f"/guilds/{bot_fixture.guild.id}" if guild else ""
    dispatch(
        bot_fixture.env.backend,
        "PUT",
        f"/applications/{bot_fixture.env.backend.application_id}{scope}/commands",
        json=[
            {
                "name": name,
                "description": "-",
                "options": [
                    {"name": "call", "description": "-", "type": 4},
                    {
                        "name": "units",
                        "description": "-",
                        "type": 3,
                        "autocomplete": autocomplete,
                    },
                ],
            }
        ],
    )
