"""If one way to deliver an answer fails, the next one is used; no error of Discord is fatal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.common.clock import SYSTEM_CLOCK
from bot.services.cards.discord_budget import DiscordBudget
from bot.services.orders.outcomes import OrderView, WaitNotice
from bot.services.reply import Delivery
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
    return DiscordOrderAnnouncer(client, log_channel_id, DiscordBudget(SYSTEM_CLOCK))  # type: ignore[arg-type]


def with_token(one: OrderView, **more: Any) -> OrderView:
    return replace(one, order=replace(one.order, token=TOKEN, **more))


DONE = with_token(done(PAT), reply_id=99)
WAITS = with_token(view(PAT, waiting=WaitNotice(NOW, None, 60)), reply_id=99)
TOLD = "<@5>, your order: ✅ **#100**: <@7> (A\\-12)"


FINAL = [one for one in ERRORS if one is GONE or isinstance(one, ValueError)]
PASSING = [one for one in ERRORS if one not in FINAL]


def labels(what: dict[str, Any]) -> list[str]:
    return [one.item.label for one in what["view"].children]


async def test_the_private_reply_is_edited(client: FakeDiscord) -> None:
    assert await delivery(client).show(DONE) is Delivery.DONE
    ((application_id, message_id, what),) = client.reply_edits
    assert (application_id, message_id) == (6, 99)
    assert what["content"] == "✅ **#100**: <@7> (A\\-12)"
    assert labels(what) == ["Undo"]
    assert client.posts + client.direct_messages == []


async def test_a_waiting_reply_can_be_cancelled(client: FakeDiscord) -> None:
    assert await delivery(client).show(WAITS) is Delivery.DONE
    assert labels(client.reply_edits[0][2]) == ["Cancel"]


async def test_a_reply_whose_message_is_not_known(client: FakeDiscord) -> None:
    assert await delivery(client).show(with_token(done(PAT))) is Delivery.DONE
    assert client.reply_edits[0][1] == "@original"


@pytest.mark.parametrize("fault", FINAL, ids=lambda one: type(one).__name__)
async def test_a_reply_that_discord_refuses_to_edit(
    client: FakeDiscord, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    client.faults["edit reply"] = fault
    assert await delivery(client).show(DONE) is Delivery.IMPOSSIBLE
    assert client.posts + client.direct_messages == []
    assert "cannot edit the reply to order 1: " in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("fault", PASSING, ids=lambda one: type(one).__name__)
async def test_an_outage_of_discord_is_one_line(
    client: FakeDiscord, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    announcer = delivery(client)
    client.faults["edit reply"] = fault
    for _ in range(60):
        assert await announcer.show(DONE) is Delivery.FAILED
    (line,) = caplog.messages
    assert line.startswith("Discord fails, cannot edit the replies to orders: ")
    assert TOKEN not in line
    client.faults.clear()
    assert await announcer.show(DONE) is Delivery.DONE
    assert caplog.messages[1:] == ["can edit the replies to orders again"]


async def test_without_a_token_nothing_is_edited(client: FakeDiscord) -> None:
    one = replace(DONE, order=replace(DONE.order, token=None))
    assert await delivery(client).show(one) is Delivery.IMPOSSIBLE
    assert client.reply_edits == []


async def test_the_outcome_is_sent_as_a_direct_message(client: FakeDiscord) -> None:
    assert await delivery(client).send(DONE) is Delivery.DONE
    assert client.direct_messages == [(5, TOLD)]
    assert client.posts == []


@pytest.mark.parametrize("where", ["find user", "direct message"])
@pytest.mark.parametrize("fault", ERRORS, ids=lambda one: type(one).__name__)
async def test_without_a_direct_message_the_log_channel_has_the_outcome(
    client: FakeDiscord, fault: Exception, where: str
) -> None:
    client.faults = {where: fault}
    assert await delivery(client).send(DONE) is Delivery.DONE
    assert client.posts == [(LOG_CHANNEL, TOLD)]


@pytest.mark.parametrize(
    ("messaging", "posting", "result"),
    [
        (GONE, GONE, Delivery.IMPOSSIBLE),
        (GONE, TimeoutError(), Delivery.FAILED),
        (TimeoutError(), GONE, Delivery.FAILED),
    ],
)
async def test_an_outcome_is_sent_again_where_one_way_may_work_later(
    client: FakeDiscord, messaging: Exception, posting: Exception, result: Delivery
) -> None:
    client.faults = {"direct message": messaging, "post": posting}
    assert await delivery(client).send(DONE) is result


async def test_without_a_log_channel_there_is_one_way(client: FakeDiscord) -> None:
    client.faults["direct message"] = GONE
    assert await delivery(client, None).send(DONE) is Delivery.IMPOSSIBLE


async def test_what_is_told_elsewhere_fits_into_a_message_too(client: FakeDiscord) -> None:
    people = [Assignee("x" * 60, SNOWFLAKE, None, None) for _ in range(50)]
    for count in range(20, 50):
        await delivery(client).send(done(*people[:count], actor_id=SNOWFLAKE, title="-" * 100))
    assert all(len(text) <= 2000 for _, text in client.direct_messages)
    assert len(client.direct_messages) == 30


async def test_the_end_is_one_line_in_the_log_channel(client: FakeDiscord) -> None:
    await delivery(client).report(DONE)
    ((channel_id, text),) = client.posts
    assert channel_id == LOG_CHANNEL
    assert text.startswith("✅ <@7> (A\\-12) → **#100** · by <@5>")
    client.faults["post"] = GONE
    await delivery(client).report(DONE)
    await delivery(client, None).report(DONE)
    assert len(client.posts) == 1
