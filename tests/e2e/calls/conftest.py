from __future__ import annotations

import pytest

from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.shown_cards import SEEDED, Cards


@pytest.fixture
async def cards(bot_fixture: BotFixture) -> Cards:
    """Start the bot with a channel of cards that shows what is open at first."""
    channel = bot_fixture.guild.create_text_channel("calls")
    await bot_fixture.start(calls_channel_id=channel.id, ping_role_id=bot_fixture.dispatch.id)
    cards = Cards(bot_fixture, channel)
    await cards.until(lambda: len(cards.messages) == SEEDED)
    return cards
