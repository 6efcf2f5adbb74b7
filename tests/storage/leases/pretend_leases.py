"""A pretend row of `shards`, whose statements take place when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from bot.storage.leases.lease_table import Grant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)  # when the database's clock shows 0


@dataclass(eq=False)
class Statement:
    """What a worker has sent to the database.

    Attributes:
        run: has its effect there and returns the answer.
        is_claim: it waits for the transactions that hold the row.
    """

    run: Callable[[], Any]
    is_claim: bool = False
    answer: Any = None
    is_done: bool = False

    def __await__(self) -> Generator[Statement, Any, Any]:
        return (yield self)

    def execute(self) -> None:
        """Let it have its effect."""
        self.answer, self.is_done = self.run(), True


@dataclass
class Row:
    """The row, with the database's clock.

    Attributes:
        held: the transactions that hold the row, each with the epoch that it is of.
    """

    now: float = 0.0
    worker: str = ""
    epoch: int = 0
    expires_at: float = 0.0
    held: dict[object, int] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.now)

    def claim(self, worker: str, ttl: timedelta) -> Grant | None:
        if self.expires_at > self.now:
            return None
        self.worker, self.epoch = worker, self.epoch + 1
        self.expires_at = self.now + ttl.total_seconds()
        return Grant(self.epoch, self.moment)

    def is_held_by(self, worker: str, epoch: int) -> bool:
        return (self.worker, self.epoch) == (worker, epoch) and self.expires_at > self.now

    def renew(self, worker: str, epoch: int, ttl: timedelta) -> Grant | None:
        if not self.is_held_by(worker, epoch):
            return None
        self.expires_at = self.now + ttl.total_seconds()
        return Grant(epoch, self.moment)

    def resign(self, worker: str, epoch: int) -> None:
        if self.is_held_by(worker, epoch):
            self.expires_at = self.now

    def fence(self, worker: str, epoch: int, transaction: object) -> bool:
        is_mine = self.is_held_by(worker, epoch)
        if is_mine:
            self.held[transaction] = epoch
        return is_mine


@dataclass
class PretendLeases:
    """What one worker does to the row; it stands for a LeaseTable."""

    row: Row
    worker: str
    location: str = "the database"

    async def prepare(self) -> None:
        """Do nothing: the row is there."""

    async def claim(self, ttl: timedelta) -> Grant | None:
        row, worker = self.row, self.worker
        return cast("Grant | None", await Statement(lambda: row.claim(worker, ttl), is_claim=True))

    async def renew(self, epoch: int, ttl: timedelta) -> Grant | None:
        renewal = Statement(lambda: self.row.renew(self.worker, epoch, ttl))
        return cast("Grant | None", await renewal)

    async def resign(self, epoch: int) -> None:
        await Statement(lambda: self.row.resign(self.worker, epoch))

    async def fence(self, connection: AsyncConnection, epoch: int, patience: timedelta) -> bool:
        del patience
        return bool(await Statement(lambda: self.row.fence(self.worker, epoch, connection)))

    async def close(self) -> None:
        """Do nothing: there is no connection."""
