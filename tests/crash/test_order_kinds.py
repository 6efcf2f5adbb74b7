"""Killed at any request of an order of any kind: it is finished, and told, once."""

from __future__ import annotations

import signal
from functools import partial

import pytest

from bot.services.queue.order_kinds import KINDS
from bot.storage.stores.order_store import OrderAction
from tests.crash.busy_discord import Moment, Pressed
from tests.crash.crash_fixture import Countdown, CrashFixture
from tests.faults.fault_fixture import unit_number
from tests.order_samples import EVERY_REQUEST, REQUEST_IDS, SAMPLES, Subject

pytestmark = pytest.mark.process


@pytest.mark.parametrize("version", [1, 2], ids=["v1", "v2"])
@pytest.mark.parametrize("moment", [Moment.ORDERING, Moment.ORDERED], ids=["before", "after"])
@pytest.mark.parametrize(("action", "number"), EVERY_REQUEST, ids=REQUEST_IDS)
async def test_killed_at_any_request_it_is_finished_and_told_once(
    crash_fixture: CrashFixture, action: OrderAction, number: int, moment: Moment
) -> None:
    pressed = await give_and_kill(crash_fixture, action, Countdown(moment, number + 1))
    is_traceless = SAMPLES[action].is_traceless and moment is Moment.ORDERED
    assert pressed.answer.startswith("✅") or is_traceless


@pytest.mark.parametrize("action", KINDS)
async def test_killed_once_something_is_told_no_message_waits_for_ever(
    crash_fixture: CrashFixture, action: OrderAction
) -> None:
    pressed = await give_and_kill(crash_fixture, action, Countdown(Moment.TOLD, 1))
    assert pressed.answer.startswith("✅")
    assert pressed.beside == []


async def give_and_kill(
    crash_fixture: CrashFixture, action: OrderAction, countdown: Countdown
) -> Pressed:
    """Give an order, kill the bot, start it again; return the press once it is answered."""
    sample, unit = SAMPLES[action], unit_number(0)
    subject = Subject.prepare(crash_fixture.cad.world, crash_fixture.server, unit, sample)
    bot = await crash_fixture.start()
    await bot.reaches(crash_fixture.discord.connected)
    first = None
    if sample.undoes:
        first = await crash_fixture.give(SAMPLES[sample.undoes], subject)
        await crash_fixture.until(partial(is_final, OrderAction.ATTACH, first))
        subject.changes.clear()
    countdown.do = crash_fixture.kill
    crash_fixture.discord.watch = countdown
    pressed = await crash_fixture.give(sample, subject, on=first)
    assert await bot.end() == -signal.SIGKILL

    crash_fixture.discord.watch = lambda _: False
    bot = await crash_fixture.start()
    await crash_fixture.until(lambda: all(one.answered for one in crash_fixture.orders()))
    assert is_final(action, pressed)
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    assert subject.changes == list(sample.changes)
    return pressed


def is_final(action: OrderAction, pressed: Pressed) -> bool:
    """Tell whether an answer will not change any more."""
    text = pressed.answer
    is_confirmed = KINDS[action].is_shown is None or "Confirmed by the CAD." in text
    return text.startswith("❌") or (text.startswith("✅") and is_confirmed)
