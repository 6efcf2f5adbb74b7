"""Cards with buttons, and what a member sees of pressing one."""

from __future__ import annotations

from typing import Any

import discord
from discord.ui import View
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.ui.calls.card_buttons import call_buttons, emergency_buttons
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture

ROBBERY = seed.ARMED_ROBBERY
SHOTS = 1  # the first 911 call


async def card(bot_fixture: BotFixture, view: View) -> discord.Message:
    """Send what a card carries, as the bot does."""
    channel = bot_fixture.bot.get_channel(bot_fixture.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send("A card", view=view)


async def call_card(bot_fixture: BotFixture, call_id: int = ROBBERY) -> discord.Message:
    return await card(bot_fixture, call_buttons(seed.SERVER_ID, call_id))


async def emergency_card(bot_fixture: BotFixture, number: int = SHOTS) -> discord.Message:
    return await card(bot_fixture, emergency_buttons(seed.SERVER_ID, number))


def words(result: InteractionResult) -> str:
    """Return the text of a private reply, which may be in the message that was pressed."""
    assert result.response is not None
    assert result.response.ephemeral
    return result.response.content


async def settled(bot_fixture: BotFixture, result: InteractionResult) -> str:
    """Return the text of a private reply a while later."""
    await bot_fixture.advance(60)
    return words(result)


def labels(result: InteractionResult) -> list[str]:
    """List the labels of the buttons under a reply."""
    assert result.response is not None
    items = [one for row in result.response.components for one in row["components"]]
    return [one["label"] for one in items if "label" in one]


def followed(result: InteractionResult) -> str:
    """Return what the one private message that came after the answer says."""
    (message,) = result.followups
    assert message.flags.ephemeral
    return message.content


async def pick(bot_fixture: BotFixture, panel: InteractionResult, what: str, *values: Any) -> None:
    """Pick in one of the panel's selects."""
    assert panel.response is not None
    place = menu(panel, what)["custom_id"]
    await bot_fixture.dana.select(panel.response.message, list(values), custom_id=place)


def menu(panel: InteractionResult, what: str) -> dict[str, Any]:
    assert panel.response is not None
    rows = panel.response.components
    (found,) = [
        one for row in rows for one in row["components"] if f"pick-{what}:" in one["custom_id"]
    ]
    return dict(found)


async def set_primary(
    who: MemberActor, more: InteractionResult, call_id: int, unit: str
) -> InteractionResult:
    """Pick a unit in the menu behind More."""
    assert more.response is not None
    place = f"cad:primary:{seed.SERVER_ID}:{call_id}"
    return await who.select(more.response.message, [unit], custom_id=place)


async def press(who: MemberActor, result: InteractionResult, label: str) -> InteractionResult:
    assert result.response is not None
    return await who.click(result.response.message, label=label)


def promote(bot_fixture: BotFixture, *names: str) -> None:
    for name in names:
        backend = bot_fixture.env.backend
        backend.add_member_role(
            bot_fixture.guild.id, bot_fixture.members[name].id, bot_fixture.dispatch.id
        )
