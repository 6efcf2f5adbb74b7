"""The ownership of a SQLite file that ends when the test says so, as a lease does."""

from __future__ import annotations

import asyncio
import sqlite3

from bot.storage.ownership import SoleOwner


class LosableOwner(SoleOwner):
    """An ownership that the test ends."""

    def __init__(self, lock: sqlite3.Connection | None = None) -> None:
        super().__init__(lock)
        self.seconds = 9.0
        self.lost = asyncio.Event()

    def trusted_for(self) -> float:  # type: ignore[override]
        return self.seconds

    async def wait_lost(self) -> None:
        await self.lost.wait()

    def lose(self) -> None:
        self.seconds = 0.0
        self.lost.set()
