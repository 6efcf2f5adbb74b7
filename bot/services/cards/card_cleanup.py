"""Deletes the messages of cards that no call has any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Protocol

from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.cards.discord_budget import DiscordBudget, Urgency
from bot.storage.stores.card_store import CardStore, ObsoleteCard

CHECK_INTERVAL = 15.0  # seconds
_PAUSE = 1.0  # seconds between two deletions, for which Discord has a limit of their own

_log = logging.getLogger(__name__)


class ObsoleteCardChannel(Protocol):
    """A channel with cards of before."""

    async def discard(self, message_id: int) -> bool:
        """Delete a card if it is still there; return False if the bot may not. May raise."""


class CardCleanup:
    """Removes the cards of channels and servers that the settings no longer name.

    It also removes the closed card of a call whose number has come back for another call.

    Args:
        server_ids: the servers that have a channel for cards.
        channels: opens a channel by its id.
        overview_channels: the channels that have an overview of the calls.
        discord: the requests of all guilds.
    """

    def __init__(
        self,
        store: CardStore,
        server_ids: Collection[int],
        channels: Callable[[int], ObsoleteCardChannel],
        *,
        overview_channels: Collection[int] = (),
        discord: DiscordBudget,
        clock: Clock,
    ) -> None:
        self._store = store
        self._server_ids = server_ids
        self._overview_channels = overview_channels
        self._channels = channels
        self._discord = discord
        self._clock = clock
        self._are_others_retired = False
        self._tasks = BackgroundTasks(clock.sleep)

    def start(self) -> None:
        """Start to look for obsolete messages."""
        # Discord's errors are no fault of the bot.
        self._tasks.repeat("deleting old cards", self._delete_due, expected=Exception)

    async def close(self, seconds: float) -> None:
        """Stop within seconds; a running deletion is finished."""
        await self._tasks.close(seconds)

    async def _delete_due(self) -> float:
        """Delete what is due, the rest even if one message cannot be deleted.

        Raises:
            Exception: the last failure.
        """
        if not self._are_others_retired:
            now = self._clock.now()
            await self._store.retire_other_servers(self._server_ids, now)
            await self._store.retire_other_overviews(self._overview_channels, now)
            self._are_others_retired = True
        failure: Exception | None = None
        for card in await self._store.obsolete():
            if card.delete_at > self._clock.now():
                break
            try:
                await self._delete(card)
            except Exception as error:  # noqa: BLE001 - one message must not stop the others
                failure = error
            await self._tasks.sleep(_PAUSE)
        if failure is not None:
            raise failure
        return CHECK_INTERVAL

    async def _delete(self, card: ObsoleteCard) -> None:
        await self._discord.take(Urgency.REMOVAL)
        if not await self._channels(card.channel_id).discard(card.message_id):
            _log.warning(
                "the bot may not delete the old card %s in channel %s: delete it by hand",
                card.message_id,
                card.channel_id,
            )
        await self._store.forget_obsolete(card.message_id)
