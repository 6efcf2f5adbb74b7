"""What is suggested while somebody types: from memory, at once, and to dispatchers only."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from bot.runtime import logs
from bot.services.cached_list import MAX_AGE
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import Hang
from sandbox.cad.state.models import Badge, CallForm, Server
from tests.e2e.scene import Scene, until

CALLS = [
    ("#100 Armed Robbery · no units", 100),
    ("#101 Traffic Stop · 1 unit", 101),
    ("#102 Structure Fire · 1 unit", 102),
]


async def typed(scene: Scene, option: str, text: str, **others: Any) -> list[tuple[str, Any]]:
    command = others.pop("command", "attach")
    who = others.pop("who", scene.dana)
    choices = await who.autocomplete(scene.channel, command, option, text, **others)
    return [(one["name"], one["value"]) for one in choices]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", CALLS),
        ("10", CALLS),
        ("#101", CALLS[1:2]),
        ("fire", CALLS[2:]),
        ("armed 100", CALLS[:1]),
    ],
)
async def test_calls(scene: Scene, text: str, expected) -> None:
    assert await typed(scene, "call", text) == expected
    assert await typed(scene, "call", text, command="detach") == expected


async def test_units_free_ones_first(scene: Scene) -> None:
    choices = await typed(scene, "units", "")
    assert [value for _, value in choices] == [
        *("A-12", "A-7", "E-51", "K-9", "M-3", "S-1"),
        *("B-21", "R-2"),
    ]
    assert choices[0][0].startswith("A-12 · Pat Moreno")
    assert choices[-1][0] == "R-2 · Taylor Iverson · enroute · on #102"


@pytest.mark.parametrize("command", ["attach", "detach"])
async def test_only_the_last_word_is_completed(scene: Scene, command: str) -> None:
    text = f"me, {scene.pat.mention} riley"
    ((name, value),) = await typed(scene, "units", text, command=command)
    assert name == "K-9 · Riley Santos · available"
    assert value == f"me, {scene.pat.mention} K-9"
    filled = {"call": 100} if command == "attach" else {}
    answer = await scene.say(scene.dana, command, units=value, **filled)
    assert "(A\\-12), K\\-9" in answer


async def test_linked_members_by_the_names_that_the_guild_knows(scene: Scene) -> None:
    voice = scene.guild.create_voice_channel("radio")
    for member in (scene.pat, scene.erin, scene.vic):
        await member.join_voice(voice)
    await typed(scene, "units", "")  # from now on the links are being read
    await until(lambda: scene.services.links.cached(scene.guild.id))
    assert await typed(scene, "units", "@pat") == [("A-12 · Pat Moreno · @pat · available", "A-12")]
    assert await typed(scene, "units", "erin") == [("@erin · not on duty", scene.erin.mention)]
    assert await typed(scene, "units", "vic") == []


@pytest.mark.parametrize("who", ["vic", "max"])
async def test_nobody_else_is_shown_anything(scene: Scene, who: str) -> None:
    await scene.passes(MAX_AGE)
    for option in ("call", "units"):
        assert await typed(scene, option, "", who=scene.people[who]) == []
    await scene.passes(1)
    assert scene.world.history == []


async def test_the_cad_is_asked_again_at_most_every_15_seconds(scene: Scene) -> None:
    await scene.passes(MAX_AGE)
    await typed(scene, "call", "")
    await until(lambda: len(scene.world.history) == 2)
    scene.world.new_dispatch(scene.server, CallForm(title="Pursuit"), Target((seed.PAT.hex,)))
    for _ in range(5):
        assert await typed(scene, "call", "") == CALLS
        await scene.passes(2)
    assert len(scene.world.history) == 2
    await scene.passes(MAX_AGE)
    await typed(scene, "call", "")
    await until(lambda: len(scene.services.board.calls(1)) == 4)
    assert (await typed(scene, "call", "pursuit")) == [("#103 Pursuit · 1 unit", 103)]
    assert sorted(one.type for one in scene.world.history) == [
        *("GET_ACTIVE_UNITS", "GET_ACTIVE_UNITS", "GET_CALLS", "GET_CALLS")
    ]


async def test_nobody_waits_for_a_cad_that_hangs(scene: Scene) -> None:
    await scene.passes(MAX_AGE)
    scene.cad.faults.set(hang := Hang())
    assert await typed(scene, "call", "") == CALLS
    assert len(await typed(scene, "units", "")) == 8
    await hang.arrived.wait()
    scene.mends()


async def test_another_server(scene: Scene) -> None:
    community = scene.world.communities[seed.COMMUNITY_ID]
    server = community.servers[2] = Server(2, next_call_id=500)
    scene.world.login(server, scene.server.units[1].account, Badge("P-2", "Pat", "LSPD"))
    scene.world.new_dispatch(server, CallForm(title="Elsewhere"))
    assert await typed(scene, "call", "", server=2) == []
    await until(lambda: scene.services.board.calls(2) and scene.services.board.units(2))
    assert await typed(scene, "call", "", server=2) == [("#500 Elsewhere · no units", 500)]
    assert await typed(scene, "units", "", server=2) == [("P-2 · Pat · available", "P-2")]


async def test_hostile_names_fit_and_stay_on_their_line(scene: Scene) -> None:
    account = scene.server.units[1].account
    title = "**Fire**\n@everyone\u202e" * 200
    scene.world.new_dispatch(scene.server, CallForm(title=title))
    scene.world.login(scene.server, account, Badge("X-1", title, title))
    scene.world.login(scene.server, account, Badge("two words", "Two", "LSPD"))
    scene.world.login(scene.server, account, Badge("x" * 4000, "Long", "LSPD"))
    await scene.services.board.fetch_units(1)
    await scene.services.board.fetch_calls(1)
    calls, units = await typed(scene, "call", ""), await typed(scene, "units", "")
    for name, _ in (*calls, *units):
        assert 1 <= len(name) <= 100
        assert name.isprintable()
    assert "X-1" in {value for _, value in units}
    assert all(1 <= len(value) <= 100 for _, value in units)


async def test_discord_shows_25(scene: Scene) -> None:
    account = scene.server.units[1].account
    for number in range(30):
        scene.world.new_dispatch(scene.server, CallForm(title="More"))
        scene.world.login(scene.server, account, Badge(f"Z-{number}", "Zed", "LSPD"))
    await scene.services.board.fetch_units(1)
    await scene.services.board.fetch_calls(1)
    assert len(await typed(scene, "call", "")) == 25
    assert len(await typed(scene, "units", "")) == 25


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dept:", ["dept:BCSO", "dept:EMS", "dept:LSPD", "dept:SAFD"]),
        ("dept:sp", ["dept:LSPD"]),
        ("me -Dept:ls", ["me -dept:LSPD"]),
        ("A-7, sub:k", ["A-7, sub:K-9"]),
        ("group:", []),
        ("-A-1", ["-A-12"]),
        ("A-12 - a-7", ["A-12 - A-7"]),
        ("A-7..", ["A-7..A-7", "A-7..A-12"]),
        ("me A-7..A-1", ["me A-7..A-12"]),
        ("A-12 A-", ["A-12 A-7"]),
    ],
)
async def test_what_the_grammar_has(scene: Scene, text: str, expected: list[str]) -> None:
    assert [value for _, value in await typed(scene, "units", text)] == expected


async def test_a_department_says_how_many_are_free(scene: Scene) -> None:
    assert await typed(scene, "units", "dept:bc") == [
        ("dept: BCSO · 2 on duty, 1 free", "dept:BCSO")
    ]
    found = await typed(scene, "units", "dep")
    assert [value for _, value in found] == ["dept:BCSO", "dept:EMS", "dept:LSPD", "dept:SAFD"]


async def test_a_suggestion_is_what_is_sent(scene: Scene) -> None:
    scene.server.units[1].badge = replace(scene.server.units[1].badge, department="Los Santos PD")
    await scene.services.board.fetch_units(1)
    for text in ("dept:los", 'dept:"los s', "dept:“Los"):
        ((_, value),) = await typed(scene, "units", text)
        assert value == 'dept:"Los Santos PD"'
    assert "A\\-12" in await scene.attach(value)


async def test_a_suggestion_that_comes_too_late_is_one_line_in_the_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    await typed(scene, "units", "")
    (record,) = (one for one in caplog.records if "autocomplete" in one.getMessage())
    assert "Traceback" in logging.Formatter().format(record)
    record.exc_text = None
    assert logs.shorten_late_autocomplete(record)
    line = logging.Formatter().format(record)
    assert line.startswith("suggestions for 'attach' came too late")
    assert "\n" not in line


async def test_a_suggestion_that_comes_too_late_hurts_nobody(scene: Scene) -> None:
    scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    assert await typed(scene, "call", "") == []
    assert await typed(scene, "call", "") == CALLS
