"""When a request is sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad import errors
from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadUnavailable, CadUnreachable
from bot.cad.http import retry

MAY_PASS = (CadUnreachable, CadRateLimited, CadUnavailable)
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CadError) and not issubclass(kind, MAY_PASS)
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_will_not_pass_is_never_tried_again(kind):
    assert retry.delay(kind("no", retry_after=0.0), 1, 0.0, 0.0) is None


def test_refusals_are_among_them():
    assert {CadRefused, errors.InvalidApiKey, errors.CadTimeout} <= set(KINDS)


@pytest.mark.parametrize("kind", MAY_PASS)
def test_what_may_pass_is_tried_again_later_and_later(kind):
    waits = [retry.delay(kind(), attempt, 0.0, 1.0) for attempt in range(1, 8)]
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_jitter_takes_away_up_to_half():
    assert retry.delay(CadUnavailable(), 2, 0.0, 0.0) == 0.25


@pytest.mark.parametrize(
    ("asked", "wait"), [(0.0, 0.25), (0.1, 0.25), (3.0, 3.0), (9.0, 9.0), (9.1, None), (60, None)]
)
def test_the_cad_is_given_the_time_that_it_asks_for_or_none_at_all(asked, wait):
    assert retry.delay(CadRateLimited(retry_after=asked), 1, 0.0, 1.0) == wait


@pytest.mark.parametrize(("elapsed", "wait"), [(8.75, 0.25), (8.8, None), (10.0, None)])
def test_no_attempt_starts_too_late_to_be_answered(elapsed, wait):
    assert retry.delay(CadUnreachable(), 1, elapsed, 1.0) == wait


@given(st.integers(1, 100), st.floats(0, 20), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_the_window_always_holds(attempt, elapsed, jitter, asked):
    wait = retry.delay(CadUnavailable(retry_after=asked), attempt, elapsed, jitter)
    if wait is not None:
        assert wait >= max(asked or 0.0, retry.BACKOFF.first / 2)
        assert elapsed + wait + retry.MIN_ATTEMPT <= retry.TOTAL_TIMEOUT + 1e-9


@pytest.mark.parametrize(("elapsed", "left"), [(0.0, 10.0), (4.0, 6.0), (9.5, 1.0), (30.0, 1.0)])
def test_an_attempt_may_take_what_is_left_of_the_window(elapsed, left):
    assert retry.time_limit(elapsed) == left
