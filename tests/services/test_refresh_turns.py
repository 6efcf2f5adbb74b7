"""Lists that share a rate limit are loaded in turn."""

from __future__ import annotations

from bot.services.refresh_turns import TURN_LIFETIME, RefreshTurns
from tests.manual_clock import ManualClock


def test_a_list_that_was_refused_goes_before_the_others():
    turns = RefreshTurns(ManualClock())
    assert turns.may_load("a")
    turns.wait("a")
    assert not turns.may_load("b")
    assert not turns.may_load("c")
    assert turns.may_load("a")
    turns.leave("a")
    assert not turns.may_load("a")
    assert not turns.may_load("c")
    assert turns.may_load("b")


def test_a_list_that_no_longer_asks_loses_its_turn():
    clock = ManualClock()
    turns = RefreshTurns(clock)
    turns.wait("a")
    for _ in range(3):
        clock.seconds += TURN_LIFETIME
        turns.note_asking("a")
        assert not turns.may_load("b")
    clock.seconds += TURN_LIFETIME + 1
    turns.note_asking("c")
    assert turns.may_load("c"), "a list that was never refused has no turn to keep"


def test_without_refusals_no_list_waits():
    turns = RefreshTurns(ManualClock())
    assert all(turns.may_load(one) for one in "abcabc")
    turns.leave("a")
