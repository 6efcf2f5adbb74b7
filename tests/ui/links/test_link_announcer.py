"""Messages about links are delivered if possible, and no error of Discord is fatal."""

from __future__ import annotations

import discord
import pytest

from bot.common.clock import SYSTEM_CLOCK
from bot.services.cards.discord_budget import DiscordBudget
from bot.services.links.link_changes import LinkChange, LinkChangeKind, MessageRef, RequestNotice
from bot.storage.stores.link_request_store import LinkRequestState
from bot.ui.links.link_announcer import DiscordLinkNotifier
from tests.ui.fake_discord import ERRORS, GONE, LOG_CHANNEL, TOKEN, FakeDiscord
from tests.ui.links.test_link_text import LINK, NOON, request

ENDED = request(
    LinkRequestState.APPROVED,
    decided_by=9,
    decided_at=NOON,
    application_id=6,
    token=TOKEN,
    reply_id=99,
    channel_id=LOG_CHANNEL,
    message_id=5,
)
TOLD = "✅ Approved by <@9>: your link to `steam:1`."
NEWS = LinkChange(LinkChangeKind.REMOVED, LINK, 9)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeDiscord:
    return FakeDiscord(monkeypatch)


def delivery(client: FakeDiscord, log_channel_id: int | None = LOG_CHANNEL) -> DiscordLinkNotifier:
    return DiscordLinkNotifier(client, log_channel_id, DiscordBudget(SYSTEM_CLOCK))  # type: ignore[arg-type]


async def test_a_request_is_shown(client: FakeDiscord) -> None:
    assert await delivery(client).post_request(RequestNotice(request(), None, None)) == MessageRef(
        LOG_CHANNEL, 5
    )
    ((_, text),), (what,) = client.posts, client.post_options
    assert text.startswith("⏳ <@7> asks to be linked")
    assert [one.item.custom_id for one in what["view"].children] == ["cad:approve:3", "cad:deny:3"]


@pytest.mark.parametrize("fault", ERRORS, ids=lambda one: type(one).__name__)
async def test_a_request_that_cannot_be_shown(client: FakeDiscord, fault: Exception) -> None:
    client.faults["post"] = fault
    assert await delivery(client).post_request(RequestNotice(request(), None, None)) is None
    assert await delivery(client, None).post_request(RequestNotice(request(), None, None)) is None


@pytest.mark.parametrize("fault", [None, *ERRORS], ids=lambda one: type(one).__name__)
async def test_a_request_is_closed(client: FakeDiscord, fault: Exception | None) -> None:
    if fault:
        client.faults["edit message"] = fault
    await delivery(client).close_request(ENDED)
    await delivery(client).close_request(request(LinkRequestState.DENIED))  # was never shown
    assert len(client.message_edits) == (0 if fault else 1)
    if not fault:
        assert client.message_edits[0][1]["view"] is None


async def test_the_answer_is_where_it_was_asked(client: FakeDiscord) -> None:
    await delivery(client).answer_requester(ENDED)
    ((application_id, message_id, what),) = client.reply_edits
    assert (application_id, message_id, what["content"]) == (6, 99, TOLD)
    assert client.direct_messages + client.posts == []


@pytest.mark.parametrize("fault", ERRORS, ids=lambda one: type(one).__name__)
async def test_without_the_reply_a_message_and_without_that_the_log_channel(
    client: FakeDiscord, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    client.faults = {"edit reply": fault}
    await delivery(client).answer_requester(ENDED)
    assert client.direct_messages == [(7, f"**\\*Andreas\\***: {TOLD}")]
    assert client.posts == []
    client.faults["direct message"] = fault
    await delivery(client).answer_requester(ENDED)
    assert client.posts == [(LOG_CHANNEL, f"<@7>: {TOLD}")]
    client.faults["post"] = fault
    await delivery(client).answer_requester(ENDED)
    assert TOKEN not in caplog.text


async def test_without_a_token_nothing_is_edited(client: FakeDiscord) -> None:
    await delivery(client).answer_requester(request(LinkRequestState.EXPIRED))
    assert client.reply_edits == []
    assert len(client.direct_messages) == 1


async def test_news(client: FakeDiscord) -> None:
    await delivery(client).notify_owner(NEWS)
    await delivery(client).log_change(NEWS)
    assert client.direct_messages == [
        (7, "**\\*Andreas\\***: <@9> has removed your link to `steam:1`.")
    ]
    assert client.posts == [(LOG_CHANNEL, "🔗 <@7> is no longer linked to `steam:1` · by <@9>")]


async def test_news_that_cannot_be_delivered(client: FakeDiscord) -> None:
    client.faults = {"find user": GONE, "post": discord.RateLimited(60.0)}
    await delivery(client).notify_owner(NEWS)
    await delivery(client).log_change(NEWS)
    await delivery(client, None).log_change(NEWS)
    assert client.direct_messages + client.posts == []
