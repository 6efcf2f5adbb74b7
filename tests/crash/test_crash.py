"""Killed at any moment and started again: no order is lost, misdirected or left unanswered."""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections.abc import Sequence

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.faults import RateLimited
from tests.crash.busy_discord import LOG_CHANNEL_ID, Moment, Pressed
from tests.crash.crash_fixture import Countdown, CrashFixture, StoredOrder, has_connected
from tests.deadlines import HANG_TIMEOUT
from tests.faults.fault_fixture import CALLS, unit_number
from tests.process.conftest import Bot

UNITS = [unit_number(number) for number in range(12)]  # few, so that some are sent here and there
ANSWERED = re.compile("^(<@.+>, your order: )?[✅⚠❌]")
CONFIRMED = re.compile(r"Confirmed by the CAD\.|^❌|^⚠️ Nothing")

pytestmark = pytest.mark.process


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("version", "lives", "crowd", "calls"), [(1, 14, 8, 5), (2, 6, 4, 3)], ids=["v1", "v2"]
)
async def test_kill_9_loses_nothing(
    crash_fixture: CrashFixture, lives: int, crowd: int, calls: int
):
    dice = random.Random(f"{lives} lives")
    for moment in dice.sample([*Moment] * 2, lives):
        most = 2 if moment in {Moment.ORDERING, Moment.ORDERED} else crowd
        bot = await crash_fixture.start()
        crash_fixture.discord.watch = Countdown(moment, dice.randint(1, most), crash_fixture.kill)
        if await has_connected(crash_fixture, bot):
            places = [None, *CALLS[:calls] * 2]
            await crash_fixture.discord.press(
                [(dice.choice(UNITS), dice.choice(places)) for _ in range(crowd)]
            )
        assert await bot.end() == -signal.SIGKILL

    crash_fixture.discord.watch = lambda _: False
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    await crash_fixture.until(lambda: everyone_knows(crash_fixture))
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0

    stored = {one.token: one for one in crash_fixture.orders()}
    for one in crash_fixture.discord.pressed:
        assert one.token in stored or not one.acknowledged
        if one.token in stored:
            the_answer_is_the_outcome(one, stored[one.token])
    for unit in {one.units for one in stored.values()}:
        nobody_was_misdirected(crash_fixture, [one for one in stored.values() if one.units == unit])
    assert "token-of-interaction" not in crash_fixture.log
    assert "Traceback" not in crash_fixture.log


def everyone_knows(crash_fixture: CrashFixture) -> bool:
    """Return True if each member has an answer, and the last one unless the unit was sent on."""
    orders = crash_fixture.orders()
    answers: dict[str | None, str] = {
        one.token: one.answer for one in crash_fixture.discord.pressed
    }
    last = {one.units: one for one in orders}
    return all(
        (CONFIRMED if one in last.values() else ANSWERED).search(answers[one.token])
        for one in orders
    )


def the_answer_is_the_outcome(one: Pressed, order: StoredOrder) -> None:
    # The CAD is healthy: only a detachment may find that there is nothing to do any more.
    assert order.state == "done" or (order.state == "refused" and order.action == "detach")
    done = f"**#{order.call_id}**" if order.call_id else "Off their calls"
    # A bot that died half-way does not know what was done, nor, later, which call was meant.
    not_done = (
        "⚠️ Nothing was changed|❌ It is not certain|sent to another call meanwhile"
        "|⚠️ The CAD shows these units on no call now"
    )
    assert re.search(re.escape(done) if order.state == "done" else not_done, one.answer)
    assert order.units in one.answer.replace("\\", "")


def nobody_was_misdirected(crash_fixture: CrashFixture, orders: Sequence[StoredOrder]) -> None:
    """Compare what became of a unit with its orders, in the order in which they were given."""
    unit = orders[0].units
    shown: set[int | None] = {None}
    for order in orders:
        # A detachment that finds nothing to do may have been carried out before the bot died.
        shown = (
            ({None} if order.state == "done" else {*shown, None})
            if order.call_id is None
            else {order.call_id}
        )
    assert crash_fixture.call_of(unit) in shown
    ordered = iter([one.call_id for one in orders if one.call_id is not None])
    here = None
    for arrival in crash_fixture.arrivals.get(unit, []):
        # Forward only: never back to where it had been sent before.
        while here != arrival:
            here = next(ordered)


async def test_no_unit_is_taken_off_a_call_that_the_order_did_not_mean(crash_fixture: CrashFixture):
    unit, meant, other = UNITS[0], *CALLS[:2]
    ident = next(
        one.id for one in crash_fixture.server.units.values() if one.badge.unit_num == unit
    )
    target = Target(ident_ids=(ident,))
    crash_fixture.cad.world.attach(crash_fixture.server, meant, target)
    bot = await start_knowing(crash_fixture)
    crash_fixture.discord.watch = Countdown(Moment.ORDERED, 1, crash_fixture.kill)
    await crash_fixture.discord.press([(unit, None)])
    assert await bot.end() == -signal.SIGKILL
    assert crash_fixture.call_of(unit) is None

    # While the bot does not run, a dispatcher in the CAD sends the unit elsewhere.
    crash_fixture.cad.world.attach(crash_fixture.server, other, target)
    bot = await crash_fixture.start()
    await crash_fixture.until(lambda: bool(ANSWERED.search(crash_fixture.discord.pressed[1].text)))
    assert crash_fixture.call_of(unit) == other
    assert "no longer on that call" in crash_fixture.discord.pressed[1].text


@pytest.mark.parametrize("is_down", [True, False], ids=["down", "told to wait"])
async def test_a_stop_during_an_outage_keeps_the_orders(crash_fixture: CrashFixture, is_down: bool):
    bot = await start_knowing(crash_fixture)
    crash_fixture.cad.faults.set(RateLimited(3600))
    if is_down:
        await crash_fixture.cad.pause()
    await crash_fixture.discord.press(list(zip(UNITS, CALLS, strict=False)))
    waiting = crash_fixture.discord.pressed[1:]
    await crash_fixture.until(lambda: all(one.text.startswith("⏳") for one in waiting))

    bot.signal(signal.SIGTERM)
    async with asyncio.timeout(HANG_TIMEOUT):
        assert await bot.end() == 0
    assert {one.state for one in crash_fixture.orders()[1:]} == {"queued"}

    # A bot that starts now does not get to know any unit.
    await crash_fixture.cad.pause()
    crash_fixture.cad.faults.clear()
    for one in waiting:
        one.text = ""
    bot = await crash_fixture.start()
    await crash_fixture.until(lambda: all(one.text for one in waiting))
    assert all(one.text.startswith("⏳") for one in waiting)

    await crash_fixture.cad.resume()
    await crash_fixture.until(lambda: all(CONFIRMED.search(one.text) for one in waiting))
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    for one in waiting:
        assert one.text.startswith(f"✅ **#{one.call_id}**")
        assert crash_fixture.call_of(one.unit) == one.call_id
    assert all(one.answered for one in crash_fixture.orders()[1:])


async def test_who_waited_too_long_is_told_elsewhere_and_tokens_are_wiped(
    crash_fixture: CrashFixture,
):
    crash_fixture.settings["LOG_CHANNEL_ID"] = LOG_CHANNEL_ID
    bot = await start_knowing(crash_fixture)
    await crash_fixture.cad.pause()
    await crash_fixture.discord.press([(UNITS[0], 100), (UNITS[1], None)])
    waiting = crash_fixture.discord.pressed[1:]
    # Between two attempts: killed during one, the bot could not know what became of it.
    await crash_fixture.until(lambda: all(one.text.startswith("⏳") for one in waiting))
    bot.process.kill()
    await bot.end()

    crash_fixture.make_older(minutes=16)
    crash_fixture.discord.tokens_are_old = True
    await crash_fixture.cad.resume()
    bot = await crash_fixture.start()
    await crash_fixture.until(
        lambda: all(one.message and logged_about(crash_fixture, one) for one in waiting)
    )
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    for one in waiting:
        (reported,) = logged_about(crash_fixture, one)
        assert "❌ Not " in one.message
        assert one.unit in one.message.replace("\\", "")
        assert reported.startswith("❌ ")
        assert f"by <@{one.user_id}>" in reported
        assert crash_fixture.call_of(one.unit) is None
    ends = {(one.state, one.answered, one.token) for one in crash_fixture.orders()[1:]}
    assert ends == {("expired", 1, None)}


async def start_knowing(crash_fixture: CrashFixture) -> Bot:
    """Start a bot and let it show that it knows the units."""
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    await crash_fixture.discord.press([(UNITS[-1], CALLS[-1])])
    await crash_fixture.until(lambda: crash_fixture.discord.pressed[0].text.startswith("✅"))
    return bot


def logged_about(crash_fixture: CrashFixture, one: Pressed) -> list[str]:
    return [line for line in crash_fixture.discord.logged if f"<@{one.user_id}>" in line]
