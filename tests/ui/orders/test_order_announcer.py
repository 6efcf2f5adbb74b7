"""If one way to deliver an answer fails, the next one is used; no error of Discord is fatal."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.services.orders.outcomes import OrderView, WaitNotice
from bot.services.targets.resolution import Assignee
from bot.ui.orders.order_announcer import DiscordOrderAnnouncer
from tests.ui.orders.test_order_text import NOW, PAT, SNOWFLAKE, done, view

TOKEN = "aW50ZXJhY3Rpb24"
LOG = 77
GONE = discord.NotFound(SimpleNamespace(status=404, reason="Not Found"), "Unknown Webhook")
SURPRISES = [
    GONE,
    discord.RateLimited(60.0),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ContentTypeError(
        SimpleNamespace(real_url=f"https://discord.com/webhooks/7/{TOKEN}"),  # type: ignore[arg-type]
        (),
    ),
    TimeoutError(),
    ConnectionResetError("reset"),
    ValueError(f"no webhook at {TOKEN}"),
]


class Discord:
    """A fake client and webhook; `faults` maps the place to the error that it raises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.faults: dict[str, Exception] = {}
        self.edits: list[tuple[int, int | str, dict[str, Any]]] = []
        self.posts: list[tuple[int, str]] = []
        self.letters: list[tuple[int, str]] = []

        def partial(application_id: int, token: str, *, client: object) -> SimpleNamespace:
            assert (token, client) == (TOKEN, self)

            async def edit_message(message_id: int | str, **what: Any) -> None:
                self.happens("edit")
                self.edits.append((application_id, message_id, what))

            return SimpleNamespace(edit_message=edit_message)

        monkeypatch.setattr(discord.Webhook, "partial", partial)

    def happens(self, what: str) -> None:
        if fault := self.faults.get(what):
            raise fault

    def get_partial_messageable(self, channel_id: int) -> SimpleNamespace:
        async def send(text: str) -> None:
            self.happens("post")
            self.posts.append((channel_id, text))

        return SimpleNamespace(send=send)

    async def fetch_user(self, user_id: int) -> SimpleNamespace:
        self.happens("find")

        async def send(text: str) -> None:
            self.happens("write")
            self.letters.append((user_id, text))

        return SimpleNamespace(send=send)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Discord:
    return Discord(monkeypatch)


def delivery(client: Discord, log_channel_id: int | None = LOG) -> DiscordOrderAnnouncer:
    return DiscordOrderAnnouncer(client, log_channel_id)  # type: ignore[arg-type]


def with_token(one: OrderView, **more: Any) -> OrderView:
    return replace(one, order=replace(one.order, token=TOKEN, **more))


DONE = with_token(done(PAT), reply_id=99)
WAITS = with_token(view(PAT, waiting=WaitNotice(NOW, None, 60)), reply_id=99)
TOLD = "<@5>, your order: ✅ **#100**: <@7> (A\\-12)"


def labels(what: dict[str, Any]) -> list[str]:
    return [one.item.label for one in what["view"].children]


async def test_the_private_reply_is_edited(client: Discord) -> None:
    assert await delivery(client).show(DONE)
    ((application_id, message_id, what),) = client.edits
    assert (application_id, message_id) == (6, 99)
    assert what["content"] == "✅ **#100**: <@7> (A\\-12)"
    assert labels(what) == ["Undo"]
    assert client.posts + client.letters == []


async def test_a_waiting_reply_can_be_cancelled(client: Discord) -> None:
    assert await delivery(client).show(WAITS)
    assert labels(client.edits[0][2]) == ["Cancel"]


async def test_a_reply_whose_message_is_not_known(client: Discord) -> None:
    assert await delivery(client).show(with_token(done(PAT)))
    assert client.edits[0][1] == "@original"


@pytest.mark.parametrize("fault", SURPRISES, ids=lambda one: type(one).__name__)
async def test_a_reply_that_cannot_be_edited_is_told_in_the_log_channel(
    client: Discord, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    client.faults["edit"] = fault
    assert await delivery(client).show(DONE)
    assert client.posts == [(LOG, TOLD)]
    assert client.letters == []
    assert "cannot edit the reply to order 1: " in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("fault", SURPRISES, ids=lambda one: type(one).__name__)
async def test_else_by_a_message_of_its_own(client: Discord, fault: Exception) -> None:
    client.faults = {"edit": fault, "post": fault}
    assert await delivery(client).show(DONE)
    assert client.letters == [(5, TOLD)]


@pytest.mark.parametrize("where", ["find", "write"])
@pytest.mark.parametrize("fault", SURPRISES, ids=lambda one: type(one).__name__)
async def test_else_nobody_was_told(client: Discord, fault: Exception, where: str) -> None:
    client.faults = {"edit": fault, "post": fault, where: fault}
    assert not await delivery(client).show(DONE)


async def test_without_a_token_nothing_is_edited(client: Discord) -> None:
    assert await delivery(client).show(replace(DONE, order=replace(DONE.order, token=None)))
    assert client.edits == []
    assert client.posts == [(LOG, TOLD)]


async def test_without_a_log_channel_a_message_is_written(client: Discord) -> None:
    client.faults["edit"] = GONE
    assert await delivery(client, None).show(DONE)
    assert client.letters == [(5, TOLD)]


async def test_what_still_waits_is_told_nowhere_else(client: Discord) -> None:
    client.faults["edit"] = GONE
    assert not await delivery(client).show(WAITS)
    assert client.posts + client.letters == []


async def test_what_is_told_elsewhere_fits_into_a_message_too(client: Discord) -> None:
    client.faults["edit"] = GONE
    people = [Assignee("x" * 60, SNOWFLAKE, None, None) for _ in range(50)]
    for count in range(20, 50):
        await delivery(client).show(done(*people[:count], actor_id=SNOWFLAKE, title="-" * 100))
    assert all(len(text) <= 2000 for _, text in client.posts)


async def test_the_end_is_one_line_in_the_log_channel(client: Discord) -> None:
    await delivery(client).report(DONE)
    ((channel_id, text),) = client.posts
    assert channel_id == LOG
    assert text.startswith("✅ <@7> (A\\-12) → **#100** · by <@5>")
    client.faults["post"] = GONE
    await delivery(client).report(DONE)
    await delivery(client, None).report(DONE)
    assert len(client.posts) == 1
