"""What happens to the data of a guild that the bot is removed from, or that asks for it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.storage.stores.guild_data_store import GuildDataStore
from bot.storage.stores.left_guild_store import LeftGuildStore

HOUR = 3600.0  # seconds
CLOSE_GRACE = 5.0

_log = logging.getLogger(__name__)


class Reopen(Protocol):
    """Serves a guild as it is stored."""

    async def __call__(
        self, guild_id: int, change: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """Stop serving a guild, make a change, and serve it as it is stored then."""


class Departures:
    """Deletes an API key when its guild is left, and the rest some days later.

    Args:
        own_guild_id: the guild of the settings in the environment, which the operator looks after.
        keep_for: how long the links and orders of a guild are kept, in case the bot comes back.
    """

    def __init__(
        self,
        left: LeftGuildStore,
        data: GuildDataStore,
        reopen: Reopen,
        keep_for: timedelta,
        *,
        own_guild_id: int | None,
        clock: Clock,
    ) -> None:
        self._left = left
        self._data = data
        self._reopen = reopen
        self._keep_for = keep_for
        self._own_guild_id = own_guild_id
        self._clock = clock
        self._tasks = BackgroundTasks(clock.sleep)

    def start(self, has_left: Callable[[int], Awaitable[bool]]) -> None:
        """Forget at once, and then every hour, the guilds that were left long ago.

        Args:
            has_left: asks whether the bot is certainly not on a guild again.
        """
        self._tasks.repeat("forgetting left servers", partial(self._forget_old, has_left))

    async def close(self) -> None:
        """Stop; what is under way is finished, for `CLOSE_GRACE` at most."""
        await self._tasks.close(CLOSE_GRACE)

    async def leave(self, guild_id: int) -> None:
        """Stop serving a guild that the bot was removed from, and delete its API key."""
        if guild_id == self._own_guild_id:
            return
        _log.info("guild %s was left; its API key is deleted", guild_id)
        await self._reopen(guild_id, partial(self._left.leave, guild_id, self._clock.now()))

    async def export(self, guild_id: int) -> dict[str, list[dict[str, Any]]]:
        """Return all that is stored about a guild, without secrets, by table."""
        return await self._data.export(guild_id)

    async def forget(self, guild_id: int) -> None:
        """Stop serving a guild, and delete all that is stored about it."""
        _log.info("all data of guild %s is deleted", guild_id)
        await self._reopen(guild_id, partial(self._data.forget, guild_id))

    async def _forget_old(self, has_left: Callable[[int], Awaitable[bool]]) -> float:
        for guild_id in await self._left.left_before(self._clock.now() - self._keep_for):
            if await has_left(guild_id):
                await self.forget(guild_id)
        return HOUR
