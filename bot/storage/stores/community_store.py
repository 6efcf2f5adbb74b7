"""The communities at the CAD: checking their sealed API keys, and sealing them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, select, update

from bot.storage.errors import SecretLocked
from bot.storage.stores.guild_store import bound_to
from bot.storage.tables import communities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.storage.database import Database
    from bot.storage.sealing import Sealer

BATCH = 100  # rows per transaction, so that a bot that runs can write in between

_PAGE = (
    select(communities.c.id, communities.c.cad_id, communities.c.key_sealed)
    .where(communities.c.id > bindparam("after"))
    .order_by(communities.c.id)
    .limit(BATCH)
)
# Only what was read is replaced: a key that was set meanwhile stays.
_RESEAL = (
    update(communities)
    .where(
        communities.c.id == bindparam("community"),
        communities.c.key_sealed == bindparam("before"),
    )
    .values(key_sealed=bindparam("sealed"), key_digest=bindparam("digest"))
)


class _KeyRow(NamedTuple):
    id: str
    cad_id: str
    key_sealed: bytes


class KeyCounts(NamedTuple):
    """How many stored keys are sealed with the newest key, how many with older ones, and the rest.

    Attributes:
        locked: the ids of the communities at the CAD whose key does not open.
    """

    newest: int = 0
    older: int = 0
    locked: tuple[str, ...] = ()


class CommunityStore:
    """The keys of all communities. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Use an open `database`."""
        self._database = database
        self._sealer = sealer

    async def check(self) -> KeyCounts:
        """Open every key, and change nothing."""
        counts = KeyCounts()
        async for batch in self._batches():
            counts = self._count(counts, batch)
        return counts

    async def rotate(self) -> KeyCounts:
        """Seal every key with the newest one, in batches; return how they were before.

        What broke off can be repeated.
        """
        counts = KeyCounts()
        async for batch in self._batches():
            counts = self._count(counts, batch)
            older = [(row, key) for row, key in batch if key is not None and self._is_older(row)]
            if older:
                values = [self._sealed_anew(row, key) for row, key in older]
                async with self._database.begin() as connection:
                    await connection.execute(_RESEAL, values)
        return counts

    async def _batches(self) -> AsyncIterator[list[tuple[_KeyRow, str | None]]]:
        """Yield the rows, each with its key; None where that does not open."""
        after = ""
        while True:
            async with self._database.connect() as connection:
                rows = [_KeyRow(*one) for one in await connection.execute(_PAGE, {"after": after})]
            if not rows:
                return
            yield [(row, self._opened(row)) for row in rows]
            after = rows[-1].id

    def _opened(self, row: _KeyRow) -> str | None:
        try:
            return self._sealer.unseal(row.key_sealed, *bound_to(row.id, row.cad_id))
        except SecretLocked:
            return None

    def _is_older(self, row: _KeyRow) -> bool:
        return not self._sealer.is_newest(row.key_sealed)

    def _count(self, counts: KeyCounts, batch: list[tuple[_KeyRow, str | None]]) -> KeyCounts:
        locked = tuple(row.cad_id for row, key in batch if key is None)
        older = sum(key is not None and self._is_older(row) for row, key in batch)
        newest = len(batch) - older - len(locked)
        return KeyCounts(counts.newest + newest, counts.older + older, counts.locked + locked)

    def _sealed_anew(self, row: _KeyRow, key: str) -> dict[str, object]:
        return {
            "community": row.id,
            "before": row.key_sealed,
            "sealed": self._sealer.seal(key, *bound_to(row.id, row.cad_id)),
            "digest": self._sealer.digests(key)[0],
        }
