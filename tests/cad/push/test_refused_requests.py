from __future__ import annotations

from bot.cad.push.refused_requests import (
    MALFORMED_SECONDS,
    UNKNOWN_KEY_SECONDS,
    RefusedRequests,
    RefusedRequestsCounter,
)
from tests.manual_clock import ManualClock


def test_a_flood_is_a_report_now_and_then():
    clock, reports = ManualClock(), list[RefusedRequests]()
    counter = RefusedRequestsCounter(reports.append, clock)
    for _ in range(100):
        counter.count_unknown_key()
    counter.count_malformed("not JSON")  # each kind is reported for itself
    clock.seconds += MALFORMED_SECONDS
    counter.count_malformed("BadStatusLine")
    counter.count_unknown_key()
    clock.seconds += UNKNOWN_KEY_SECONDS
    counter.count_unknown_key()
    assert reports == [
        RefusedRequests(1, "an API key that no server here has"),
        RefusedRequests(1, "malformed: not JSON"),
        RefusedRequests(1, "malformed: BadStatusLine"),
        RefusedRequests(101, "an API key that no server here has"),
    ]
