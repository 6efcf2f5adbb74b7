"""/setup: a server is connected to its community, and served at once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sandbox.cad.state.models import Plan, Server
from tests.e2e.setup.setup_fixture import COMMUNITY, KEY, SetupFixture

NOTHING = "Nothing was saved."


def refused(setup: SetupFixture) -> bool:
    """Tell whether the server is still not set up."""
    return setup.page[-5].startswith("**1. Sonoran CAD**\n❌ Not connected.")


async def test_a_server_is_connected_and_served_at_once(setup_fixture: SetupFixture) -> None:
    assert await setup_fixture.answer("attach", call="100", units="A-12") == (
        "❌ This server is not connected to Sonoran CAD yet. A member with Manage Server uses"
        " `/setup`."
    )
    assert refused(setup_fixture)
    said = await setup_fixture.connect()
    assert said == f"✅ Connected to community `{COMMUNITY}` over API 2. Next: who may do what."
    await setup_fixture.is_served()
    answer = await setup_fixture.answer("attach", call="100", units="A-12")
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-12")


async def test_the_set_up_is_there_after_a_restart(setup_fixture: SetupFixture) -> None:
    await setup_fixture.connect()
    await setup_fixture.start()
    await setup_fixture.is_served()
    await setup_fixture.open()
    assert setup_fixture.page[1].startswith(
        f"**1. Sonoran CAD**\n✅ Community `{COMMUNITY}`, server 1, the API is chosen"
    )


async def test_the_form_works_after_a_restart_between_any_two_presses(
    setup_fixture: SetupFixture,
) -> None:
    await setup_fixture.start()
    shown = await setup_fixture.press("connect")
    await setup_fixture.start()
    await setup_fixture.send(shown, community=COMMUNITY, key=KEY)
    assert setup_fixture.notice.startswith("✅ Connected to community")
    await setup_fixture.start()
    shown = await setup_fixture.press("roles")
    await setup_fixture.start()
    await setup_fixture.send(shown, dispatch=[setup_fixture.role])
    assert setup_fixture.notice.startswith("✅ Saved.")
    await setup_fixture.start()
    await setup_fixture.press("refresh")
    assert f"Dispatch: <@&{setup_fixture.role.id}>" in setup_fixture.page[2]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"key": "two words"},
            "That is not an API key: it is one word of letters, digits and signs.",
        ),
        ({"key": "another-key"}, "Sonoran CAD refuses this key. Copy it again and try once more."),
        ({"servers": "5"}, "The CAD has no server 5, only 1."),
        ({"servers": "one"}, "Those are no numbers of servers. Write them like `1` or `1, 2`."),
        ({"community": " "}, "This cannot be saved. SONORAN_COMMUNITY_ID: must not be blank."),
    ],
    ids=["shape", "refused", "server", "numbers", "community"],
)
async def test_what_the_cad_does_not_take_is_not_saved(
    setup_fixture: SetupFixture, values: dict[str, str], said: str
) -> None:
    assert await setup_fixture.connect(**values) == f"❌ {said} {NOTHING}"
    assert refused(setup_fixture)
    assert setup_fixture.guild.id not in setup_fixture.bot_fixture.bot.guild_services


async def test_the_key_of_another_community_names_it_and_a_press_uses_it(
    setup_fixture: SetupFixture,
) -> None:
    said = await setup_fixture.connect(community="vice")
    assert said == f"❌ The key belongs to the community `{COMMUNITY}`, not to `vice`. {NOTHING}"
    assert f"Try with community {COMMUNITY}" in setup_fixture.buttons
    await setup_fixture.press("retry")
    assert setup_fixture.notice.startswith(f"✅ Connected to community `{COMMUNITY}`")
    assert "Try with" not in " ".join(setup_fixture.buttons)


async def test_a_cad_out_of_reach_is_tried_again_without_the_key(
    setup_fixture: SetupFixture,
) -> None:
    bot_fixture = setup_fixture.bot_fixture
    await bot_fixture.cad.pause()
    shown = await setup_fixture.press("connect")
    await setup_fixture.send(shown, community=COMMUNITY, key=KEY)
    await bot_fixture.advance(60)
    assert setup_fixture.notice == (
        f"❌ Sonoran CAD cannot be reached. {NOTHING} **Try with community …** works for 15"
        " minutes without the key."
    )
    await bot_fixture.cad.resume()
    await setup_fixture.press("retry")
    await bot_fixture.advance(60)
    assert setup_fixture.notice.startswith(f"✅ Connected to community `{COMMUNITY}`")


async def test_a_key_is_kept_for_fifteen_minutes_and_not_over_a_restart(
    setup_fixture: SetupFixture,
) -> None:
    await setup_fixture.connect(community="vice")
    await setup_fixture.bot_fixture.advance(901)
    await setup_fixture.press("retry")
    forgotten = f"❌ The key is forgotten by now: enter it again. {NOTHING}"
    assert setup_fixture.notice == forgotten
    await setup_fixture.connect(community="vice")
    await setup_fixture.start()
    await setup_fixture.press("retry")
    assert setup_fixture.notice == forgotten


async def test_the_stored_key_is_kept_where_none_is_entered(setup_fixture: SetupFixture) -> None:
    await setup_fixture.connect()
    shown = await setup_fixture.press("connect")
    community, key, *_ = (one["component"] for one in setup_fixture.fields(shown))
    assert (community["value"], key.get("value"), key["required"]) == (COMMUNITY, None, False)
    await setup_fixture.send(shown, api="1")
    assert setup_fixture.notice.startswith(f"✅ Connected to community `{COMMUNITY}` over API 1.")


async def test_a_plan_that_cannot_attach_is_said(setup_fixture: SetupFixture) -> None:
    setup_fixture.community.plan = Plan.STANDARD
    said = await setup_fixture.connect(api="1")
    assert said.startswith(f"⚠️ Connected to community `{COMMUNITY}`")
    assert "its plan cannot attach units; that takes the plan Plus" in said


async def test_all_servers_of_the_cad_are_used_where_none_is_named(
    setup_fixture: SetupFixture,
) -> None:
    setup_fixture.community.servers[2] = Server(2, name="Vice City")
    said = await setup_fixture.connect(servers="1")
    assert "The CAD also has server 2 Vice City; press **Connect…** to use it." in said
    await setup_fixture.connect(servers="")
    assert "servers 1 " in setup_fixture.page[2]
    assert "2 Vice City" in setup_fixture.page[2]


async def test_five_keys_in_ten_minutes(setup_fixture: SetupFixture) -> None:
    for _ in range(5):
        assert (await setup_fixture.connect(key="another-key")).startswith("❌ Sonoran CAD refuses")
    until = int(setup_fixture.bot_fixture.time.now().timestamp()) + 600
    said = await setup_fixture.connect()
    assert said == f"❌ Too many tries. Try again <t:{until}:R>. {NOTHING}"
    await setup_fixture.bot_fixture.advance(600)
    assert (await setup_fixture.connect()).startswith("✅")


async def test_the_key_is_nowhere(
    setup_fixture: SetupFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the log, nor at Discord, nor in the files."""
    bot_fixture = setup_fixture.bot_fixture
    with caplog.at_level(logging.DEBUG, "bot"):
        before = len(bot_fixture.env.http_requests)
        await setup_fixture.connect(community="vice")
        await setup_fixture.press("retry")
        await setup_fixture.press("connect")
        await setup_fixture.answer("doctor")
        await bot_fixture.stop()
    assert KEY not in caplog.text
    assert KEY not in repr(bot_fixture.env.http_requests[before:])
    for file in Path(bot_fixture.file).parent.iterdir():
        assert KEY.encode() not in file.read_bytes()
