"""Messages about links are delivered if possible, and no error of Discord is fatal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.services.links.link_changes import LinkChange, LinkChangeKind, MessageRef, RequestNotice
from bot.storage.stores.link_request_store import LinkRequestState
from bot.ui.links.link_announcer import DiscordLinkNotifier
from tests.ui.links.test_link_text import LINK, NOON, request
from tests.ui.orders.test_order_announcer import GONE, LOG, SURPRISES, TOKEN, Discord

ENDED = request(
    LinkRequestState.APPROVED,
    decided_by=9,
    decided_at=NOON,
    application_id=6,
    token=TOKEN,
    reply_id=99,
    channel_id=LOG,
    message_id=5,
)
TOLD = "✅ Approved by <@9>: your link to `steam:1`."
NEWS = LinkChange(LinkChangeKind.REMOVED, LINK, 9)


class Client(Discord):
    """A fake channel whose messages may have buttons."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.cards: list[tuple[str, dict[str, Any]]] = []

    def get_channel(self, channel_id: int) -> None:
        return None

    def get_guild(self, guild_id: int) -> SimpleNamespace:
        return SimpleNamespace(name="*Andreas*")

    def get_partial_messageable(self, channel_id: int) -> SimpleNamespace:
        async def send(text: str, **what: Any) -> SimpleNamespace:
            self.happens("post")
            self.posts.append((channel_id, text))
            self.cards.append((text, what))
            return SimpleNamespace(id=5)

        async def edit(**what: Any) -> None:
            self.happens("close")
            self.cards.append(("", what))

        message = SimpleNamespace(edit=edit)
        return SimpleNamespace(send=send, get_partial_message=lambda message_id: message)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    return Client(monkeypatch)


def delivery(client: Client, log_channel_id: int | None = LOG) -> DiscordLinkNotifier:
    return DiscordLinkNotifier(client, log_channel_id)  # type: ignore[arg-type]


async def test_a_request_is_shown(client: Client) -> None:
    assert await delivery(client).post_request(RequestNotice(request(), None, None)) == MessageRef(
        LOG, 5
    )
    ((text, what),) = client.cards
    assert text.startswith("⏳ <@7> asks to be linked")
    assert [one.item.custom_id for one in what["view"].children] == ["cad:approve:3", "cad:deny:3"]


@pytest.mark.parametrize("fault", SURPRISES, ids=lambda one: type(one).__name__)
async def test_a_request_that_cannot_be_shown(client: Client, fault: Exception) -> None:
    client.faults["post"] = fault
    assert await delivery(client).post_request(RequestNotice(request(), None, None)) is None
    assert await delivery(client, None).post_request(RequestNotice(request(), None, None)) is None


@pytest.mark.parametrize("fault", [None, *SURPRISES], ids=lambda one: type(one).__name__)
async def test_a_request_is_closed(client: Client, fault: Exception | None) -> None:
    if fault:
        client.faults["close"] = fault
    await delivery(client).close_request(ENDED)
    await delivery(client).close_request(request(LinkRequestState.DENIED))  # was never shown
    assert len(client.cards) == (0 if fault else 1)
    if not fault:
        assert client.cards[0][1]["view"] is None


async def test_the_answer_is_where_it_was_asked(client: Client) -> None:
    await delivery(client).answer_requester(ENDED)
    ((application_id, message_id, what),) = client.edits
    assert (application_id, message_id, what["content"]) == (6, 99, TOLD)
    assert client.letters + client.posts == []


@pytest.mark.parametrize("fault", SURPRISES, ids=lambda one: type(one).__name__)
async def test_else_a_message_else_the_log_channel(
    client: Client, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    client.faults = {"edit": fault}
    await delivery(client).answer_requester(ENDED)
    assert client.letters == [(7, f"**\\*Andreas\\***: {TOLD}")]
    assert client.posts == []
    client.faults["write"] = fault
    await delivery(client).answer_requester(ENDED)
    assert client.posts == [(LOG, f"<@7>: {TOLD}")]
    client.faults["post"] = fault
    await delivery(client).answer_requester(ENDED)
    assert TOKEN not in caplog.text


async def test_without_a_token_nothing_is_edited(client: Client) -> None:
    await delivery(client).answer_requester(request(LinkRequestState.EXPIRED))
    assert client.edits == []
    assert len(client.letters) == 1


async def test_news(client: Client) -> None:
    await delivery(client).notify_owner(NEWS)
    await delivery(client).log_change(NEWS)
    assert client.letters == [(7, "**\\*Andreas\\***: <@9> has removed your link to `steam:1`.")]
    assert client.posts == [(LOG, "🔗 <@7> is no longer linked to `steam:1` · by <@9>")]


async def test_news_that_nobody_takes(client: Client) -> None:
    client.faults = {"find": GONE, "post": discord.RateLimited(60.0)}
    await delivery(client).notify_owner(NEWS)
    await delivery(client).log_change(NEWS)
    await delivery(client, None).log_change(NEWS)
    assert client.letters + client.posts == []
