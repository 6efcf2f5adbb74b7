"""Killed again and again during a mixed stream of orders of all kinds; `--kills` says how often."""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.storage.stores.order_store import OrderAction
from tests.crash.busy_discord import Moment, Pressed
from tests.crash.crash_fixture import Countdown, CrashFixture, StoredOrder, has_connected
from tests.faults.fault_fixture import MEMBER_COUNT, unit_number
from tests.order_samples import SAMPLES, Subject
from tests.process.conftest import Bot

CROWD = 6  # orders of one life of the bot
LIVES = MEMBER_COUNT // CROWD  # between two checks: each order has a unit of its own
LEFT_OUT = "sent to another call meanwhile"
NOT_CERTAIN = "❌ It is not certain whether the units were detached"
FINAL = re.compile("^(<@.+>, your order: )?[✅⚠❌]")

# Every wait has a limit of its own; the whole may take hours.
pytestmark = [pytest.mark.process, pytest.mark.timeout(0)]


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """An order, what it is about, and what its member sees."""

    action: OrderAction
    subject: Subject
    pressed: Pressed


@dataclass(slots=True)
class Stream:
    """The orders since the last check."""

    crash_fixture: CrashFixture
    dice: random.Random
    given: list[GivenOrder] = field(default_factory=list)
    prepared: int = 0  # orders
    kills: int = 0

    async def live(self) -> None:
        """Start the bot, give it some orders, and kill it at a random moment."""
        crash_fixture, dice = self.crash_fixture, self.dice
        crowd = [self.prepare() for _ in range(CROWD)]
        bot = await crash_fixture.start()
        moment = dice.choice([*Moment])
        crash_fixture.discord.watch = Countdown(moment, dice.randint(1, CROWD), crash_fixture.kill)
        if await has_connected(crash_fixture, bot):
            giving = [self.give(action, subject) for action, subject in crowd]
            given = await asyncio.gather(*giving)
            # A moment that comes less often than that does not end the bot.
            await self.until_told(given, bot)
        if not crash_fixture.is_killed:
            crash_fixture.kill()
        assert await bot.end() == -signal.SIGKILL
        self.kills += 1

    async def check(self) -> None:
        """Let the bot finish what is open, and compare each answer with what the CAD has done."""
        crash_fixture = self.crash_fixture
        crash_fixture.discord.watch = lambda _: False
        bot = await crash_fixture.start()
        await bot.reaches(crash_fixture.discord.connected)
        stored = {one.token: one for one in crash_fixture.orders()}
        waiting = [one for one in self.given if one.pressed.token in stored]
        await self.until_told(waiting, bot)
        bot.signal(signal.SIGTERM)
        assert await bot.end() == 0
        for one in self.given:
            is_true(one, stored.get(one.pressed.token))
        assert "Traceback" not in crash_fixture.log
        assert "token-of-interaction" not in crash_fixture.log
        self.tidy_up()

    async def until_told(self, orders: Sequence[GivenOrder], bot: Bot) -> None:
        """Wait until the members have their outcomes, or the bot is killed."""
        crash_fixture = self.crash_fixture
        try:
            await crash_fixture.until(lambda: crash_fixture.is_killed or all(map(is_told, orders)))
        except TimeoutError:
            untold = [one for one in orders if not is_told(one)]
            stored = {one.token: one for one in crash_fixture.orders()}
            found = [(one, stored.get(one.pressed.token)) for one in untold]
            raise AssertionError(found, bot.log) from None

    def prepare(self) -> tuple[OrderAction, Subject]:
        """Put what an order of any kind is about into the CAD."""
        action, world = self.dice.choice([*SAMPLES]), self.crash_fixture.cad.world
        unit = unit_number(self.prepared % MEMBER_COUNT)
        self.prepared += 1
        subject = Subject.prepare(world, self.crash_fixture.server, unit, SAMPLES[action])
        return action, subject

    async def give(self, action: OrderAction, subject: Subject) -> GivenOrder:
        """Let the member whose unit it is give an order, after the one that it undoes."""
        crash_fixture, sample, first = self.crash_fixture, SAMPLES[action], None
        if sample.undoes is not None:
            first = await crash_fixture.give(SAMPLES[sample.undoes], subject)
            before = GivenOrder(sample.undoes, subject, first)
            await crash_fixture.until(lambda: crash_fixture.is_killed or is_told(before))
            if crash_fixture.is_killed:
                self.given.append(before)
                return before
            ids = {one.token: one.id for one in crash_fixture.orders()}
            subject.undone = ids[first.token]
            subject.changes.clear()
        one = GivenOrder(action, subject, await crash_fixture.give(sample, subject, on=first))
        self.given.append(one)
        return one

    def tidy_up(self) -> None:
        """Close all calls, as a dispatcher would at the end of a shift."""
        world, server = self.crash_fixture.cad.world, self.crash_fixture.server
        self.given.clear()
        for call_id in list(server.calls):
            world.close(server, call_id)
        for number in list(server.emergencies):
            world.remove_911(server, number)
        world.history.clear()


def is_told(one: GivenOrder) -> bool:
    """Tell whether a member has the outcome."""
    return bool(FINAL.search(one.pressed.answer))


def is_true(one: GivenOrder, order: StoredOrder | None) -> None:
    """Compare what a member was told with what the CAD has done."""
    done, sample = one.subject.changes, SAMPLES[one.action]
    if order is None:  # the bot died before it could be stored
        # A press that is acknowledged in place shows nothing as long as there is no order.
        is_open = one.pressed.acknowledged and not one.pressed.is_in_place
        assert not is_open or one.pressed.form, one
        assert done == [], one
    else:
        # The CAD is healthy. Which call a detach has meant is not known after some seconds, and a
        # bot that did not know the unit's call cannot know what it has done.
        is_left_out = sample.is_traceless and LEFT_OUT in one.pressed.answer
        is_uncertain = sample.is_traceless and NOT_CERTAIN in one.pressed.answer
        assert done == list(sample.changes) or ((is_left_out or is_uncertain) and done == []), (
            one,
            order,
        )
        assert "✅" in one.pressed.answer or sample.is_traceless, (one, order)


@pytest.mark.parametrize("version", [1, 2], ids=["v1", "v2"])
async def test_each_order_is_done_and_told_once(
    crash_fixture: CrashFixture, version: int, kills: int, kill_seed: str
) -> None:
    crash_fixture.time_limit = 120
    stream = Stream(crash_fixture, random.Random(f"{kill_seed}/{version}"))
    while stream.kills < kills:
        for _ in range(min(LIVES, kills - stream.kills)):
            await stream.live()
        await stream.check()
