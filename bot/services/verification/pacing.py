"""How many questions may be asked about one id, and when each may go out."""

from __future__ import annotations

import math

from bot.common.clock import Clock

MAX_QUERIES = 8
TIME_LIMIT = 10.0  # seconds in which somebody who waits has all questions asked
INTERACTIVE_GAP = 1.0  # seconds between two questions: more often, CADs of version 1 take offence
ID_GAP = 3.0  # the same about ids that nobody waits for
ACCOUNT_GAP = 10.0  # the same about accounts, of which API 2 answers fewest


class Pacer:
    """Spreads questions: orders and the board need most of the budget.

    Args:
        id_gap, account_gap: seconds between two questions, and between two about accounts.
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
        """Wait until the next question may go out; False at once if that is after `until`."""
        now = self._clock.monotonic()
        turn = max(now, self._next_id, self._next_account if is_account else now)
        if turn > until:
            return False
        self._next_id = turn + self._id_gap
        if is_account:
            self._next_account = turn + self._account_gap
        if turn > now:
            await self._clock.sleep(turn - now)
        return True


class QueryBudget:
    """The questions about one id.

    Attributes:
        is_calm: whether nobody waits for the answer.
        is_late: whether one was left out because the time was over.

    Args:
        until: monotonic seconds after which no other is asked.
    """

    def __init__(self, pacer: Pacer, until: float = math.inf) -> None:
        self.is_background = until == math.inf
        self.timed_out = False
        self._pacer = pacer
        self._until = until
        self._remaining = MAX_QUERIES

    async def acquire(self, *, is_account: bool = False) -> bool:
        """Wait for the turn of another question; False if there is to be none."""
        if not self._remaining:
            return False
        self._remaining -= 1
        self.timed_out = not await self._pacer.acquire(self._until, is_account=is_account)
        return not self.timed_out
