"""Whatever happens to two processes and their database, one of them acts at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.common.clock import Clock
from bot.storage.errors import DatabaseUnavailable, StorageError
from bot.storage.leases.shard_leases import ShardLeases
from tests.storage.leases.pretend_leases import PretendLeases, Row, Statement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

NAMES = ("one", "two")
WORKERS = st.sampled_from(NAMES)
WHICH = st.integers(0, 3)  # of those that there are


@dataclass
class OwnClock(Clock):
    """The clock of one machine: another zero than the database's, and not as fast."""

    row: Row
    ahead: float
    rate: float

    def uptime(self) -> float:
        return self.ahead + self.row.now * self.rate


@dataclass(eq=False)
class Run:
    """A coroutine of a worker, up to the statement that it waits for."""

    coroutine: Coroutine[Any, Any, Any]
    statement: Statement
    transaction: object = None

    @classmethod
    def begun(cls, coroutine: Coroutine[Any, Any, Any], transaction: object = None) -> Run | None:
        """Run it to its first statement; None where it ends before."""
        try:
            return cls(coroutine, coroutine.send(None), transaction)
        except (StopIteration, StorageError):
            return None


@dataclass
class Worker:
    """A process: what it believes, what it waits for, and what it may send.

    Attributes:
        stored: the epochs of the orders that are stored as being sent and have not been sent.
    """

    name: str
    clock: OwnClock
    leases: ShardLeases
    asked: Run | None = None
    fencing: Run | None = None
    stored: list[int] = field(default_factory=list)

    @property
    def has_answer(self) -> bool:
        return self.asked is not None and self.asked.statement.is_done


class LeaseMachine(RuleBasedStateMachine):
    """Processes that ask, pause, crash and are cut off in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.row = Row()
        self.workers: dict[str, Worker] = {}
        self.sent: list[int] = []
        self.written: list[int] = []

    @initialize(
        ahead=st.tuples(*(st.floats(-600, 600) for _ in NAMES)),
        rate=st.tuples(*(st.floats(0.95, 1.05) for _ in NAMES)),
    )
    def start(self, ahead: tuple[float, ...], rate: tuple[float, ...]) -> None:
        for name, one_ahead, one_rate in zip(NAMES, ahead, rate, strict=True):
            self.begin(name, OwnClock(self.row, one_ahead, one_rate))

    def begin(self, name: str, clock: OwnClock) -> None:
        leases = ShardLeases(PretendLeases(self.row, name), clock)
        self.workers[name] = Worker(name, clock, leases)

    @property
    def travelling(self) -> list[Run]:
        """What the database can carry out now: a claim waits for the transactions of the owner."""
        return [
            run
            for worker in self.workers.values()
            for run in (worker.asked, worker.fencing)
            if run and not run.statement.is_done
            if not (run.statement.is_claim and self.row.held)
        ]

    @rule(seconds=st.one_of(st.floats(0, 12), st.sampled_from([0.5, 2.0, 9.0, 10.0])))
    def wait(self, seconds: float) -> None:
        self.row.now += seconds

    @rule(name=WORKERS)
    def ask(self, name: str) -> None:
        """Claim the lease, or renew it; a process that has lost it begins anew."""
        worker = self.workers[name]
        if worker.asked:
            return
        if worker.leases.trusted_for() > 0:
            worker.asked = Run.begun(worker.leases.renew())
        elif worker.leases._epoch:
            self.crash(name)
        else:
            worker.asked = Run.begun(worker.leases.claim())

    @precondition(lambda self: self.travelling)
    @rule(which=WHICH)
    def reach_the_database(self, which: int) -> None:
        self.travelling[which % len(self.travelling)].statement.execute()

    @precondition(lambda self: any(one.has_answer for one in self.workers.values()))
    @rule(which=WHICH)
    def hear(self, which: int) -> None:
        hearing = [one for one in self.workers.values() if one.has_answer]
        worker = hearing[which % len(hearing)]
        run, worker.asked = worker.asked, None
        assert run is not None
        with contextlib.suppress(StopIteration):
            run.coroutine.send(run.statement.answer)

    @rule(name=WORKERS)
    def cut(self, name: str) -> None:
        """Break the connection of a renewal or a claim, before or after it was carried out."""
        worker = self.workers[name]
        if worker.asked:
            run, worker.asked = worker.asked, None
            with contextlib.suppress(StorageError):
                run.coroutine.throw(DatabaseUnavailable("the database", "it is gone"))

    @rule(name=WORKERS)
    def begin_transaction(self, name: str) -> None:
        worker, transaction = self.workers[name], object()
        if worker.fencing is None:
            fence = worker.leases.fence(cast("AsyncConnection", transaction))
            worker.fencing = Run.begun(fence, transaction)

    @rule(name=WORKERS, commits=st.booleans(), sends=st.booleans())
    def end_transaction(self, name: str, *, commits: bool, sends: bool) -> None:
        """Commit where the fence lets it: an order that is to be sent, or the end of one."""
        worker = self.workers[name]
        if worker.fencing is None or not worker.fencing.statement.is_done:
            return
        run, worker.fencing = worker.fencing, None
        epoch = self.row.held.pop(run.transaction, None)
        try:
            run.coroutine.send(run.statement.answer)
        except StopIteration:
            assert epoch is not None
            if commits:
                self.written.append(epoch)
                worker.stored += [epoch] if sends else []
        except StorageError:
            assert epoch is None

    @rule(name=WORKERS)
    def send(self, name: str) -> None:
        """Send what is stored, after the last look."""
        worker = self.workers[name]
        if worker.stored and worker.leases.trusted_for() > 0:
            self.sent.append(worker.stored.pop())

    @rule(name=WORKERS)
    def resign(self, name: str) -> None:
        worker = self.workers[name]
        if worker.asked is None and worker.leases._epoch:
            worker.asked = Run.begun(worker.leases.resign())

    @rule(name=WORKERS)
    def crash(self, name: str) -> None:
        worker = self.workers[name]
        for run in (worker.asked, worker.fencing):
            if run:
                self.row.held.pop(run.transaction, None)
                with contextlib.suppress(StopIteration, StorageError, RuntimeError):
                    run.coroutine.close()
        self.begin(name, worker.clock)

    @invariant()
    def one_is_trusted(self) -> None:
        trusted = [one for one in self.workers.values() if one.leases.trusted_for() > 0]
        assert len(trusted) <= 1
        for worker in trusted:
            epoch = worker.leases._epoch
            assert self.row.is_held_by(worker.name, epoch)
            # An answer may have come late, but not later than the lease is trusted.
            difference = abs(worker.leases.now() - self.row.moment)
            assert difference.total_seconds() <= worker.leases.times.ttl

    @invariant()
    def no_epoch_acts_after_a_later_one(self) -> None:
        assert self.sent == sorted(self.sent)
        assert self.written == sorted(self.written)
        assert all(epoch <= self.row.epoch for epoch in self.sent)

    def teardown(self) -> None:
        for name in self.workers:
            self.crash(name)


TestLeases = LeaseMachine.TestCase
TestLeases.settings = settings(max_examples=100, stateful_step_count=60)
