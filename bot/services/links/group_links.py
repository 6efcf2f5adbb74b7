"""Looks up in the background which members of roles and voice channels the CAD knows.

The CAD names one member in one request, a few a minute: no order can wait for a whole role.
Reference: docs/sonoran-cad.md, "Who is who".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.cad.errors import CadRateLimited
from bot.cad.http.rate_limits import background_queries
from bot.cad.push.events import Event, LinkVerified
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.cad_accounts import CadAccounts
from bot.services.links.cad_links import CadLinks

PAUSE = 5.0  # seconds between two members
SPARE = 2  # requests a minute that are left to other background work, such as a mentioned member
KNOWN_FOR = 6 * 3600.0  # seconds for which a member without an account is not looked up again
BACKOFF = Backoff(first=30.0, longest=900.0)  # without a request after a fault


class GroupLinks:
    """Stores the accounts that it finds as links; remembers which members have none.

    It works while a member waits to be looked up, with a backoff while the CAD fails.
    """

    def __init__(
        self, cad_links: CadLinks, accounts: CadAccounts, *, guild_id: int, clock: Clock
    ) -> None:
        self._cad_links = cad_links
        self._accounts = accounts
        self._guild_id = guild_id
        self._clock = clock
        self._tasks = BackgroundTasks(clock.sleep)
        self._waiting: dict[int, None] = {}  # members, the first in turn first
        self._known_at: dict[int, float] = {}  # members, in monotonic seconds
        self._is_running = False

    def pending(self, unlinked: Collection[int]) -> frozenset[int]:
        """Return which of these members are not looked up yet; have them looked up.

        Where the CAD does not find accounts by Discord id, there is nothing to wait for.
        """
        if not self._accounts.can_ask:
            return frozenset()
        since = self._clock.monotonic() - KNOWN_FOR
        self._known_at = {one: at for one, at in self._known_at.items() if at > since}
        found = frozenset(unlinked) - self._known_at.keys()
        self._waiting |= dict.fromkeys(sorted(found - self._waiting.keys()))
        if self._waiting and not self._is_running and not self._tasks.is_stopping:
            self._is_running = True
            self._tasks.repeat("the lookup of members", self._look_up_next, BACKOFF)
        return found

    def on_events(self, events: Iterable[Event]) -> None:
        """Forget which members have no account when the CAD reports that one was linked."""
        if any(isinstance(event, LinkVerified) for event in events):
            self._known_at.clear()

    async def close(self) -> None:
        """Stop, and wait until the link under way is stored."""
        await self._tasks.close()

    async def _look_up_next(self) -> float | None:
        """Look up the member whose turn it is; return the seconds to wait before the next."""
        if not self._waiting or not self._accounts.can_ask:
            self._is_running = False
            return None
        member_id = next(iter(self._waiting))
        try:
            with self._tasks.cancellable(), background_queries(spare=SPARE):
                account = await self._accounts.find(member_id)
            if account is not None:
                await self._cad_links.store(self._guild_id, member_id, account)
        except CadRateLimited as error:
            return max(PAUSE, error.retry_after or 0.0)  # no outage: members use the limit now
        del self._waiting[member_id]
        self._known_at[member_id] = self._clock.monotonic()
        return PAUSE
