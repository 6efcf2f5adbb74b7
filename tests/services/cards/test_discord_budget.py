"""What answers no interaction stays below Discord's limit for a bot, the most urgent first."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.cards.discord_budget import LIMIT, STAMP_LIMIT, DiscordBudget, Urgency
from tests.manual_clock import ManualClock

STEP = 0.01  # seconds


class Guilds:
    """Guilds that always want to send, and ask again when they were told to."""

    def __init__(self, wishes: dict[str, Urgency]) -> None:
        self.clock = ManualClock()
        self.budget = DiscordBudget(self.clock)
        self.wishes = wishes
        self.order = random.Random(7)
        self.ask_at = dict.fromkeys(wishes, 0.0)
        self.sent: list[tuple[float, str]] = []

    def run(self, seconds: float) -> Counter[str]:
        """Let time pass; return how many requests each has sent."""
        before = len(self.sent)
        for _ in range(round(seconds / STEP)):
            for guild in self.order.sample(sorted(self.wishes), len(self.wishes)):
                urgency = self.wishes[guild]
                while self.clock.seconds >= self.ask_at[guild]:
                    if wait := self.budget.claim(guild, urgency):
                        self.ask_at[guild] = self.clock.seconds + wait
                    else:
                        self.sent.append((self.clock.seconds, guild))
                        break
            self.clock.seconds += STEP
        return Counter(guild for _, guild in self.sent[before:])


def busiest_second(times: list[float]) -> int:
    return max(sum(start <= one < start + 1 for one in times) for start in times)


def test_what_has_room_is_sent_at_once():
    budget = DiscordBudget(ManualClock())
    for urgency in Urgency:
        assert budget.claim("guild", urgency) == 0


@given(st.lists(st.sampled_from(list(Urgency)), min_size=1, max_size=60))
def test_no_second_has_too_many_requests(urgencies: list[Urgency]):
    guilds = Guilds({f"guild {number}": one for number, one in enumerate(urgencies)})
    guilds.run(3)
    assert busiest_second([at for at, _ in guilds.sent]) <= LIMIT.requests
    stamping = {name for name, one in guilds.wishes.items() if one is Urgency.STAMP}
    stamps = [at for at, name in guilds.sent if name in stamping]
    assert not stamps or busiest_second(stamps) <= STAMP_LIMIT.requests


def test_a_new_911_call_goes_before_all_that_waits():
    guilds = Guilds({f"busy {number}": Urgency.CHANGE for number in range(300)})
    guilds.run(2)
    guilds.wishes["new"], guilds.ask_at["new"] = Urgency.NEW_EMERGENCY, 0.0
    before = guilds.clock.seconds
    guilds.run(1.1)
    assert next(at for at, name in guilds.sent if name == "new") - before <= LIMIT.seconds


def test_stamps_stretch_and_share_what_there_is_for_them():
    guilds = Guilds({f"guild {number}": Urgency.STAMP for number in range(90)})
    sent = guilds.run(20)
    # Ninety cards have a stamp every ten seconds, and so on.
    assert set(sent.values()) <= {1, 2, 3}
    assert sum(sent.values()) == pytest.approx(20 * STAMP_LIMIT.requests, rel=0.1)


def test_stamps_wait_while_others_use_all():
    wishes = {f"busy {number}": Urgency.CHANGE for number in range(60)}
    guilds = Guilds({**wishes, "stamps": Urgency.STAMP})
    guilds.run(2)
    assert guilds.run(5)["stamps"] == 0


def test_guilds_of_one_urgency_take_turns():
    guilds = Guilds({f"guild {number}": Urgency.CHANGE for number in range(100)})
    sent = guilds.run(20)
    assert max(sent.values()) - min(sent.values()) <= 2
    assert sum(sent.values()) >= 0.9 * 20 * LIMIT.requests


def test_who_does_not_ask_again_holds_up_no_other():
    clock = ManualClock()
    budget = DiscordBudget(clock)
    for number in range(LIMIT.requests + 50):
        budget.claim(number, Urgency.NEW_CARD)
    clock.seconds += 10
    assert budget.claim("later", Urgency.MESSAGE) == 0


async def test_a_message_waits_for_its_turn():
    clock = ManualClock()
    budget, start = DiscordBudget(clock), clock.seconds
    for _ in range(LIMIT.requests):
        assert not budget.claim("cards", Urgency.CHANGE)
    await budget.take(Urgency.MESSAGE)
    assert clock.seconds - start == pytest.approx(LIMIT.seconds)
