"""If one way to deliver an answer fails, the next one is used; no error of Discord is fatal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.services.orders.outcomes import OrderView, WaitNotice
from bot.services.targets.resolution import Assignee
from bot.ui.orders.order_announcer import DiscordOrderAnnouncer
from tests.ui.fake_discord import ERRORS, GONE, LOG_CHANNEL, TOKEN, FakeDiscord
from tests.ui.orders.test_order_text import NOW, PAT, SNOWFLAKE, done, view


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeDiscord:
    return FakeDiscord(monkeypatch)


def delivery(
    client: FakeDiscord, log_channel_id: int | None = LOG_CHANNEL
) -> DiscordOrderAnnouncer:
    return DiscordOrderAnnouncer(client, log_channel_id)  # type: ignore[arg-type]


def with_token(one: OrderView, **more: Any) -> OrderView:
    return replace(one, order=replace(one.order, token=TOKEN, **more))


DONE = with_token(done(PAT), reply_id=99)
WAITS = with_token(view(PAT, waiting=WaitNotice(NOW, None, 60)), reply_id=99)
TOLD = "<@5>, your order: ✅ **#100**: <@7> (A\\-12)"


def labels(what: dict[str, Any]) -> list[str]:
    return [one.item.label for one in what["view"].children]


async def test_the_private_reply_is_edited(client: FakeDiscord) -> None:
    assert await delivery(client).show(DONE)
    ((application_id, message_id, what),) = client.reply_edits
    assert (application_id, message_id) == (6, 99)
    assert what["content"] == "✅ **#100**: <@7> (A\\-12)"
    assert labels(what) == ["Undo"]
    assert client.posts + client.direct_messages == []


async def test_a_waiting_reply_can_be_cancelled(client: FakeDiscord) -> None:
    assert await delivery(client).show(WAITS)
    assert labels(client.reply_edits[0][2]) == ["Cancel"]


async def test_a_reply_whose_message_is_not_known(client: FakeDiscord) -> None:
    assert await delivery(client).show(with_token(done(PAT)))
    assert client.reply_edits[0][1] == "@original"


@pytest.mark.parametrize("fault", ERRORS, ids=lambda one: type(one).__name__)
async def test_a_reply_that_cannot_be_edited_is_told_in_the_log_channel(
    client: FakeDiscord, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    client.faults["edit reply"] = fault
    assert await delivery(client).show(DONE)
    assert client.posts == [(LOG_CHANNEL, TOLD)]
    assert client.direct_messages == []
    assert "cannot edit the reply to order 1: " in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("fault", ERRORS, ids=lambda one: type(one).__name__)
async def test_else_by_a_message_of_its_own(client: FakeDiscord, fault: Exception) -> None:
    client.faults = {"edit reply": fault, "post": fault}
    assert await delivery(client).show(DONE)
    assert client.direct_messages == [(5, TOLD)]


@pytest.mark.parametrize("where", ["find user", "direct message"])
@pytest.mark.parametrize("fault", ERRORS, ids=lambda one: type(one).__name__)
async def test_else_the_actor_was_not_told(
    client: FakeDiscord, fault: Exception, where: str
) -> None:
    client.faults = {"edit reply": fault, "post": fault, where: fault}
    assert not await delivery(client).show(DONE)


async def test_without_a_token_nothing_is_edited(client: FakeDiscord) -> None:
    assert await delivery(client).show(replace(DONE, order=replace(DONE.order, token=None)))
    assert client.reply_edits == []
    assert client.posts == [(LOG_CHANNEL, TOLD)]


async def test_without_a_log_channel_a_message_is_written(client: FakeDiscord) -> None:
    client.faults["edit reply"] = GONE
    assert await delivery(client, None).show(DONE)
    assert client.direct_messages == [(5, TOLD)]


async def test_what_still_waits_is_told_nowhere_else(client: FakeDiscord) -> None:
    client.faults["edit reply"] = GONE
    assert not await delivery(client).show(WAITS)
    assert client.posts + client.direct_messages == []


async def test_what_is_told_elsewhere_fits_into_a_message_too(client: FakeDiscord) -> None:
    client.faults["edit reply"] = GONE
    people = [Assignee("x" * 60, SNOWFLAKE, None, None) for _ in range(50)]
    for count in range(20, 50):
        await delivery(client).show(done(*people[:count], actor_id=SNOWFLAKE, title="-" * 100))
    assert all(len(text) <= 2000 for _, text in client.posts)


async def test_the_end_is_one_line_in_the_log_channel(client: FakeDiscord) -> None:
    await delivery(client).report(DONE)
    ((channel_id, text),) = client.posts
    assert channel_id == LOG_CHANNEL
    assert text.startswith("✅ <@7> (A\\-12) → **#100** · by <@5>")
    client.faults["post"] = GONE
    await delivery(client).report(DONE)
    await delivery(client, None).report(DONE)
    assert len(client.posts) == 1
