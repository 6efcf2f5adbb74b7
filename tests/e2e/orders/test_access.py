"""Who may do what, and that a refusal comes before anything is sent or looked up."""

from __future__ import annotations

from typing import Any

import pytest
from simcord.builders import GuildHandle
from simcord.http.router import dispatch

from sandbox.cad.state import seed
from tests.e2e.conftest import with_settings
from tests.e2e.scene import Scene

PAT_HEX = seed.PAT.hex
# What takes a dispatch role, as somebody would type it.
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
    "audit, about somebody": {"member": "pat"},
    "doctor": {},
}


async def run(scene: Scene, who: str, name: str) -> str:
    options = {
        key: scene.people["pat"] if value == "pat" else value
        for key, value in COMMANDS[name].items()
    }
    return await scene.say(scene.people[who], name.partition(",")[0], **options)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("who", ["vic", "max"])
async def test_without_a_dispatch_role(scene: Scene, name: str, who: str) -> None:
    before = scene.links()
    answer = await run(scene, who, name)
    assert answer == f"❌ You need the {scene.dispatch.mention} role for that."
    assert scene.world.history == []
    assert scene.links() == before


@pytest.mark.parametrize("name", COMMANDS)
@with_settings(dispatch_role_ids=frozenset())
async def test_without_any_role_set_up(scene: Scene, name: str) -> None:
    answer = await run(scene, "dana", name)
    assert answer == (
        "❌ You need the Manage Server permission for that: no dispatch role is set up."
    )
    assert scene.world.history == []
    assert (await run(scene, "max", name))[0] in "✅⚠"


@pytest.mark.parametrize("name", COMMANDS)
async def test_with_a_dispatch_role(scene: Scene, name: str) -> None:
    assert (await run(scene, "dana", name))[0] in "✅⚠"


async def test_several_roles_are_all_named(scene: Scene) -> None:
    other = scene.guild.create_role("Supervisor")
    await scene.start(dispatch_role_ids=frozenset({other.id, scene.dispatch.id}))
    answer = await run(scene, "vic", "attach")
    assert answer == (
        f"❌ You need one of these roles for that: {scene.dispatch.mention}, {other.mention}."
    )
    assert (await run(scene, "dana", "attach")).startswith("⚠️")


async def test_a_role_counts_as_discord_has_it_at_that_moment(scene: Scene) -> None:
    sam = scene.guild.add_member(scene.env.create_user("sam"), roles=[scene.dispatch])
    assert (await scene.say(sam, "attach", call=100, units="A-12")).startswith("✅")
    scene.env.backend.remove_member_role(scene.guild.id, sam.id, scene.dispatch.id)
    assert (await scene.say(sam, "attach", call=100, units="A-7")).startswith("❌ You need the")


async def test_linking_oneself_is_for_everyone(scene: Scene) -> None:
    assert (await scene.say(scene.vic, "link", steam=seed.VIC.hex)).startswith("⚠️")
    assert (await scene.say(scene.vic, "link", steam=seed.RILEY.hex, member=scene.vic)).startswith(
        "✅"
    )
    assert (await scene.say(scene.vic, "unlink")).startswith("✅")


async def test_no_command_is_offered_in_private_messages(scene: Scene) -> None:
    assert scene.dana.user.available_commands() == ()
    assert set(scene.dana.available_commands(scene.channel)) == {
        *("attach", "detach", "link", "unlink", "audit", "calls", "doctor"),
        *("links mine", "links list", "links whois", "links check"),
        *("links import", "links export"),
    }


class TestOneGuildOnly:
    @pytest.fixture
    async def home(self, scene: Scene) -> GuildHandle:
        home = scene.env.create_guild("Home")
        await scene.start(discord_guild_id=home.id)
        return home

    async def test_commands_are_in_that_guild_alone(self, scene: Scene, home: GuildHandle) -> None:
        dana = home.add_member(scene.dana.user)
        assert "attach" in dana.available_commands(home.create_text_channel("dispatch"))
        assert scene.dana.available_commands(scene.channel) == ()

    async def test_a_command_that_another_guild_still_shows(self, scene, home) -> None:
        leave_behind(scene, "attach")
        before = len(scene.env.http_requests)
        result = await scene.dana.slash(scene.channel, "attach", call=100, units="A-12")
        (answer,) = scene.env.http_requests[before:]
        assert answer.json["data"]["content"] == "❌ This bot does not dispatch for this server."
        assert answer.json["data"]["allowed_mentions"] == {"parse": []}
        assert result.ephemeral
        assert scene.world.history == []

    async def test_nothing_is_suggested_elsewhere(self, scene, home) -> None:
        leave_behind(scene, "attach", autocomplete=True)
        assert await scene.dana.autocomplete(scene.channel, "attach", "units", "") == []
        assert scene.world.history == []


async def test_a_command_of_yesterday(scene: Scene) -> None:
    leave_behind(scene, "assign")
    result = await scene.dana.slash(scene.channel, "assign", call=100, units="A-12")
    assert result.ephemeral
    assert result.response is not None
    assert result.response.content.startswith("❌ This command has just changed.")
    assert [type(error).__name__ for error in scene.env.errors] == ["CommandNotFound"]


async def test_a_member_who_has_left_can_be_unlinked_and_looked_up(scene: Scene) -> None:
    user = scene.pat.user
    scene.guild.remove_member(scene.pat)
    assert (await scene.say(scene.dana, "links whois", member=user)).startswith("✅")
    assert (await scene.say(scene.dana, "unlink", member=user)).startswith("✅")


def leave_behind(scene: Scene, name: str, *, autocomplete: bool = False) -> None:
    """Let Discord show a global command that the bot has taken back, as clients do for a while."""
    dispatch(
        scene.env.backend,
        "PUT",
        f"/applications/{scene.env.backend.application_id}/commands",
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
