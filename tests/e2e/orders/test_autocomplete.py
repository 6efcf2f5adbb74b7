"""Suggestions while a member types: from memory, at once, and for dispatchers only."""

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
from tests.e2e.bot_fixture import BotFixture, until

CALLS = [
    ("#100 Armed Robbery · 100 Innocence Boulevard · P1 · no units", "100"),
    ("#101 Traffic Stop · 3400 Route 68 · P3 · 1 unit", "101"),
    ("#102 Structure Fire · 700 Strawberry Avenue · P2 · 1 unit", "102"),
]


async def typed(
    bot_fixture: BotFixture, option: str, text: str, **others: Any
) -> list[tuple[str, Any]]:
    command = others.pop("command", "attach")
    who = others.pop("who", bot_fixture.dana)
    choices = await who.autocomplete(bot_fixture.channel, command, option, text, **others)
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
async def test_calls(bot_fixture: BotFixture, text: str, expected) -> None:
    assert await typed(bot_fixture, "call", text) == expected
    assert await typed(bot_fixture, "call", text, command="detach") == expected


async def test_units_free_ones_first(bot_fixture: BotFixture) -> None:
    choices = await typed(bot_fixture, "units", "")
    assert [value for _, value in choices] == [
        *("A-12", "A-7", "E-51", "K-9", "M-3", "S-1"),
        *("B-21", "R-2"),
    ]
    assert choices[0][0].startswith("A-12 · Pat Moreno")
    assert choices[-1][0] == "R-2 · Taylor Iverson · enroute · on #102"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k9", ["K-9"]),
        ("A12", ["A-12"]),
        ("A", ["A-12", "A-7"]),  # numbers that begin with it, before numbers and names with it
        ("12", ["A-12"]),
    ],
)
async def test_numbers_in_any_spelling(bot_fixture: BotFixture, text: str, expected) -> None:
    choices = await typed(bot_fixture, "units", text)
    assert [value for _, value in choices][: len(expected)] == expected


@pytest.mark.parametrize("command", ["attach", "detach"])
async def test_only_the_last_word_is_completed(bot_fixture: BotFixture, command: str) -> None:
    text = f"me, {bot_fixture.pat.mention} riley"
    ((name, value),) = await typed(bot_fixture, "units", text, command=command)
    assert name == "K-9 · Riley Santos · available"
    assert value == f"me, {bot_fixture.pat.mention} K-9"
    filled = {"call": 100} if command == "attach" else {}
    answer = await bot_fixture.final_answer(bot_fixture.dana, command, units=value, **filled)
    names = {"attach": "(A\\-12), K\\-9", "detach": "`K-9`: not on any call"}
    assert names[command] in answer


async def test_linked_members_by_the_names_that_the_guild_knows(bot_fixture: BotFixture) -> None:
    voice = bot_fixture.guild.create_voice_channel("radio")
    for member in (bot_fixture.pat, bot_fixture.erin, bot_fixture.vic):
        await member.join_voice(voice)
    await typed(bot_fixture, "units", "")  # from now on the links are being read
    await until(lambda: bot_fixture.services.links.cached(bot_fixture.guild.id))
    assert await typed(bot_fixture, "units", "@pat") == [
        ("A-12 · Pat Moreno · @pat · available", "A-12")
    ]
    assert await typed(bot_fixture, "units", "erin") == [
        ("@erin · not on duty", bot_fixture.erin.mention)
    ]
    assert await typed(bot_fixture, "units", "vic") == []


@pytest.mark.parametrize("who", ["vic", "max"])
async def test_no_other_member_is_shown_anything(bot_fixture: BotFixture, who: str) -> None:
    await bot_fixture.advance(MAX_AGE)
    for option in ("call", "units"):
        assert await typed(bot_fixture, option, "", who=bot_fixture.members[who]) == []
    await bot_fixture.advance(1)
    assert bot_fixture.world.history == []


async def test_the_cad_is_asked_again_at_most_every_15_seconds(bot_fixture: BotFixture) -> None:
    await bot_fixture.advance(MAX_AGE)
    await typed(bot_fixture, "call", "")
    await until(lambda: len(bot_fixture.world.history) == 2)
    bot_fixture.world.new_dispatch(
        bot_fixture.server, CallForm(title="Pursuit"), Target((seed.PAT.hex,))
    )
    for _ in range(5):
        assert await typed(bot_fixture, "call", "") == CALLS
        await bot_fixture.advance(2)
    assert len(bot_fixture.world.history) == 2
    await bot_fixture.advance(MAX_AGE)
    await typed(bot_fixture, "call", "")
    await until(lambda: len(bot_fixture.services.board.calls(1)) == 4)
    assert (await typed(bot_fixture, "call", "pursuit")) == [("#103 Pursuit · P3 · 1 unit", "103")]
    assert sorted(one.type for one in bot_fixture.world.history) == [
        *("GET_ACTIVE_UNITS", "GET_ACTIVE_UNITS", "GET_CALLS", "GET_CALLS")
    ]


async def test_suggestions_do_not_wait_for_a_cad_that_hangs(bot_fixture: BotFixture) -> None:
    await bot_fixture.advance(MAX_AGE)
    bot_fixture.cad.faults.set(hang := Hang())
    assert await typed(bot_fixture, "call", "") == CALLS
    assert len(await typed(bot_fixture, "units", "")) == 8
    await hang.arrived.wait()
    bot_fixture.clear_faults()


async def test_another_server(bot_fixture: BotFixture) -> None:
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    server = community.servers[2] = Server(2, next_call_id=500)
    bot_fixture.world.login(
        server, bot_fixture.server.units[1].account, Badge("P-2", "Pat", "LSPD")
    )
    bot_fixture.world.new_dispatch(server, CallForm(title="Elsewhere"))
    assert await typed(bot_fixture, "call", "", server=2) == []
    await until(lambda: bot_fixture.services.board.calls(2) and bot_fixture.services.board.units(2))
    assert await typed(bot_fixture, "call", "", server=2) == [
        ("#500 Elsewhere · P3 · no units", "500")
    ]
    assert await typed(bot_fixture, "units", "", server=2) == [("P-2 · Pat · available", "P-2")]


async def test_hostile_names_fit_and_stay_on_their_line(bot_fixture: BotFixture) -> None:
    account = bot_fixture.server.units[1].account
    title = "**Fire**\n@everyone\u202e" * 200
    bot_fixture.world.new_dispatch(bot_fixture.server, CallForm(title=title))
    bot_fixture.world.login(bot_fixture.server, account, Badge("X-1", title, title))
    bot_fixture.world.login(bot_fixture.server, account, Badge("two words", "Two", "LSPD"))
    bot_fixture.world.login(bot_fixture.server, account, Badge("x" * 4000, "Long", "LSPD"))
    await bot_fixture.services.board.fetch_units(1)
    await bot_fixture.services.board.fetch_calls(1)
    calls, units = await typed(bot_fixture, "call", ""), await typed(bot_fixture, "units", "")
    for name, _ in (*calls, *units):
        assert 1 <= len(name) <= 100
        assert name.isprintable()
    assert "X-1" in {value for _, value in units}
    assert all(1 <= len(value) <= 100 for _, value in units)


async def test_discord_shows_25(bot_fixture: BotFixture) -> None:
    account = bot_fixture.server.units[1].account
    for number in range(30):
        bot_fixture.world.new_dispatch(bot_fixture.server, CallForm(title="More"))
        bot_fixture.world.login(bot_fixture.server, account, Badge(f"Z-{number}", "Zed", "LSPD"))
    await bot_fixture.services.board.fetch_units(1)
    await bot_fixture.services.board.fetch_calls(1)
    assert len(await typed(bot_fixture, "call", "")) == 25
    assert len(await typed(bot_fixture, "units", "")) == 25


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
async def test_what_the_grammar_has(
    bot_fixture: BotFixture, text: str, expected: list[str]
) -> None:
    assert [value for _, value in await typed(bot_fixture, "units", text)] == expected


async def test_a_department_says_how_many_are_free(bot_fixture: BotFixture) -> None:
    assert await typed(bot_fixture, "units", "dept:bc") == [
        ("dept: BCSO · 2 on duty, 1 free", "dept:BCSO")
    ]
    found = await typed(bot_fixture, "units", "dep")
    assert [value for _, value in found] == ["dept:BCSO", "dept:EMS", "dept:LSPD", "dept:SAFD"]


async def test_a_suggestion_is_what_is_sent(bot_fixture: BotFixture) -> None:
    bot_fixture.server.units[1].badge = replace(
        bot_fixture.server.units[1].badge, department="Los Santos PD"
    )
    await bot_fixture.services.board.fetch_units(1)
    for text in ("dept:los", 'dept:"los s', "dept:“Los"):
        ((_, value),) = await typed(bot_fixture, "units", text)
        assert value == 'dept:"Los Santos PD"'
    assert "A\\-12" in await bot_fixture.attach(value)


async def test_a_suggestion_that_comes_too_late_is_one_line_in_the_log(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture
) -> None:
    bot_fixture.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    await typed(bot_fixture, "units", "")
    (record,) = (one for one in caplog.records if "autocomplete" in one.getMessage())
    assert "Traceback" in logging.Formatter().format(record)
    record.exc_text = None
    assert logs.shorten_late_autocomplete(record)
    line = logging.Formatter().format(record)
    assert line.startswith("suggestions for 'attach' came too late")
    assert "\n" not in line


async def test_a_suggestion_that_comes_too_late_is_ignored(bot_fixture: BotFixture) -> None:
    bot_fixture.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    assert await typed(bot_fixture, "call", "") == []
    assert await typed(bot_fixture, "call", "") == CALLS
