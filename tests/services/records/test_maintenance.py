"""Periodic jobs go on for as long as the bot runs, even if a run fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.services.access.policy import Access
from bot.services.background import BACKOFF
from bot.services.records.audit_log import AuditLog
from bot.services.records.maintenance import HOUR, MINUTE, Maintenance, PeriodicJob
from bot.storage.stores.link_store import LinkStore
from tests.services.conftest import v1
from tests.services.link_fixture import LinkFixture
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import GUILD, ONE_SERVER, actor

pytestmark = v1

GONE = actor(user_id=812345678901234567)


class Members:
    """The members of one server; while `is_silent` is set, Discord does not answer."""

    def __init__(self, *member_ids: int) -> None:
        self.member_ids = member_ids
        self.asked = 0
        self.is_silent = False

    async def membership_test(self, guild_id: int) -> Callable[[int], bool]:
        assert guild_id == GUILD
        self.asked += 1
        if self.is_silent:
            await asyncio.Event().wait()
        return self.member_ids.__contains__


@pytest.fixture
def link_fixture(queue_fixture: QueueFixture) -> LinkFixture:
    return LinkFixture(queue_fixture, needs_approval=True)


@pytest.fixture
async def maintenance(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> AsyncIterator[Maintenance]:
    audit = AuditLog(
        Access(frozenset()),
        LinkStore(queue_fixture.database),
        queue_fixture.store,
        timedelta(days=1),
        int,
        server_labels=ONE_SERVER.labels,
        clock=queue_fixture.time,
    )
    members = Members(*range(2000))  # the actors and units of QueueFixture
    maintenance = Maintenance(
        audit,
        link_fixture.approvals,
        link_fixture.erasure,
        members,
        guild_id=GUILD,
        clock=queue_fixture.time,
    )
    yield maintenance
    await maintenance.close()


def only(maintenance: Maintenance, interval: float, run: Callable[[], Awaitable[None]]) -> None:
    maintenance.jobs[:] = [PeriodicJob("counting", interval, run)]


async def test_every_promise_is_kept(
    link_fixture: LinkFixture, queue_fixture: QueueFixture, maintenance: Maintenance
) -> None:
    order = await queue_fixture.order("1")
    await link_fixture.put_link(GONE, "license:gone")
    await link_fixture.request_link(GONE, "license:new")
    maintenance.start()
    await queue_fixture.advance(1)
    # The data of members who left while the bot did not run is erased at the start.
    assert GONE.user_id not in await link_fixture.api_ids()
    await queue_fixture.advance(17 * MINUTE)
    assert (await queue_fixture.stored(order)).token is None
    await queue_fixture.advance(25 * HOUR)
    assert await queue_fixture.store.get(order) is None


async def test_without_erasure_the_members_are_not_read(
    queue_fixture: QueueFixture, link_fixture: LinkFixture
) -> None:
    members = Members()
    audit = AuditLog(
        Access(frozenset()),
        LinkStore(queue_fixture.database),
        queue_fixture.store,
        timedelta(days=1),
        int,
        server_labels=ONE_SERVER.labels,
        clock=queue_fixture.time,
    )
    maintenance = Maintenance(
        audit, link_fixture.approvals, None, members, guild_id=GUILD, clock=queue_fixture.time
    )
    maintenance.start()
    await queue_fixture.advance(2 * HOUR)
    assert members.asked == 0
    await maintenance.close()


async def test_a_job_runs_at_the_start_and_then_regularly(
    queue_fixture: QueueFixture, maintenance: Maintenance
) -> None:
    runs: list[float] = []

    async def run() -> None:
        runs.append(queue_fixture.time.monotonic())

    only(maintenance, HOUR, run)
    began = queue_fixture.time.monotonic()
    maintenance.start()
    await queue_fixture.advance(3 * HOUR + 1)
    assert [round(one - began) for one in runs] == [0, 3600, 7200, 10800]


@pytest.mark.parametrize("broken", [ValueError("a bug"), OSError("no route")])
async def test_a_failed_run_is_logged_once_and_repeated_later_and_later(
    queue_fixture: QueueFixture,
    maintenance: Maintenance,
    caplog: pytest.LogCaptureFixture,
    broken: Exception,
) -> None:
    caplog.set_level(logging.INFO)
    runs: list[float] = []

    async def run() -> None:
        runs.append(queue_fixture.time.monotonic())
        if len(runs) <= 4:
            raise broken

    only(maintenance, HOUR, run)
    maintenance.start()
    await queue_fixture.advance(sum(map(BACKOFF.delay, range(1, 5))) + HOUR + 1)
    waits = [later - earlier for earlier, later in pairwise(runs)]
    assert waits == pytest.approx([*map(BACKOFF.delay, range(1, 5)), HOUR])
    first, last = [one for one in caplog.records if "counting" in one.getMessage()]
    assert first.getMessage() == f"counting failed: {broken!r}"
    assert first.exc_info
    assert last.getMessage() == "counting works again"


async def test_a_broken_database_ends_no_job(
    link_fixture: LinkFixture,
    queue_fixture: QueueFixture,
    maintenance: Maintenance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    order = await queue_fixture.order("1")
    await link_fixture.put_link(GONE, "license:gone")
    queue_fixture.database.broken = True
    maintenance.start()
    await queue_fixture.advance(HOUR)
    messages = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    names = [job.name for job in maintenance.jobs]
    assert [sum(one.startswith(name) for one in messages) for name in names] == [1, 1, 1]
    # It is an outage and no fault of the bot.
    assert all(one.exc_info is None for one in caplog.records)
    queue_fixture.database.broken = False
    await queue_fixture.advance(BACKOFF.longest)
    for name in names:
        assert f"{name} works again" in caplog.text
    assert (await queue_fixture.stored(order)).token is None
    assert GONE.user_id not in await link_fixture.api_ids()


async def test_a_stop_does_not_wait_for_discord(
    queue_fixture: QueueFixture, link_fixture: LinkFixture, maintenance: Maintenance
) -> None:
    members = Members()
    members.is_silent = True
    maintenance._members = members
    maintenance.start()
    await queue_fixture.advance(1)
    assert members.asked == 1
    await asyncio.wait_for(maintenance.close(), 1)
    await queue_fixture.advance(HOUR)
    assert members.asked == 1
