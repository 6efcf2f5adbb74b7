from __future__ import annotations

import logging

import pytest

from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
    InvalidApiKey,
)
from bot.services.cad_backoff import BACKOFF, CadBackoff
from tests.manual_clock import ManualClock

DOWN = CadUnreachable("Connection refused")


class BackoffClock(ManualClock):
    luck = 1.0

    def jitter(self) -> float:
        return self.luck


@pytest.fixture
def clock() -> BackoffClock:
    return BackoffClock()


@pytest.fixture
def outage(clock: BackoffClock) -> CadBackoff:
    return CadBackoff(clock, clock.jitter)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (DOWN, True),
        (CadBrokenOff("reset"), True),
        (CadTimeout(), True),
        (CadUnavailable(status=500), True),
        (CadRateLimited(), True),
        (CadRefused("NO"), False),
        (InvalidApiKey("INVALID API KEY"), False),
        (CadUnreadable("<html>"), False),
        (CadRedirected("http://elsewhere.example"), False),
        (CadError("?"), False),
    ],
)
def test_which_faults_may_pass(error: CadError, passes: bool) -> None:
    assert CadBackoff.is_transient(error) is passes


def test_at_first_there_is_no_wait(outage: CadBackoff) -> None:
    assert (outage.wait(), outage.error) == (0.0, None)


def test_the_pauses_double_up_to_a_limit(outage: CadBackoff, clock: BackoffClock) -> None:
    waits = []
    for _ in range(6):
        outage.failed(DOWN)
        waits.append(outage.wait())
        clock.seconds += outage.wait()
        assert outage.wait() == 0.0
    assert waits == [1.0, 2.0, 4.0, 8.0, BACKOFF.longest, BACKOFF.longest]


def test_an_outage_of_days_overflows_nothing(outage: CadBackoff) -> None:
    for _ in range(3000):
        outage.failed(DOWN)
    assert outage.wait() == BACKOFF.longest


@pytest.mark.parametrize(("luck", "wait"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_chance_takes_away_half_at_most(
    outage: CadBackoff, clock: BackoffClock, luck: float, wait: float
) -> None:
    clock.luck = luck
    outage.failed(DOWN)
    assert outage.wait() == wait


def test_what_the_cad_asks_for_is_the_least(outage: CadBackoff) -> None:
    outage.failed(CadRateLimited(retry_after=30.0))
    assert outage.wait() == 30.0
    outage.failed(CadUnavailable(status=503, retry_after=0.5))
    assert outage.wait() == 2.0


def test_after_the_end_it_begins_anew(outage: CadBackoff, clock: BackoffClock) -> None:
    for _ in range(4):
        outage.failed(DOWN)
    clock.seconds += 60
    outage.succeeded()
    assert (outage.wait(), outage.error) == (0.0, None)
    outage.failed(DOWN)
    assert outage.wait() == 1.0


def test_the_trouble_is_the_same_until_it_is_another(outage: CadBackoff) -> None:
    first = CadUnavailable("Bad gateway", status=502)
    outage.failed(first)
    outage.failed(CadUnavailable("Bad gateway", status=502))
    assert outage.error is first
    for other in (
        CadUnavailable("Bad gateway", status=503),
        CadUnavailable("Sorry", status=503),
        CadTimeout("Sorry", status=503),
    ):
        outage.failed(other)
        assert outage.error is other


def test_each_outage_is_logged_once(outage: CadBackoff, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage.succeeded()
    for error in (DOWN, CadTimeout(), DOWN):
        outage.failed(error)
    outage.succeeded()
    outage.succeeded()
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("WARNING", "the CAD does not take orders: CadUnreachable('Connection refused')"),
        ("INFO", "the CAD takes orders again"),
    ]
