"""Whatever is typed, sent or pressed: it has an answer, and the log has no traceback."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ui import Button, View
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from simcord.results import InteractionResult

from tests.e2e.bot_fixture import BotFixture

# What the options are that are not tried; the other ones are left out where Discord allows it.
NAMED = {"call": "100", "units": "A-12", "status": 3}
FORMS = ("cad:note:1:100", "cad:attach-me:1:100", "call new")
ASCII = st.characters(codec="ascii")
SELECTS = re.compile(r"cad:(status|primary|pick|pick-\w+):")
ASIDE = "<@&1 A-1..A-9999 dept:x -group: 911 #100 https://x/1 %s {0} ` @here \u200b\u202e\ud800\0"

typed = st.one_of(st.text(max_size=200), st.text(ASIDE, max_size=60), st.just(ASIDE))
any_input = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def texts(bot_fixture: BotFixture) -> Iterator[tuple[app_commands.Command[Any, Any, Any], str]]:
    """Yield each option of a command that takes any text."""
    guild = discord.Object(bot_fixture.guild.id)
    for command in bot_fixture.bot.tree.walk_commands(guild=guild):
        for option in getattr(command, "parameters", ()):
            if option.type is discord.AppCommandOptionType.string and not option.choices:
                assert isinstance(command, app_commands.Command)
                yield command, option.name


def check(result: InteractionResult, log: pytest.LogCaptureFixture) -> None:
    """Check that there is an answer, and that nothing broke."""
    check_log(log)
    assert result.acknowledged
    shown = result.response.content if result.response else ""
    assert shown or result.modal or result.response
    assert "inside the bot" not in shown


def check_log(log: pytest.LogCaptureFixture) -> None:
    """Check that nothing broke since the last time."""
    broken = [one for one in log.records if one.exc_info]
    log.clear()
    assert broken == []


@any_input
@given(text=typed, data=st.data())
@example(text="\x00", data=None)
async def test_any_text_in_any_option(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture, text: str, data: Any
) -> None:
    options = list(texts(bot_fixture))
    assert len(options) > 5
    command, name = data.draw(st.sampled_from(options)) if data else options[0]
    required = {one.name for one in command.parameters if one.required}
    given = {one: NAMED[one] for one in required - {name}} | {name: text}
    result = await bot_fixture.dana.slash(bot_fixture.channel, command.qualified_name, **given)
    await bot_fixture.advance(5)
    check(result, caplog)


@any_input
@given(text=typed, data=st.data())
async def test_any_text_has_suggestions(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture, text: str, data: Any
) -> None:
    suggested = [
        (command, name)
        for command, name in texts(bot_fixture)
        if any(one.name == name and one.autocomplete for one in command.parameters)
    ]
    command, name = data.draw(st.sampled_from(suggested))
    choices = await bot_fixture.dana.autocomplete(
        bot_fixture.channel, command.qualified_name, name, text
    )
    assert len(choices) <= 25
    check_log(caplog)


@any_input
@given(text=typed.filter(str.strip), form=st.sampled_from(FORMS))
async def test_any_text_in_any_form(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture, text: str, form: str
) -> None:
    bot_fixture.env.backend.add_member_role(
        bot_fixture.guild.id, bot_fixture.charlie.id, bot_fixture.dispatch.id
    )
    member = bot_fixture.charlie
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute("DELETE FROM links WHERE discord_id = ?", [member.id])
    if form.startswith("cad:"):
        shown = await member.click(await card(bot_fixture, form))
    else:
        shown = await member.slash(bot_fixture.channel, form)
    assert shown.modal
    fields = {one["custom_id"]: text[: one.get("max_length", 100)] for one in inputs(shown.modal)}
    result = await member.submit_modal(shown, fields)
    await bot_fixture.advance(5)
    check(result, caplog)


@any_input
@given(data=st.data())
async def test_any_custom_id(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture, data: Any
) -> None:
    known = bot_fixture.bot._connection._view_store._dynamic_items
    buttons = [one for one in known if not SELECTS.match(one.pattern)]
    assert len(buttons) > 20
    pattern = data.draw(st.sampled_from(buttons))
    custom_id = data.draw(st.from_regex(pattern, fullmatch=True, alphabet=ASCII))
    result = await bot_fixture.dana.click(await card(bot_fixture, custom_id))
    await bot_fixture.advance(5)
    check(result, caplog)


async def card(bot_fixture: BotFixture, custom_id: str) -> discord.Message:
    """Send a message with a button, as the bot does."""
    view = View(timeout=None)
    view.add_item(Button(custom_id=custom_id, label="A button"))
    channel = bot_fixture.bot.get_channel(bot_fixture.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send("A card", view=view)


def inputs(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the text fields of a form."""
    if isinstance(node, dict) and node.get("type") == discord.ComponentType.text_input.value:
        yield node
    elif isinstance(node, dict):
        for part in node.values():
            yield from inputs(part)
    elif isinstance(node, list):
        for part in node:
            yield from inputs(part)
