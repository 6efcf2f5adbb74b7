"""Users see what is stored about them, and nothing about others; on a real file."""

from __future__ import annotations

import pytest

from tests.services.conftest import v1
from tests.services.link_stage import BOB, PAT, LinkStage
from tests.services.office import Office
from tests.services.samples import GUILD, actor

pytestmark = v1


@pytest.fixture
def stage(office: Office) -> LinkStage:
    return LinkStage(office, needs_approval=True)


async def test_users_see_what_is_stored_about_them(stage: LinkStage) -> None:
    link = await stage.put(PAT)
    await stage.put(BOB, "steam:bob", set_by=7)
    request = await stage.ask(PAT, "license:new")
    for _ in range(5):
        await stage.closed_order(7)
    await stage.closed_order(8, by=7)
    await stage.closed_order(8)
    stored = await stage.mine.read(PAT)
    assert (stored.link, stored.links_set) == (link, 1)
    assert [one.id for one in stored.requests] == [request.id]
    assert (stored.order_count, len(stored.orders)) == (6, 3)
    assert stored.orders[0].order.actor_id == 7
    assert (stored.retention.order_days, stored.retention.erase_on_leave) == (90, True)


async def test_users_see_nothing_about_others(stage: LinkStage) -> None:
    await stage.put(PAT)
    await stage.ask(PAT, "license:new")
    await stage.closed_order(7)
    stored = await stage.mine.read(BOB)
    assert (stored.link, stored.requests, stored.order_count, stored.links_set) == (None, [], 0, 0)
    elsewhere = await stage.mine.read(actor(user_id=7, guild_id=GUILD + 1))
    assert (elsewhere.link, elsewhere.order_count) == (None, 0)
