"""How many queries the CAD gets about one id, and how far apart they are."""

from __future__ import annotations

import math

from bot.common.clock import Clock

MAX_QUERIES = 8
TIME_LIMIT = 10.0  # seconds for all queries about one id while a user waits
INTERACTIVE_GAP = 1.0  # seconds between two queries while a user waits; API 1 rejects more
ID_GAP = 3.0  # seconds between two queries about ids in the background
ACCOUNT_GAP = 10.0  # seconds between two about accounts: API 2 has the lowest limit for them


class Pacer:
    """Keeps queries apart, so that orders and the board get most of the rate limit.

    Args:
        id_gap: seconds between any two queries.
        account_gap: seconds between two queries about accounts.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        id_gap: float,
        account_gap: float,
    ) -> None:
        self._clock = clock
        self._id_gap = id_gap
        self._account_gap = account_gap
        self._next_id = -math.inf
        self._next_account = -math.inf

    async def acquire(self, until: float, *, is_account: bool) -> bool:
        """Wait until the next query may be sent; return False at once if that is after `until`.

        `until` is in monotonic seconds.
        """
        now = self._clock.monotonic()
        send_at = max(now, self._next_id, self._next_account if is_account else now)
        if send_at > until:
            return False
        self._next_id = send_at + self._id_gap
        if is_account:
            self._next_account = send_at + self._account_gap
        if send_at > now:
            await self._clock.sleep(send_at - now)
        return True


class QueryBudget:
    """The queries that remain for one id: at most `MAX_QUERIES`, none after `until`.

    Attributes:
        is_background: whether no user waits for the answer.
        timed_out: whether the last query was dropped because of `until`.

    Args:
        until: a time in monotonic seconds; without it the queries are background work.
    """

    def __init__(self, pacer: Pacer, until: float = math.inf) -> None:
        self.is_background = until == math.inf
        self.timed_out = False
        self._pacer = pacer
        self._until = until
        self._remaining = MAX_QUERIES

    async def acquire(self, *, is_account: bool = False) -> bool:
        """Wait until the next query may be sent; return False if none is left."""
        if not self._remaining:
            return False
        self._remaining -= 1
        self.timed_out = not await self._pacer.acquire(self._until, is_account=is_account)
        return not self.timed_out
