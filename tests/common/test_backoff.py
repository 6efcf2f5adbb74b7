from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.common.backoff import Backoff


@pytest.mark.parametrize(
    ("failures", "jitter", "seconds"),
    [(1, 1.0, 1.0), (1, 0.0, 0.5), (3, 1.0, 4.0), (7, 1.0, 60.0), (10_000, 0.0, 30.0)],
)
def test_the_delay_grows_to_its_limit(failures: int, jitter: float, seconds: float) -> None:
    assert Backoff(1.0, 60.0).delay(failures, jitter) == seconds


def test_without_jitter_the_delay_doubles_exactly() -> None:
    backoff = Backoff(30.0, 900.0)
    assert [backoff.delay(failures) for failures in range(1, 8)] == [
        *(30.0, 60.0, 120.0, 240.0, 480.0),
        *(900.0, 900.0),
    ]


@given(st.floats(0.01, 100), st.floats(0.01, 1000), st.integers(1, 10**9), st.floats(0, 1))
def test_jitter_stays_between_half_and_the_whole(
    first: float, longest: float, failures: int, jitter: float
) -> None:
    backoff = Backoff(first, longest)
    assert 0 < backoff.delay(failures, 0.0) <= backoff.delay(failures, jitter)
    assert backoff.delay(failures, jitter) <= backoff.delay(failures) <= longest
    assert backoff.delay(failures) <= backoff.delay(failures + 1)
