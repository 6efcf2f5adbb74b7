"""Erase the data of members who left the Discord server, for `FORGET_ON_LEAVE`."""

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

# An order younger than this may still be undone, confirmed or answered, so it is kept.
SETTLE_TIME = INTERACTION_LIFETIME

_log = logging.getLogger(__name__)


class MemberErasure:
    """Erases the data of members. Each method may be called again without harm."""

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
        """Delete a member's link and requests, and redact them from the closed orders."""
        try:
            await self._erase(guild_id, discord_id)
        except StorageError as error:
            _log.error("cannot erase the data of %s in guild %s: %s", discord_id, guild_id, error)

    async def erase_absent(self, guild_id: int, is_member: Callable[[int], bool]) -> None:
        """Erase the data of all users who are not members of the guild.

        Args:
            is_member: returns True for a member; it must know all members.

        Raises:
            StorageError: the database failed; those who are left are found at the next call.
        """
        for discord_id in await self._store.stored_people(guild_id):
            if not is_member(discord_id):
                await self._erase(guild_id, discord_id)

    async def _erase(self, guild_id: int, discord_id: int) -> None:
        # First: the message of a pending request loses its buttons, too.
        await self._requests.withdraw(guild_id, discord_id, discord_id)
        links = await self._links.find(guild_id, [discord_id])
        api_ids = [link.api_id for link in links.values()]
        found = await self._store.orders_naming(
            guild_id, discord_id, self._clock.now() - SETTLE_TIME
        )
        redacted = [redaction.redact(order, discord_id, api_ids) for order in found]
        changed = [order for order in redacted if order is not None]
        deleted_ids = {order.id for order in found} - {order.id for order in changed}
        was_linked = await self._store.erase(guild_id, discord_id, changed, deleted_ids)
        if was_linked or found:
            _log.info("erased the data of %s, who left guild %s", discord_id, guild_id)
