from __future__ import annotations

from datetime import timedelta

import pytest

from bot.services.access.policy import Actor
from bot.services.communities.attempts import TRIES, TRIES_OF_ALL, WITHIN, WITHIN_OF_ALL, Attempts
from bot.services.guild_errors import TooManyTries
from tests.manual_clock import ManualClock


def actor(user_id: int, guild_id: int = 1) -> Actor:
    return Actor(user_id, guild_id, frozenset(), manages_server=True)


def test_each_member_has_some_tries_in_each_guild():
    clock = ManualClock()
    attempts = Attempts(clock)
    for _ in range(TRIES):
        attempts.count(actor(1))
        clock.seconds += 1
    with pytest.raises(TooManyTries) as refused:
        attempts.count(actor(1))
    # The first try ends the wait.
    assert refused.value.until - clock.now() == timedelta(seconds=WITHIN - TRIES)
    attempts.count(actor(2))
    attempts.count(actor(1, guild_id=2))
    clock.seconds += WITHIN - TRIES
    attempts.count(actor(1))
    with pytest.raises(TooManyTries):
        attempts.count(actor(1))


def test_all_members_together_have_a_limit():
    clock = ManualClock()
    attempts = Attempts(clock)
    for number in range(TRIES_OF_ALL):
        attempts.count(actor(number))
    with pytest.raises(TooManyTries) as refused:
        attempts.count(actor(-1))
    assert refused.value.until - clock.now() == timedelta(seconds=WITHIN_OF_ALL)
    clock.seconds += WITHIN_OF_ALL
    attempts.count(actor(-1))
