from __future__ import annotations

from datetime import timedelta

import pytest

from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.access.policy import Access
from bot.services.errors import RoleRequired
from bot.services.records.audit_log import PAGE_SIZE, WHOIS_ORDERS, AuditLog
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderState
from tests.services.conftest import v1
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import DISPATCH_ROLE, GUILD, ONE_SERVER, actor
from tests.stored_links import put_link

DANA = actor(DISPATCH_ROLE)
KEPT = timedelta(days=90)

pytestmark = v1


@pytest.fixture
def links(queue_fixture: QueueFixture) -> LinkStore:
    return LinkStore(queue_fixture.database)


@pytest.fixture
def audit(queue_fixture: QueueFixture, links: LinkStore) -> AuditLog:
    access = Access(frozenset({DISPATCH_ROLE}))
    return AuditLog(
        access,
        links,
        queue_fixture.store,
        KEPT,
        int,
        server_labels=ONE_SERVER.labels,
        clock=queue_fixture.time,
    )


async def ids(audit: AuditLog, number: int = 1, **asked) -> list[int]:
    page = await audit.page(DANA, number, **{"member_id": None, "call": None, **asked})
    return [one.order.id for one in page.items]


async def test_nothing_has_been_ordered(audit: AuditLog) -> None:
    page = await audit.page(DANA, 1, member_id=None, call=None)
    assert (page.items, page.number, page.count, page.total) == ([], 1, 1, 0)


@pytest.mark.parametrize(
    ("asked", "number", "shown"), [(-3, 1, 10), (1, 1, 10), (3, 3, 3), (99, 3, 3)]
)
async def test_pages(
    audit: AuditLog, queue_fixture: QueueFixture, asked: int, number: int, shown: int
) -> None:
    orders = [(await queue_fixture.accept("1")).id for _ in range(2 * PAGE_SIZE + 3)]
    page = await audit.page(DANA, asked, member_id=None, call=None)
    assert (page.number, page.count, page.total) == (number, 3, len(orders))
    start = (number - 1) * PAGE_SIZE
    assert [one.order.id for one in page.items] == orders[::-1][start : start + shown]


async def test_what_happened_can_be_looked_for(
    audit: AuditLog, queue_fixture: QueueFixture
) -> None:
    first = await queue_fixture.order("1")
    second = await queue_fixture.order("2", 101)
    await queue_fixture.accept("1", guild_id=GUILD + 1)
    assert await ids(audit) == [second, first]
    assert await ids(audit, call=101) == [second]
    assert await ids(audit, member_id=1001) == [first]
    assert await ids(audit, member_id=1001, call=101) == []
    (view,) = (await audit.page(DANA, 1, member_id=1001, call=None)).items
    assert view.order.state is OrderState.DONE
    assert view.outcome
    assert [one.discord_id for one in view.resolution.assignees] == [1001]


async def test_a_member_and_their_latest_orders(
    audit: AuditLog, queue_fixture: QueueFixture, links: LinkStore
) -> None:
    link = Link(GUILD, 1001, "steam:1", 1, queue_fixture.time.now())
    await put_link(links, link)
    orders = [await queue_fixture.order("1", call_id) for call_id in (100, 101, 102, 103)]
    whois = await audit.whois(DANA, 1001)
    assert (whois.discord_id, whois.link) == (1001, link)
    assert [one.order.id for one in whois.orders] == orders[: -WHOIS_ORDERS - 1 : -1]
    unknown = await audit.whois(DANA, 5)
    assert (unknown.link, unknown.orders) == (None, [])


async def test_only_dispatchers_look(audit: AuditLog) -> None:
    with pytest.raises(RoleRequired):
        await audit.page(actor(), 1, member_id=None, call=None)
    with pytest.raises(RoleRequired):
        await audit.whois(actor(), 5)


async def test_no_token_is_kept_for_more_than_a_quarter_of_an_hour(
    audit: AuditLog, queue_fixture: QueueFixture
) -> None:
    first = await queue_fixture.order("1")
    queue_fixture.time._elapsed += INTERACTION_LIFETIME.total_seconds()
    await audit.purge()
    assert (await queue_fixture.stored(first)).token == "secret"
    queue_fixture.time._elapsed += 1
    await audit.purge()
    assert (await queue_fixture.stored(first)).token is None


async def test_orders_are_forgotten_in_time(audit: AuditLog, queue_fixture: QueueFixture) -> None:
    old = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    queue_fixture.time._elapsed += KEPT.total_seconds()
    young = await queue_fixture.order("2")
    await audit.purge()
    assert await ids(audit) == [young]
    assert await queue_fixture.store.get(old) is None
