"""What people read while their order waits, and how long it waits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.cad.errors import CadRateLimited, CadTimeout, CadUnavailable, CadUnreachable
from bot.common.discord_limits import EDIT_GAP
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1, v2
from tests.services.queue_fixture import DANA, LIFETIME, QueueFixture

DOWN = CadUnreachable("Connection refused")
EXPIRY = "<t:1780348485:t>"  # a quarter of an hour after nine, less 15 s


def gaps(queue_fixture: QueueFixture, order_id: int) -> list[float]:
    return [b.at - a.at for a, b in pairwise(queue_fixture.announcer.shown[order_id])]


async def test_while_the_cad_is_down_a_reply_says_so_once(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.advance(300)
    assert queue_fixture.texts(first) == [
        (
            "⏳ Sonoran CAD cannot be reached (`Connection refused`)."
            f" I keep trying until {EXPIRY}."
            "\nTo be attached to **#100**: <@1001> (A\\-1)"
        )
    ]
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert queue_fixture.text(first).startswith("✅")


async def test_a_new_reason_is_told(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    queue_fixture.cad.fault = CadUnavailable(status=502)
    await queue_fixture.advance(60)
    assert [one.partition(" I keep")[0] for one in queue_fixture.first_lines(first)] == [
        "⏳ Sonoran CAD cannot be reached (`Connection refused`).",
        "⏳ Sonoran CAD has a fault (502).",
    ]


async def test_a_short_wait_is_not_told(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults.append(DOWN)
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    assert [one[0] for one in queue_fixture.first_lines(first)] == ["✅"] * len(
        queue_fixture.texts(first)
    )


async def test_no_reply_is_edited_more_often_than_every_three_seconds(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults.extend(
        [DOWN, CadTimeout(), CadUnavailable(status=502), CadUnavailable(status=503), DOWN]
    )
    first = await queue_fixture.order("1")
    await queue_fixture.advance(180)
    assert len(queue_fixture.texts(first)) >= 3
    assert min(gaps(queue_fixture, first)) >= EDIT_GAP
    assert queue_fixture.text(first).startswith("✅")


async def test_what_is_told_late_is_the_latest(queue_fixture: QueueFixture) -> None:
    """Faults come quicker than edits may: the last of them is not left out."""
    queue_fixture.cad.faults.extend([DOWN, DOWN, CadUnavailable(status=502)])
    queue_fixture.cad.fault = CadUnavailable(status=502)
    first = await queue_fixture.order("1")
    await queue_fixture.advance(1.5)
    assert "cannot be reached" in queue_fixture.text(first)
    queue_fixture.cad.fault = CadUnavailable(status=503)
    await queue_fixture.advance(20)
    assert "(503)" in queue_fixture.text(first)


@v1
async def test_a_slow_discord_delays_no_order_and_shows_no_old_state(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.announcer.seconds = 30.0
    queue_fixture.cad.faults.extend([DOWN, DOWN, DOWN])
    first = await queue_fixture.order("1")
    await queue_fixture.advance(8)
    assert queue_fixture.cad.call_of(1) == 100
    assert [one.at for one in queue_fixture.cad.sent] == [0.0, 1.0, 3.0, 7.0]
    await queue_fixture.advance(300)
    assert queue_fixture.text(first).startswith("✅")
    marks = "".join(one[0] for one in queue_fixture.texts(first))
    assert marks == "⏳" + "✅" * (len(marks) - 1)


@v1
async def test_a_reply_that_waits_its_turn_says_when_it_goes_out(
    queue_fixture: QueueFixture,
) -> None:
    for one in range(1, 6):
        await queue_fixture.order(str(one), 666)  # refused: each costs a request
    queue_fixture.cad.limiters.attach.on_rate_limited(20.0)
    first = await queue_fixture.order("9")
    assert queue_fixture.texts(first) == [
        (
            "⏳ Busy: it goes out <t:1780347620:R> at the earliest."
            " The CAD takes 24 orders a minute."
            "\nTo be attached to **#100**: <@1009> (A\\-9)"
        )
    ]
    await queue_fixture.advance(19.9)
    assert len(queue_fixture.texts(first)) == 1
    assert await queue_fixture.state(first) is OrderState.QUEUED
    await queue_fixture.advance(1)
    assert await queue_fixture.state(first) is OrderState.DONE


@v2
async def test_the_other_budget_is_another_one(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.limiters.attach.on_rate_limited(40.0)
    queue_fixture.cad.put(2, 101)
    attach = await queue_fixture.order("1")
    detach = await queue_fixture.detach("2")
    assert await queue_fixture.states(attach, detach) == [OrderState.QUEUED, OrderState.DONE]


@v2
async def test_an_order_that_must_not_overtake_says_what_it_waits_for(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.limiters.attach.on_rate_limited(40.0)
    await queue_fixture.order("1")
    detach = await queue_fixture.detach("1")
    assert await queue_fixture.state(detach) is OrderState.QUEUED
    await queue_fixture.advance(1)
    assert queue_fixture.texts(detach) == [
        (
            "⏳ Busy: it goes out <t:1780347640:R> at the earliest."
            " The CAD takes 8 orders a minute."
            "\nTo be detached from their calls: <@1001> (A\\-1)"
        )
    ]
    await queue_fixture.advance(60)
    assert await queue_fixture.state(detach) is OrderState.DONE
    assert queue_fixture.cad.call_of(1) is None


async def test_an_order_behind_a_slow_request_says_so(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.seconds = 8.0
    first = await queue_fixture.order("1")
    second = await queue_fixture.order("1", 101)
    await queue_fixture.advance(5)
    assert queue_fixture.texts(first) == []  # it is being sent
    assert queue_fixture.text(second).startswith("⏳ Sonoran CAD is not answering.")
    await queue_fixture.advance(60)
    assert await queue_fixture.states(first, second) == [OrderState.DONE] * 2


async def test_an_order_that_is_being_sent_is_not_called_waiting(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.fault = DOWN
    first, second = await queue_fixture.order("1"), await queue_fixture.order("2")
    queue_fixture.cad.fault, queue_fixture.cad.seconds = None, 30.0
    await queue_fixture.advance(25)
    assert await queue_fixture.states(first, second) == [OrderState.SENDING] * 2
    assert queue_fixture.texts(first) + queue_fixture.texts(second) == []


async def test_cancel_is_offered_until_the_order_is_sent(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.advance(10)
    assert queue_fixture.announcer.shown[first][-1].view.waiting
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(10)
    assert queue_fixture.announcer.shown[first][-1].view.waiting is None


@pytest.mark.parametrize("seconds", [5.0, 120.0, 600.0])
async def test_retry_after_is_obeyed_in_full(queue_fixture: QueueFixture, seconds: float) -> None:
    queue_fixture.cad.faults.append(CadRateLimited(retry_after=seconds))
    first = await queue_fixture.order("1")
    await queue_fixture.advance(seconds - 0.1)
    assert len(queue_fixture.sent) == 1
    await queue_fixture.advance(6)  # v2 gathers for as much as ten seconds at half the pace
    assert len(queue_fixture.sent) == 2
    assert await queue_fixture.state(first) is OrderState.DONE


async def test_a_retry_after_longer_than_the_reply_lives(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults.append(CadRateLimited(retry_after=3600.0))
    first = await queue_fixture.order("1")
    await queue_fixture.advance(LIFETIME.total_seconds() + 5)
    assert await queue_fixture.state(first) is OrderState.EXPIRED
    assert len(queue_fixture.sent) == 1
    assert queue_fixture.texts(first)[0].startswith(
        "⏳ Sonoran CAD takes no more requests for now."
    )


async def test_a_fault_that_names_a_time_is_believed(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults.append(CadUnavailable(status=503, retry_after=40.0))
    await queue_fixture.order("1")
    await queue_fixture.advance(39)
    assert len(queue_fixture.sent) == 1
    await queue_fixture.advance(2)
    assert len(queue_fixture.sent) == 2


@v1
async def test_a_429_halves_the_pace_for_a_minute(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults.append(CadRateLimited())
    await queue_fixture.order("1")
    assert queue_fixture.cad.limiters.attach.per_minute == 24
    await queue_fixture.advance(61)
    assert queue_fixture.cad.limiters.attach.per_minute == 60


@v1
async def test_attempts_become_rarer(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    await queue_fixture.order("1")
    await queue_fixture.advance(90)
    waits = [round(b.at - a.at) for a, b in pairwise(queue_fixture.cad.sent)]
    assert waits[:5] == [1, 2, 4, 8, 15]
    assert set(waits[5:]) == {15}


async def test_all_orders_wait_for_the_same_attempt(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    for one in range(1, 21):
        await queue_fixture.submit(str(one))
    await queue_fixture.advance(120)
    assert len(queue_fixture.sent) < 20


async def test_the_lone_order_of_a_quiet_minute_does_not_wait(
    queue_fixture: QueueFixture,
) -> None:
    for one in range(1, 13):
        order = await queue_fixture.order(str(one))
        assert await queue_fixture.state(order) is OrderState.DONE
        await queue_fixture.advance(8)


@v2
async def test_a_busy_minute_gathers_for_ten_seconds_at_most(queue_fixture: QueueFixture) -> None:
    for one in range(1, 4):
        await queue_fixture.order(str(one), 100 + one)
    held = await queue_fixture.order("9", 104)
    assert await queue_fixture.state(held) is OrderState.QUEUED
    await queue_fixture.advance(9.9)
    assert await queue_fixture.state(held) is OrderState.QUEUED
    await queue_fixture.advance(0.2)
    assert await queue_fixture.state(held) is OrderState.DONE


async def test_a_lookup_counts_as_waiting(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_seconds = lambda order: 10.0
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1", 100, OrderAction.ATTACH)
    await queue_fixture.advance(10.5)
    assert queue_fixture.text(first).startswith("⏳")
