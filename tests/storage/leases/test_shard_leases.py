"""How a process gets the lease, keeps it and loses it."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database
from bot.storage.errors import DatabaseInUse, DatabaseUnavailable, OwnershipLost
from bot.storage.leases.lease_table import Grant
from bot.storage.leases.shard_leases import LeaseTimes, ShardLeases
from bot.storage.stores.command_sync_store import CommandSyncStore
from tests.manual_clock import ManualClock
from tests.storage.conftest import POSTGRES, _empty_postgres

TIMES = LeaseTimes()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)  # by the clock of the database


@dataclass
class WaitingClock(ManualClock):
    """Waiting for a future moves it too."""

    async def wait_for(self, future: asyncio.Future[object], seconds: float | None = None) -> None:
        await asyncio.sleep(0)
        if not future.done():
            self.seconds += seconds or 0.0


@dataclass
class AnsweringLeases:
    """Answers as it is told to.

    Attributes:
        claims: the epochs that claims get, in order; an error is raised.
        renewals: as claims; after the last one there are no more.
    """

    claims: list[int | Exception | None]
    renewals: list[bool | Exception] = field(default_factory=list)
    holds: bool = True
    asked: list[str] = field(default_factory=list)
    location: str = "dispatch"

    async def prepare(self) -> None:
        self.asked.append("prepare")

    async def claim(self, ttl: timedelta) -> Grant | None:
        assert ttl == timedelta(seconds=TIMES.ttl)
        self.asked.append("claim")
        answer = self.claims.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Grant(answer, NOON) if answer else None

    async def renew(self, epoch: int, ttl: timedelta) -> Grant | None:
        assert ttl == timedelta(seconds=TIMES.ttl)
        self.asked.append(f"renew {epoch}")
        await asyncio.sleep(0)
        answer = self.renewals.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Grant(epoch, NOON + timedelta(hours=1)) if answer else None

    async def resign(self, epoch: int) -> None:
        self.asked.append(f"resign {epoch}")
        if not self.holds:
            raise DatabaseUnavailable("the database")

    async def fence(self, connection: AsyncConnection, epoch: int, patience: timedelta) -> bool:
        assert patience < timedelta(seconds=TIMES.ttl - TIMES.margin)
        self.asked.append(f"fence {epoch}")
        return self.holds

    async def close(self) -> None:
        self.asked.append("close")


NO_CONNECTION = cast("AsyncConnection", None)


async def test_a_process_waits_until_the_lease_is_free(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    answers = AnsweringLeases([None, None, 3], [False])
    leases = ShardLeases(answers, clock := WaitingClock())
    await leases.acquire(stands_by=True)
    assert clock.slept == [TIMES.look_every] * 2
    assert leases.trusted_for() == TIMES.ttl - TIMES.margin
    assert caplog.messages == [
        "standing by: another bot owns the database dispatch",
        "this bot owns the database dispatch, epoch 3",
    ]
    assert leases.follows
    await leases.release()


async def test_a_process_that_need_not_wait_follows_no_other():
    leases = ShardLeases(AnsweringLeases([1]), WaitingClock())
    await leases.acquire(stands_by=True)
    assert not leases.follows
    await leases.release()


def test_no_request_begins_for_some_seconds_before_another_process_can_have_the_lease():
    times = ShardLeases(AnsweringLeases([])).times
    # The CAD has that long to finish; a renewal may come late without an effect on requests.
    assert times.quiet + times.margin >= 5
    assert times.ttl - times.margin - times.quiet > 2 * times.renew_every


async def test_a_database_that_fails_meanwhile_is_waited_for(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    gone = DatabaseUnavailable("the database", "it is gone")
    leases = ShardLeases(AnsweringLeases([gone, TimeoutError(), None, 1]), WaitingClock())
    await leases.acquire(stands_by=True)
    assert caplog.messages == [
        f"the lease cannot be asked for: {gone!r}",
        "the lease can be asked for",
        "standing by: another bot owns the database dispatch",
        "this bot owns the database dispatch, epoch 1",
    ]
    await leases.release()


async def test_what_does_not_stand_by_is_refused():
    leases = ShardLeases(AnsweringLeases([None, TimeoutError()]), WaitingClock())
    with pytest.raises(DatabaseInUse):
        await leases.acquire(stands_by=False)
    with pytest.raises(DatabaseUnavailable, match="does not answer") as caught:
        await leases.acquire(stands_by=False)
    assert caught.value.may_pass


async def test_a_lease_is_trusted_for_less_time_than_it_is_granted():
    clock = WaitingClock()

    class SlowLeases(AnsweringLeases):
        async def claim(self, ttl: timedelta) -> Grant | None:
            clock.seconds += 5.0
            return await super().claim(ttl)

    leases = ShardLeases(SlowLeases([1]), clock)
    assert leases.trusted_for() == 0
    assert await leases.claim()
    assert leases.trusted_for() == TIMES.ttl - TIMES.margin - 5.0
    assert leases.now() == NOON + timedelta(seconds=2.5)  # half the time of the question
    clock.seconds += leases.trusted_for()
    assert leases.trusted_for() == 0


async def test_a_lease_is_renewed_until_it_is_refused(caplog: pytest.LogCaptureFixture):
    gone = DatabaseUnavailable("the database", "it is gone")
    answers = AnsweringLeases([1], [True, gone, TimeoutError(), True, False])
    leases = ShardLeases(answers, clock := WaitingClock())
    await leases.acquire(stands_by=True)
    assert leases._renewing is not None
    await leases._renewing
    assert clock.slept == [2.0, 2.0, 0.5, 0.5, 2.0]
    assert leases.trusted_for() == 0
    assert f"the lease cannot be renewed: {gone!r}" in caplog.messages
    await leases.wait_lost()
    await leases.release()
    assert answers.asked[-2:] == ["resign 1", "close"]


async def test_a_lease_that_is_not_renewed_is_lost_with_its_time():
    leases = ShardLeases(AnsweringLeases([1]), clock := WaitingClock())
    await leases.claim()
    await leases.wait_lost()
    assert clock.seconds == 1000 + TIMES.ttl - TIMES.margin


async def test_the_time_is_that_of_the_database():
    leases = ShardLeases(AnsweringLeases([1], [True]), clock := WaitingClock())
    await leases.claim()
    assert leases.now() == NOON
    clock.seconds += 2
    assert leases.now() == NOON + timedelta(seconds=2)
    await leases.renew()
    assert leases.now() == NOON + timedelta(hours=1)


async def test_a_renewal_that_comes_too_late_does_not_bring_the_lease_back():
    clock = WaitingClock()
    leases = ShardLeases(AnsweringLeases([1], [True]), clock)
    await leases.claim()
    clock.seconds += TIMES.ttl
    await leases.renew()
    assert leases.trusted_for() == 0


async def test_a_transaction_without_the_lease_is_refused():
    answers = AnsweringLeases([1])
    leases = ShardLeases(answers, clock := WaitingClock())
    with pytest.raises(OwnershipLost, match="Another bot has taken over"):
        await leases.fence(NO_CONNECTION)
    await leases.claim()
    await leases.fence(NO_CONNECTION)
    answers.holds = False
    with pytest.raises(OwnershipLost):
        await leases.fence(NO_CONNECTION)
    assert leases.trusted_for() == 0  # nothing may be sent from now on
    answers.holds, clock.seconds = True, -math.inf
    with pytest.raises(OwnershipLost):
        await leases.fence(NO_CONNECTION)
    assert answers.asked == ["claim", "fence 1", "fence 1"]


async def test_a_lease_that_cannot_be_given_back_ends_by_itself(caplog: pytest.LogCaptureFixture):
    answers = AnsweringLeases([1], holds=False)
    leases = ShardLeases(answers, WaitingClock())
    await leases.claim()
    await leases.release()
    assert leases.trusted_for() == 0
    assert answers.asked == ["claim", "resign 1", "close"]
    assert "the lease could not be given back" in caplog.text


async def test_what_has_no_lease_gives_none_back():
    answers = AnsweringLeases([None])
    leases = ShardLeases(answers, WaitingClock())
    await leases.claim()
    await leases.release()
    assert answers.asked == ["claim", "close"]


@pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL")
async def test_a_server_has_one_owner_and_others_that_wait(worker_id: str):
    url = await _empty_postgres(f"dispatch_leases_{worker_id}")
    opening = {
        asyncio.create_task(Database.open(url, is_owner=True, stands_by=True)) for _ in range(2)
    }
    owning, waiting = await asyncio.wait(opening, return_when=asyncio.FIRST_COMPLETED)
    (owner,), (standby,) = [one.result() for one in owning], waiting
    beside = await Database.open(url)  # the commands of the terminal work beside it
    await beside.close()
    with pytest.raises(DatabaseInUse, match="Another bot uses the database"):
        await Database.open(url, is_owner=True)  # but those that take it for themselves
    trusted_for = owner.ownership.trusted_for
    assert trusted_for is not None
    assert 0 < trusted_for() <= TIMES.ttl
    await CommandSyncStore(owner).put("guild 1", "fingerprint")
    await owner.close()
    next_owner = await standby
    await next_owner.close()


@pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL")
async def test_what_a_former_owner_still_wants_to_write_is_refused(worker_id: str):
    url = await _empty_postgres(f"dispatch_leases_{worker_id}")
    owner, beside = await Database.open(url, is_owner=True), await Database.open(url)
    async with beside.begin() as connection:
        await connection.execute(text("UPDATE shards SET worker_id = 'other', epoch = epoch + 1"))
    with pytest.raises(OwnershipLost):
        await CommandSyncStore(owner).put("guild 1", "late")
    assert owner.ownership.trusted_for is not None
    assert owner.ownership.trusted_for() == 0
    assert await CommandSyncStore(beside).get("guild 1") is None
    await CommandSyncStore(beside).put("guild 1", "by a command of the terminal")
    await owner.close()
    await beside.close()


@pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL")
async def test_a_standby_that_is_stopped_leaves_nothing_open(worker_id: str):
    url = await _empty_postgres(f"dispatch_leases_{worker_id}")
    owner = await Database.open(url, is_owner=True)
    opening = asyncio.create_task(Database.open(url, is_owner=True, stands_by=True))
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await owner.close()
