"""How often urgent calls ping the role."""

from __future__ import annotations

from bot.services.cards.urgent_pings import PING_LIMIT, UrgentPings
from tests.manual_clock import ManualClock


def test_a_few_calls_ping_and_the_others_are_counted_once() -> None:
    clock = ManualClock()
    pings = UrgentPings(clock)
    taken = [pings.take() for _ in range(PING_LIMIT.requests + 4)]
    assert taken == [True] * PING_LIMIT.requests + [False] * 4
    due = [pings.is_summary_due]
    clock.seconds += PING_LIMIT.seconds
    due.append(pings.is_summary_due)
    # The ping that counts comes before the ping of one more call.
    assert not pings.take()
    assert pings.take_summary() == 5
    due.append(pings.is_summary_due)
    assert due == [False, True, False]
    assert pings.take()
