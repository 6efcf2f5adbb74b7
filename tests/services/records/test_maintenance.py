"""Periodic jobs go on for as long as the bot runs, even if a run fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.services.access.policy import Access
from bot.services.records.audit_log import AuditLog
from bot.services.records.maintenance import BACKOFF, HOUR, MINUTE, Maintenance, PeriodicJob
from bot.storage.stores.link_store import LinkStore
from tests.services.conftest import v1
from tests.services.link_stage import LinkStage
from tests.services.office import Office
from tests.services.samples import GUILD, actor

pytestmark = v1

GONE = actor(user_id=812345678901234567)


class Members:
    """The members of one server; while `is_silent` is set, Discord does not answer."""

    def __init__(self, *member_ids: int) -> None:
        self.member_ids = member_ids
        self.asked = 0
        self.is_silent = False

    async def complete_guilds(self) -> AsyncIterator[tuple[int, Callable[[int], bool]]]:
        self.asked += 1
        if self.is_silent:
            await asyncio.Event().wait()
        yield GUILD, self.member_ids.__contains__


@pytest.fixture
def stage(office: Office) -> LinkStage:
    return LinkStage(office, needs_approval=True)


@pytest.fixture
async def maintenance(stage: LinkStage, office: Office) -> AsyncIterator[Maintenance]:
    audit = AuditLog(
        Access(frozenset()),
        LinkStore(office.database),
        office.store,
        timedelta(days=1),
        clock=office.time,
    )
    members = Members(*range(2000))  # the actors and units of the office
    maintenance = Maintenance(audit, stage.requests, stage.leaving, members, clock=office.time)
    yield maintenance
    await maintenance.close()


def only(maintenance: Maintenance, interval: float, run: Callable[[], Awaitable[None]]) -> None:
    maintenance.jobs[:] = [PeriodicJob("counting", interval, run)]


async def test_every_promise_is_kept(
    stage: LinkStage, office: Office, maintenance: Maintenance
) -> None:
    order = await office.order("1")
    await stage.put(GONE, "license:gone")
    await stage.ask(GONE, "license:new")
    maintenance.start()
    await office.passes(1)
    # The data of members who left while the bot did not run is erased at the start.
    assert GONE.user_id not in await stage.linked()
    await office.passes(17 * MINUTE)
    assert (await office.stored(order)).token is None
    await office.passes(25 * HOUR)
    assert await office.store.get(order) is None


async def test_without_erasure_the_members_are_not_read(office: Office, stage: LinkStage) -> None:
    members = Members()
    audit = AuditLog(
        Access(frozenset()),
        LinkStore(office.database),
        office.store,
        timedelta(days=1),
        clock=office.time,
    )
    maintenance = Maintenance(audit, stage.requests, None, members, clock=office.time)
    maintenance.start()
    await office.passes(2 * HOUR)
    assert members.asked == 0
    await maintenance.close()


async def test_a_job_runs_at_the_start_and_then_regularly(
    office: Office, maintenance: Maintenance
) -> None:
    runs: list[float] = []

    async def run() -> None:
        runs.append(office.time.monotonic())

    only(maintenance, HOUR, run)
    began = office.time.monotonic()
    maintenance.start()
    await office.passes(3 * HOUR + 1)
    assert [round(one - began) for one in runs] == [0, 3600, 7200, 10800]


@pytest.mark.parametrize("broken", [ValueError("a bug"), OSError("no route")])
async def test_a_failed_run_is_logged_once_and_repeated_later_and_later(
    office: Office, maintenance: Maintenance, caplog: pytest.LogCaptureFixture, broken: Exception
) -> None:
    caplog.set_level(logging.INFO)
    runs: list[float] = []

    async def run() -> None:
        runs.append(office.time.monotonic())
        if len(runs) <= 4:
            raise broken

    only(maintenance, HOUR, run)
    maintenance.start()
    await office.passes(sum(map(BACKOFF.delay, range(1, 5))) + HOUR + 1)
    waits = [later - earlier for earlier, later in pairwise(runs)]
    assert waits == pytest.approx([*map(BACKOFF.delay, range(1, 5)), HOUR])
    first, last = [one for one in caplog.records if "counting" in one.getMessage()]
    assert first.getMessage() == f"counting failed: {broken!r}"
    assert first.exc_info
    assert last.getMessage() == "counting works again"


async def test_a_broken_database_ends_no_job(
    stage: LinkStage, office: Office, maintenance: Maintenance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    order = await office.order("1")
    await stage.put(GONE, "license:gone")
    office.database.broken = True
    maintenance.start()
    await office.passes(HOUR)
    messages = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    names = [job.name for job in maintenance.jobs]
    assert [sum(one.startswith(name) for one in messages) for name in names] == [1, 1, 1]
    # It is an outage and no fault of the bot.
    assert all(one.exc_info is None for one in caplog.records)
    office.database.broken = False
    await office.passes(BACKOFF.longest)
    for name in names:
        assert f"{name} works again" in caplog.text
    assert (await office.stored(order)).token is None
    assert GONE.user_id not in await stage.linked()


async def test_a_stop_does_not_wait_for_discord(
    office: Office, stage: LinkStage, maintenance: Maintenance
) -> None:
    members = Members()
    members.is_silent = True
    maintenance._members = members
    maintenance.start()
    await office.passes(1)
    assert members.asked == 1
    await asyncio.wait_for(maintenance.close(), 1)
    await office.passes(HOUR)
    assert members.asked == 1
