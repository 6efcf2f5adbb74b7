"""The garbage collector of a running bot."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from bot.runtime import gc_tuning


@pytest.fixture(autouse=True)
def own_collector() -> Iterator[None]:
    """Give the test's process its collector back."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    gc.enable()


def test_the_collector_is_off_during_the_start_and_runs_seldom_after_it():
    gc_tuning.disable_during_startup()
    assert not gc.isenabled()
    gc_tuning.tune()
    assert gc.isenabled()
    assert gc.get_threshold()[0] >= 10_000


def test_what_exists_after_the_start_is_not_looked_at_again():
    before = gc.get_freeze_count()
    gc_tuning.tune()
    assert gc.get_freeze_count() > before
