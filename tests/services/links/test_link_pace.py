"""A member without the right to link links themselves a few times an hour."""

from __future__ import annotations

import pytest

from bot.services.access.policy import Access
from bot.services.link_errors import TooManyLinks
from bot.services.links.link_pace import LINKS_PER_HOUR, LinkPace
from tests.manual_clock import ManualClock
from tests.services.samples import DISPATCH_ROLE, actor


def test_a_few_an_hour_for_each_member() -> None:
    clock = ManualClock()
    pace = LinkPace(Access(frozenset({DISPATCH_ROLE})), clock=clock)
    for _ in range(LINKS_PER_HOUR):
        pace.take(actor(user_id=7))
        clock.seconds += 60
    with pytest.raises(TooManyLinks) as raised:
        pace.take(actor(user_id=7))
    assert raised.value.retry_after == 3600 - 60 * LINKS_PER_HOUR
    pace.take(actor(user_id=8))
    for _ in range(LINKS_PER_HOUR + 1):
        pace.take(actor(DISPATCH_ROLE, user_id=9))
    clock.seconds += raised.value.retry_after
    pace.take(actor(user_id=7))
    with pytest.raises(TooManyLinks):
        pace.take(actor(user_id=7))
