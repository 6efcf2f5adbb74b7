"""Forgetting those who have left the Discord server, for `FORGET_ON_LEAVE`."""

from __future__ import annotations

import logging
from collections.abc import Callable

from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.links.approvals import LinkApprovals
from bot.services.records import redaction
from bot.storage.errors import StorageError
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.personal_data_store import PersonalDataStore

# For so long an order may still be undone, confirmed, or told about, from memory.
SETTLE_TIME = INTERACTION_LIFETIME

_log = logging.getLogger(__name__)


class MemberErasure:
    """Forgets people. Every method is harmless when it is called once too often."""

    def __init__(
        self,
        links: LinkStore,
        store: PersonalDataStore,
        requests: LinkApprovals,
        *,
        clock: Clock,
    ) -> None:
        self._links = links
        self._store = store
        self._requests = requests
        self._clock = clock

    async def erase(self, guild_id: int, discord_id: int) -> None:
        """Delete a person's link and requests, and take them out of the orders that are over."""
        try:
            await self._erase(guild_id, discord_id)
        except StorageError as error:
            _log.error("%s cannot be forgotten in guild %s: %s", discord_id, guild_id, error)

    async def erase_absent(self, guild_id: int, is_member: Callable[[int], bool]) -> None:
        """Forget everybody who is not on the server.

        Args:
            is_here: tells whether a person is, from a list of all members.
        """
        try:
            people = await self._store.stored_people(guild_id)
        except StorageError as error:
            _log.error("those who left guild %s cannot be forgotten: %s", guild_id, error)
            return
        for discord_id in people:
            if not is_member(discord_id):
                await self.erase(guild_id, discord_id)

    async def _erase(self, guild_id: int, discord_id: int) -> None:
        # First, while there is something to show: the buttons go, too.
        await self._requests.withdraw(guild_id, discord_id, discord_id)
        links = await self._links.find(guild_id, [discord_id])
        api_ids = [link.api_id for link in links.values()]
        found = await self._store.orders_naming(
            guild_id, discord_id, self._clock.now() - SETTLE_TIME
        )
        scrubbed = [redaction.redact(order, discord_id, api_ids) for order in found]
        changed = [order for order in scrubbed if order is not None]
        gone = {order.id for order in found} - {order.id for order in changed}
        was_linked = await self._store.erase(guild_id, discord_id, changed, gone)
        if was_linked or found:
            _log.info("forgot %s, who has left guild %s", discord_id, guild_id)
