"""What people read while their order waits, and how long it waits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.cad.errors import CadRateLimited, CadTimeout, CadUnavailable, CadUnreachable
from bot.services.queue.order_notifier import EDIT_GAP
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1, v2
from tests.services.office import DANA, LIFETIME, Office

DOWN = CadUnreachable("Connection refused")
EXPIRY = "<t:1780348485:t>"  # a quarter of an hour after nine, less 15 s


def gaps(office: Office, order_id: int) -> list[float]:
    return [b.at - a.at for a, b in pairwise(office.people.told[order_id])]


async def test_while_the_cad_is_down_a_reply_says_so_once(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    await office.passes(300)
    assert office.texts(first) == [
        (
            "⏳ Sonoran CAD cannot be reached (`Connection refused`)."
            f" I keep trying until {EXPIRY}."
            "\nTo be attached to **#100**: <@1001> (A\\-1)"
        )
    ]
    office.cad.fault = None
    await office.passes(60)
    assert office.text(first).startswith("✅")


async def test_a_new_reason_is_told(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    await office.passes(60)
    office.cad.fault = CadUnavailable(status=502)
    await office.passes(60)
    assert [one.partition(" I keep")[0] for one in office.first_lines(first)] == [
        "⏳ Sonoran CAD cannot be reached (`Connection refused`).",
        "⏳ Sonoran CAD has a fault (502).",
    ]


async def test_a_short_wait_is_not_told(office: Office) -> None:
    office.cad.faults.append(DOWN)
    first = await office.order("1")
    await office.passes(60)
    assert [one[0] for one in office.first_lines(first)] == ["✅"] * len(office.texts(first))


async def test_no_reply_is_edited_more_often_than_every_three_seconds(office: Office) -> None:
    office.cad.faults.extend(
        [DOWN, CadTimeout(), CadUnavailable(status=502), CadUnavailable(status=503), DOWN]
    )
    first = await office.order("1")
    await office.passes(180)
    assert len(office.texts(first)) >= 3
    assert min(gaps(office, first)) >= EDIT_GAP
    assert office.text(first).startswith("✅")


async def test_what_is_told_late_is_the_latest(office: Office) -> None:
    """Faults come quicker than edits may: the last of them is not left out."""
    office.cad.faults.extend([DOWN, DOWN, CadUnavailable(status=502)])
    office.cad.fault = CadUnavailable(status=502)
    first = await office.order("1")
    await office.passes(1.5)
    assert "cannot be reached" in office.text(first)
    office.cad.fault = CadUnavailable(status=503)
    await office.passes(20)
    assert "(503)" in office.text(first)


@v1
async def test_a_slow_discord_delays_no_order_and_shows_no_old_state(office: Office) -> None:
    office.people.seconds = 30.0
    office.cad.faults.extend([DOWN, DOWN, DOWN])
    first = await office.order("1")
    await office.passes(8)
    assert office.cad.call_of(1) == 100
    assert [one.at for one in office.cad.sent] == [0.0, 1.0, 3.0, 7.0]
    await office.passes(300)
    assert office.text(first).startswith("✅")
    marks = "".join(one[0] for one in office.texts(first))
    assert marks == "⏳" + "✅" * (len(marks) - 1)


@v1
async def test_a_reply_that_waits_its_turn_says_when_it_goes_out(office: Office) -> None:
    for one in range(1, 6):
        await office.order(str(one), 666)  # refused: each costs a request
    office.cad.attach_limiter.on_rate_limited(20.0)
    first = await office.order("9")
    assert office.texts(first) == [
        (
            "⏳ Busy: it goes out <t:1780347620:R> at the earliest."
            " The CAD takes 24 orders a minute."
            "\nTo be attached to **#100**: <@1009> (A\\-9)"
        )
    ]
    await office.passes(19.9)
    assert len(office.texts(first)) == 1
    assert await office.state(first) is OrderState.QUEUED
    await office.passes(1)
    assert await office.state(first) is OrderState.DONE


@v2
async def test_the_other_budget_is_another_one(office: Office) -> None:
    office.cad.attach_limiter.on_rate_limited(40.0)
    attach = await office.order("1")
    detach = await office.detach("2")
    assert await office.states(attach, detach) == [OrderState.QUEUED, OrderState.DONE]


@v2
async def test_whoever_must_not_overtake_is_told_what_they_wait_for(office: Office) -> None:
    office.cad.attach_limiter.on_rate_limited(40.0)
    await office.order("1")
    detach = await office.detach("1")
    assert await office.state(detach) is OrderState.QUEUED
    await office.passes(1)
    assert office.texts(detach) == [
        (
            "⏳ Busy: it goes out <t:1780347640:R> at the earliest."
            " The CAD takes 8 orders a minute."
            "\nTo be detached from their calls: <@1001> (A\\-1)"
        )
    ]
    await office.passes(60)
    assert await office.state(detach) is OrderState.DONE
    assert office.cad.call_of(1) is None


async def test_whoever_waits_behind_a_slow_request_is_told(office: Office) -> None:
    office.cad.seconds = 8.0
    first = await office.order("1")
    second = await office.order("1", 101)
    await office.passes(5)
    assert office.texts(first) == []  # it is being sent
    assert office.text(second).startswith("⏳ Sonoran CAD is not answering.")
    await office.passes(60)
    assert await office.states(first, second) == [OrderState.DONE] * 2


async def test_an_order_that_is_being_sent_is_not_called_waiting(office: Office) -> None:
    office.cad.fault = DOWN
    first, second = await office.order("1"), await office.order("2")
    office.cad.fault, office.cad.seconds = None, 30.0
    await office.passes(25)
    assert await office.states(first, second) == [OrderState.SENDING] * 2
    assert office.texts(first) + office.texts(second) == []


async def test_cancel_is_offered_until_the_order_is_sent(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    await office.passes(10)
    assert office.people.told[first][-1].view.waiting
    assert await office.queue.cancel(first, DANA)
    await office.passes(10)
    assert office.people.told[first][-1].view.waiting is None


@pytest.mark.parametrize("seconds", [5.0, 120.0, 600.0])
async def test_retry_after_is_obeyed_in_full(office: Office, seconds: float) -> None:
    office.cad.faults.append(CadRateLimited(retry_after=seconds))
    first = await office.order("1")
    await office.passes(seconds - 0.1)
    assert len(office.sent) == 1
    await office.passes(6)  # v2 gathers for as much as ten seconds at half the pace
    assert len(office.sent) == 2
    assert await office.state(first) is OrderState.DONE


async def test_a_retry_after_longer_than_the_reply_lives(office: Office) -> None:
    office.cad.faults.append(CadRateLimited(retry_after=3600.0))
    first = await office.order("1")
    await office.passes(LIFETIME.total_seconds() + 5)
    assert await office.state(first) is OrderState.EXPIRED
    assert len(office.sent) == 1
    assert office.texts(first)[0].startswith("⏳ Sonoran CAD takes no more orders for now.")


async def test_a_fault_that_names_a_time_is_believed(office: Office) -> None:
    office.cad.faults.append(CadUnavailable(status=503, retry_after=40.0))
    await office.order("1")
    await office.passes(39)
    assert len(office.sent) == 1
    await office.passes(2)
    assert len(office.sent) == 2


@v1
async def test_a_429_halves_the_pace_for_a_minute(office: Office) -> None:
    office.cad.faults.append(CadRateLimited())
    await office.order("1")
    assert office.cad.attach_limiter.per_minute == 24
    await office.passes(61)
    assert office.cad.attach_limiter.per_minute == 60


@v1
async def test_attempts_become_rarer(office: Office) -> None:
    office.cad.fault = DOWN
    await office.order("1")
    await office.passes(90)
    waits = [round(b.at - a.at) for a, b in pairwise(office.cad.sent)]
    assert waits[:5] == [1, 2, 4, 8, 15]
    assert set(waits[5:]) == {15}


async def test_everybody_waits_for_the_same_attempt(office: Office) -> None:
    office.cad.fault = DOWN
    for one in range(1, 21):
        await office.give(str(one))
    await office.passes(120)
    assert len(office.sent) < 20


async def test_the_lone_order_of_a_quiet_minute_waits_for_nobody(office: Office) -> None:
    for one in range(1, 13):
        order = await office.order(str(one))
        assert await office.state(order) is OrderState.DONE
        await office.passes(8)


@v2
async def test_a_busy_minute_gathers_for_ten_seconds_at_most(office: Office) -> None:
    for one in range(1, 4):
        await office.order(str(one), 100 + one)
    held = await office.order("9", 104)
    assert await office.state(held) is OrderState.QUEUED
    await office.passes(9.9)
    assert await office.state(held) is OrderState.QUEUED
    await office.passes(0.2)
    assert await office.state(held) is OrderState.DONE


async def test_a_look_at_whom_an_order_is_about_counts_as_waiting(office: Office) -> None:
    office.lookup_seconds = lambda order: 10.0
    office.cad.fault = DOWN
    first = await office.order("1", 100, OrderAction.ATTACH)
    await office.passes(10.5)
    assert office.text(first).startswith("⏳")
