"""Keeps the message that lists the open calls at the bottom of the channel of the cards."""

from __future__ import annotations

import logging
import math
from enum import Enum, auto
from hashlib import blake2b
from typing import Protocol

from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog
from bot.services.cards.card_writer import CardRateLimited
from bot.services.cards.discord_budget import DiscordBudget, Urgency
from bot.services.cards.overview import Overview
from bot.storage.stores.card_store import CardStore

EDIT_EVERY = 5.0  # seconds between two edits
POST_EVERY = 30.0  # seconds between two posts: cards that came below it in between share one
LOOK_EVERY = 1.0  # seconds between two comparisons with the calls
LATE_AFTER = 20.0  # seconds after which it no longer waits for every change of a card

_BACKOFF = Backoff(first=5.0, longest=60.0)

_log = logging.getLogger(__name__)


class OverviewChannel(Protocol):
    """The channel that shows the overview. Every method may raise."""

    async def post_overview(self, overview: Overview, nonce: str) -> int:
        """Post it; return the message id. A repeated nonce returns the first message."""

    async def edit_overview(self, message_id: int, overview: Overview) -> bool:
        """Edit it; return False if its message was deleted."""

    async def discard(self, message_id: int) -> bool:
        """Delete a message if it is still there; return False if the bot may not."""


class OverviewStep(Enum):
    """What the message needs next."""

    POST = auto()
    EDIT = auto()


class OverviewWriter:
    """Posts the overview anew when cards have come below it, and edits it otherwise."""

    def __init__(
        self,
        store: CardStore,
        channel: OverviewChannel,
        channel_id: int,
        *,
        discord: DiscordBudget,
        clock: Clock,
    ) -> None:
        self._store = store
        self._discord = discord
        self._channel = channel
        self._channel_id = channel_id
        self._clock = clock
        self._message_id: int | None = None
        self._shown: Overview | None = None
        self._is_being_written = False
        self._posted_at = self._looked_at = self._retry_at = -math.inf
        self._written_at = clock.monotonic()  # the cards of a start come first
        self._outage = OutageLog(
            _log, "the overview of the calls cannot be written", "it can be written again"
        )

    async def load(self) -> None:
        """Read which message it is; raise StorageError if the database fails."""
        self._message_id = await self._store.overview(self._channel_id)

    @property
    def is_late(self) -> bool:
        """Whether it was not written for so long that it no longer waits for changes of cards."""
        return self._clock.monotonic() - self._written_at >= LATE_AFTER

    @property
    def is_to_be_looked_at(self) -> bool:
        """Whether it is time to compare what it shows with the calls."""
        now = self._clock.monotonic()
        is_due = now >= max(self._looked_at + LOOK_EVERY, self._retry_at)
        return is_due and not self._is_being_written

    def next_step(self, overview: Overview, last_card_id: int) -> OverviewStep | None:
        """Return what is to be written now, None if nothing is.

        Args:
            last_card_id: the message of the latest card: the overview is above it if its own
                number is lower.
        """
        now = self._looked_at = self._clock.monotonic()
        is_scrolled_away = self._message_id is not None and self._message_id < last_card_id
        if self._message_id is None or (is_scrolled_away and now >= self._posted_at + POST_EVERY):
            return OverviewStep.POST
        is_due = overview != self._shown and now >= self._written_at + EDIT_EVERY
        return OverviewStep.EDIT if is_due else None

    def begin(self) -> None:
        """Mark that `write` will be called; until its end, nothing else is to be written."""
        self._is_being_written = True
        self._written_at = self._clock.monotonic()

    async def write(self, step: OverviewStep, overview: Overview) -> None:
        """Write it; a failure is logged, and it is tried again later."""
        try:
            if step is OverviewStep.POST:
                await self._post(overview)
            else:
                await self._edit(overview)
        except CardRateLimited:
            self._message_id = None  # Discord takes few edits of old messages: post it anew
        except Exception as error:  # noqa: BLE001 - the cards go on without it
            self._outage.record_failure(error)
            self._retry_at = self._clock.monotonic() + _BACKOFF.delay(self._outage.failures)
        else:
            self._outage.record_success()
        finally:
            self._is_being_written = False

    async def _post(self, overview: Overview) -> None:
        before = await self._store.overview(self._channel_id)
        # After an attempt whose answer was lost, Discord returns the message that it has posted.
        nonce = blake2b(f"{self._channel_id} {before}".encode(), digest_size=12).hexdigest()
        message_id = await self._channel.post_overview(overview, nonce)
        await self._store.save_overview(self._channel_id, message_id, self._clock.now())
        self._message_id, self._shown = message_id, overview
        self._posted_at = self._clock.monotonic()
        if before is not None:
            await self._discord.take(Urgency.REMOVAL)
            if await self._channel.discard(before):
                await self._store.forget_obsolete(before)

    async def _edit(self, overview: Overview) -> None:
        if self._message_id is not None and not await self._channel.edit_overview(
            self._message_id, overview
        ):
            self._message_id = None  # it was deleted: post it again
        self._shown = overview
