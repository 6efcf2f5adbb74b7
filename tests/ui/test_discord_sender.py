"""Messages that answer no interaction: a failure is logged without a secret, and not raised."""

from __future__ import annotations

import discord
import pytest

from bot.common.clock import SYSTEM_CLOCK
from bot.services.cards.discord_budget import DiscordBudget
from bot.services.reply import Delivery
from bot.ui.discord_sender import DiscordSender, attempt

BUDGET = DiscordBudget(SYSTEM_CLOCK)


async def succeed() -> str:
    return "sent"


async def fail(error: Exception) -> None:
    raise error


async def test_a_request_that_worked_is_not_logged(caplog: pytest.LogCaptureFixture):
    assert await attempt(succeed(), "send it") is True
    assert caplog.records == []


async def test_a_failure_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture):
    assert await attempt(fail(OSError("no network")), "write to user 7") is False
    assert caplog.messages == ["cannot write to user 7: no network"]


async def test_the_text_of_an_unknown_error_is_not_logged(caplog: pytest.LogCaptureFixture):
    error = RuntimeError("https://discord.com/api/webhooks/1/a-token")
    assert await attempt(fail(error), "edit the reply") is False
    assert caplog.messages == ["cannot edit the reply: RuntimeError"]


async def test_without_a_log_channel_nothing_is_posted(caplog: pytest.LogCaptureFixture):
    client = discord.Client(intents=discord.Intents(guilds=True))
    sender = DiscordSender(client, None, BUDGET)
    assert await sender.post_to_log("text") is Delivery.IMPOSSIBLE
    assert caplog.records == []


async def test_a_client_that_is_not_logged_in_raises_nothing(caplog: pytest.LogCaptureFixture):
    sender = DiscordSender(
        discord.Client(intents=discord.Intents(guilds=True)), 900, DiscordBudget(SYSTEM_CLOCK)
    )
    assert await sender.post_to_log("text") is Delivery.FAILED
    assert await sender.direct_message(7, "text") is Delivery.FAILED
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "Discord fails, cannot write into the log channel",
        "Discord fails, cannot send direct messages",
    ]
