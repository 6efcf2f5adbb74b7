"""Killed at any moment and started again: no order is lost, misdirected or left unanswered."""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.faults import RateLimited
from tests.crash.discord import LOG_CHANNEL_ID, Moment, Pressed
from tests.crash.town import Stored, Town
from tests.faults.stage import CALLS, unit_number
from tests.process.conftest import Bot

UNITS = [unit_number(number) for number in range(12)]  # few, so that some are sent here and there
ANSWERED = re.compile("^(<@.+>, your order: )?[✅⚠❌]")
CONFIRMED = re.compile(r"Confirmed by the CAD\.$|^❌")

pytestmark = pytest.mark.process


@dataclass(slots=True)
class Countdown:
    """Does something at the last of some moments."""

    moment: Moment
    left: int
    do: Callable[[], None]

    def __call__(self, moment: Moment) -> bool:
        self.left -= moment is self.moment
        is_last = moment is self.moment and self.left == 0
        if is_last:
            self.do()
        return is_last


@pytest.mark.parametrize(
    ("version", "lives", "crowd", "calls"), [(1, 14, 8, 5), (2, 6, 4, 3)], ids=["v1", "v2"]
)
async def test_kill_9_loses_nothing(town: Town, lives: int, crowd: int, calls: int):
    dice = random.Random(f"{lives} lives")
    for moment in dice.sample([*Moment] * 2, lives):
        most = 2 if moment in {Moment.ORDERING, Moment.ORDERED} else crowd
        bot = await town.start()
        town.discord.watch = Countdown(moment, dice.randint(1, most), bot.process.kill)
        if await has_connected(town, bot):
            places = [None, *CALLS[:calls] * 2]
            await town.discord.press(
                [(dice.choice(UNITS), dice.choice(places)) for _ in range(crowd)]
            )
        assert await bot.end() == -signal.SIGKILL

    town.discord.watch = lambda _: False
    bot = await town.start()
    await bot.reaches(town.discord.connected)
    await town.until(lambda: everyone_knows(town))
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0

    stored = {one.token: one for one in town.orders()}
    for one in town.discord.pressed:
        assert one.token in stored or not one.acknowledged
        if one.token in stored:
            the_answer_is_the_outcome(one, stored[one.token])
    for unit in {one.units for one in stored.values()}:
        nobody_was_misdirected(town, [one for one in stored.values() if one.units == unit])
    assert "token-of-interaction" not in town.log
    assert "Traceback" not in town.log


async def has_connected(town: Town, bot: Bot) -> bool:
    """Wait for a bot that may be killed before it gets that far."""
    connected = asyncio.create_task(town.discord.connected.wait())
    ended = asyncio.create_task(bot.process.wait())
    await asyncio.wait({connected, ended}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    connected.cancel()
    ended.cancel()
    return town.discord.connected.is_set()


def everyone_knows(town: Town) -> bool:
    """Tell whether everyone has an answer, and all but those whose unit was sent on, the last."""
    orders = town.orders()
    answers: dict[str | None, str] = {one.token: one.answer for one in town.discord.pressed}
    last = {one.units: one for one in orders}
    return all(
        (CONFIRMED if one in last.values() else ANSWERED).search(answers[one.token])
        for one in orders
    )


def the_answer_is_the_outcome(one: Pressed, order: Stored) -> None:
    # The CAD is healthy: only a detachment may find that there is nothing to do any more.
    assert order.state == "done" or (order.state == "refused" and order.action == "detach")
    done = f"**#{order.call_id}**" if order.call_id else "Off their calls"
    # Who died half-way does not know.
    not_done = r"❌ (Not|It is not certain whether the units were) detached"
    assert re.search(re.escape(done) if order.state == "done" else not_done, one.answer)
    assert order.units in one.answer.replace("\\", "")


def nobody_was_misdirected(town: Town, orders: Sequence[Stored]) -> None:
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
    assert town.call_of(unit) in shown
    ordered = iter([one.call_id for one in orders if one.call_id is not None])
    here = None
    for arrival in town.arrivals.get(unit, []):
        # Forward only: never back to where it had been sent before.
        while here != arrival:
            here = next(ordered)


async def test_nobody_is_taken_off_a_call_that_the_order_did_not_mean(town: Town):
    unit, meant, other = UNITS[0], *CALLS[:2]
    ident = next(one.id for one in town.server.units.values() if one.badge.unit_num == unit)
    target = Target(ident_ids=(ident,))
    town.cad.world.attach(town.server, meant, target)
    bot = await start_knowing(town)
    town.discord.watch = Countdown(Moment.ORDERED, 1, bot.process.kill)
    await town.discord.press([(unit, None)])
    assert await bot.end() == -signal.SIGKILL
    assert town.call_of(unit) is None

    # While the bot is dead, somebody in the CAD sends the unit elsewhere.
    town.cad.world.attach(town.server, other, target)
    bot = await town.start()
    await town.until(lambda: bool(ANSWERED.search(town.discord.pressed[1].text)))
    assert town.call_of(unit) == other
    assert "no longer on that call" in town.discord.pressed[1].text


@pytest.mark.parametrize("is_down", [True, False], ids=["down", "told to wait"])
async def test_a_stop_during_an_outage_keeps_the_orders(town: Town, is_down: bool):
    bot = await start_knowing(town)
    town.cad.faults.set(RateLimited(3600))
    if is_down:
        await town.cad.pause()
    await town.discord.press(list(zip(UNITS, CALLS, strict=False)))
    waiting = town.discord.pressed[1:]
    await town.until(lambda: all(one.text.startswith("⏳") for one in waiting))

    bot.signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await bot.end() == 0
    assert {one.state for one in town.orders()[1:]} == {"queued"}

    # A bot that starts now does not get to know any unit.
    await town.cad.pause()
    town.cad.faults.clear()
    for one in waiting:
        one.text = ""
    bot = await town.start()
    await town.until(lambda: all(one.text for one in waiting))
    assert all(one.text.startswith("⏳") for one in waiting)

    await town.cad.resume()
    await town.until(lambda: all(CONFIRMED.search(one.text) for one in waiting))
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    for one in waiting:
        assert one.text.startswith(f"✅ **#{one.call_id}**")
        assert town.call_of(one.unit) == one.call_id
    assert all(one.answered for one in town.orders()[1:])


async def test_who_waited_too_long_is_told_elsewhere_and_tokens_are_wiped(town: Town):
    town.settings["LOG_CHANNEL_ID"] = LOG_CHANNEL_ID
    bot = await start_knowing(town)
    await town.cad.pause()
    await town.discord.press([(UNITS[0], 100), (UNITS[1], None)])
    waiting = town.discord.pressed[1:]
    # Between two attempts: killed during one, the bot could not know what became of it.
    await town.until(lambda: all(one.text.startswith("⏳") for one in waiting))
    bot.process.kill()
    await bot.end()

    town.age(minutes=16)
    town.discord.tokens_are_old = True
    await town.cad.resume()
    bot = await town.start()
    await town.until(lambda: all(len(logged_about(town, one)) == 2 for one in waiting))
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    for one in waiting:
        told, reported = logged_about(town, one)
        assert told.startswith(f"<@{one.user_id}>, your order: ❌ Not ")
        assert one.unit in told.replace("\\", "")
        assert reported.startswith("❌ ")
        assert f"by <@{one.user_id}>" in reported
        assert town.call_of(one.unit) is None
    ends = {(one.state, one.answered, one.token) for one in town.orders()[1:]}
    assert ends == {("expired", 1, None)}


async def start_knowing(town: Town) -> Bot:
    """Start a bot and let it show that it knows the units."""
    bot = await town.start()
    await bot.reaches(town.discord.connected)
    await town.discord.press([(UNITS[-1], CALLS[-1])])
    await town.until(lambda: town.discord.pressed[0].text.startswith("✅"))
    return bot


def logged_about(town: Town, one: Pressed) -> list[str]:
    return [line for line in town.discord.logged if f"<@{one.user_id}>" in line]
