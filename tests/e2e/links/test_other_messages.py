"""The button of a question works in the message that asks, and in no other."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord.ui import Button, View
from simcord.components import walk_components

from sandbox.cad.state.seed import PAT, RILEY
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.presses import press


def custom_id_of(said: CommandReply, label: str) -> str:
    assert said.result.response is not None
    items: list[dict[str, Any]] = [*walk_components(said.result.response.components)]
    (found,) = [str(one["custom_id"]) for one in items if one.get("label") == label]
    return found


async def copy_of(bot_fixture: BotFixture, custom_id: str) -> discord.Message:
    """Send another message with a button, as one of a lost database would still have it."""
    channel = bot_fixture.env.bot.get_channel(bot_fixture.channel.id)
    assert isinstance(channel, discord.TextChannel)
    view = View(timeout=None)
    view.add_item(Button(label="A button", custom_id=custom_id))
    return await channel.send("An old question", view=view)


async def ask(bot_fixture: BotFixture, label: str) -> CommandReply:
    """Have a question asked that has a button with this label."""
    dana, vic = bot_fixture.dana, bot_fixture.vic
    if label.startswith("Import"):
        file = ("people.csv", f"discord_id,api_id\n{vic.id},license:v\n".encode())
        return await bot_fixture.run_command(dana, "links import", file=file)
    if label == "Replace it":
        await bot_fixture.final_answer(vic, "link", steam=RILEY.hex)
        return await bot_fixture.run_command(dana, "link", steam="license:typo", member=vic)
    return await bot_fixture.run_command(dana, "link", steam=PAT.hex, member=vic)


@pytest.mark.parametrize(
    "label", ["Share it", "Move it here", "Cancel", "Replace it", "Import 1 link"]
)
async def test_a_button_in_another_message_does_nothing(
    bot_fixture: BotFixture, label: str
) -> None:
    said = await ask(bot_fixture, label)
    await said.after(60)
    assert label in said.buttons
    before, shown = bot_fixture.links(), (said.text, said.buttons)
    message = await copy_of(bot_fixture, custom_id_of(said, label))
    result = await bot_fixture.dana.click(message, label="A button")
    await bot_fixture.advance(60)
    (told,) = result.followups
    assert told.content.startswith(("❌ This question is closed", "❌ This file has expired"))
    assert bot_fixture.links() == before
    assert (said.text, said.buttons) == shown
    # The question itself is open still.
    assert (await press(said, label)).beside == []
    await bot_fixture.advance(60)
    assert said.buttons == []
    assert (bot_fixture.links() == before) is (label == "Cancel")
