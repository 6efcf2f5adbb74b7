"""Users see what is stored about them, and nothing about others; on a real file."""

from __future__ import annotations

import pytest

from tests.services.conftest import v1
from tests.services.link_fixture import BOB, PAT, LinkFixture
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import GUILD, actor

pytestmark = v1


@pytest.fixture
def link_fixture(queue_fixture: QueueFixture) -> LinkFixture:
    return LinkFixture(queue_fixture, needs_approval=True)


async def test_users_see_what_is_stored_about_them(link_fixture: LinkFixture) -> None:
    link = await link_fixture.put_link(PAT)
    await link_fixture.put_link(BOB, "steam:bob", set_by=7)
    request = await link_fixture.request_link(PAT, "license:new")
    for _ in range(5):
        await link_fixture.closed_order(7)
    await link_fixture.closed_order(8, by=7)
    await link_fixture.closed_order(8)
    stored = await link_fixture.my_data.read(PAT)
    assert (stored.link, stored.links_set) == (link, 1)
    assert [one.id for one in stored.requests] == [request.id]
    assert (stored.order_count, len(stored.orders)) == (6, 3)
    assert stored.orders[0].order.actor_id == 7
    assert (stored.retention.order_days, stored.retention.erase_on_leave) == (90, True)


async def test_users_see_nothing_about_others(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(PAT)
    await link_fixture.request_link(PAT, "license:new")
    await link_fixture.closed_order(7)
    stored = await link_fixture.my_data.read(BOB)
    assert (stored.link, stored.requests, stored.order_count, stored.links_set) == (None, [], 0, 0)
    elsewhere = await link_fixture.my_data.read(actor(user_id=7, guild_id=GUILD + 1))
    assert (elsewhere.link, elsewhere.order_count) == (None, 0)
