"""All cards of one guild: a publisher for each channel, and the removal of obsolete cards."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.services.cards.card_cleanup import CardCleanup
from bot.services.cards.card_publisher import CardPublisher
from bot.services.cards.card_schedule import CardKey
from bot.storage.stores.card_store import StoredCard


@dataclass(frozen=True, slots=True)
class GuildCards:
    """Starts and stops what writes the cards.

    Each channel has a publisher of its own, because Discord limits the writes per channel.
    """

    publishers: Sequence[CardPublisher]
    cleanup: CardCleanup

    def start(self) -> None:
        """Start publishing and cleaning up."""
        for publisher in self.publishers:
            publisher.start()
        self.cleanup.start()

    def find(self, key: CardKey) -> StoredCard | None:
        """Return the card of a call by server, kind and number; None if there is none."""
        return next(filter(None, (one.find(key) for one in self.publishers)), None)

    async def close(self, seconds: float) -> None:
        """Stop all within seconds; a running write is finished."""
        closing = [publisher.close(seconds) for publisher in self.publishers]
        await asyncio.gather(*closing, self.cleanup.close(seconds))
