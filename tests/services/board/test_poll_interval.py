from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.board.poll_interval import RECENT_USE, ServerUse, poll_interval

IDLE = ServerUse(
    is_push_heard=False, is_known=True, has_units=False, has_open_calls=False, since_use=RECENT_USE
)
USES = st.builds(
    ServerUse,
    is_push_heard=st.booleans(),
    is_known=st.booleans(),
    has_units=st.booleans(),
    has_open_calls=st.booleans(),
    since_use=st.floats(min_value=0),
)


@pytest.mark.parametrize(
    "change",
    [
        {"is_known": False},
        {"has_units": True},
        {"has_open_calls": True},
        {"since_use": RECENT_USE - 1},
    ],
    ids=str,
)
def test_a_server_that_members_use_is_polled_more_often(change: dict[str, bool]):
    used = replace(IDLE, **change)
    assert (poll_interval(IDLE), poll_interval(used)) == (60, 15)
    with_push = replace(IDLE, is_push_heard=True), replace(used, is_push_heard=True)
    assert tuple(map(poll_interval, with_push)) == (300, 60)


@given(USES, st.floats(min_value=0))
def test_more_use_never_makes_polls_rarer(use: ServerUse, since_use: float):
    more_used = replace(
        use, has_units=True, has_open_calls=True, since_use=min(since_use, use.since_use)
    )
    assert 15 <= poll_interval(more_used) <= poll_interval(use) <= 300


@given(USES)
def test_push_events_never_make_polls_more_frequent(use: ServerUse):
    heard, unheard = replace(use, is_push_heard=True), replace(use, is_push_heard=False)
    assert poll_interval(heard) >= poll_interval(unheard)
    # A card whose call was not confirmed for two minutes is shown as outdated.
    assert poll_interval(heard) <= 60 or not heard.is_in_use
