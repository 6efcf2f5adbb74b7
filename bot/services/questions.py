"""How many questions may be asked about one id, and when each may go out."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

MOST_QUESTIONS = 8
ID_GAP = 3.0  # seconds between two questions about ids that nobody waits for
ACCOUNT_GAP = 10.0  # the same for accounts, of which API 2 answers fewest


class Turns:
    """Spreads the questions that nobody waits for: orders and people need most of the budget.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._next_id = -math.inf
        self._next_account = -math.inf

    async def take(self, *, is_account: bool) -> None:
        """Wait until the next question may go out."""
        now = self._clock()
        turn = max(now, self._next_id, self._next_account if is_account else now)
        self._next_id = turn + ID_GAP
        if is_account:
            self._next_account = turn + ACCOUNT_GAP
        if turn > now:
            await self._sleep(turn - now)


class Questions:
    """The questions about one id.

    Args:
        until: monotonic seconds after which no other is asked.
        turns: where nobody waits for the answer.
    """

    def __init__(
        self, until: float, clock: Callable[[], float], turns: Turns | None = None
    ) -> None:
        self._until = until
        self._clock = clock
        self._turns = turns
        self._left = MOST_QUESTIONS

    @property
    def is_calm(self) -> bool:
        """Tell whether nobody waits."""
        return self._turns is not None

    @property
    def is_late(self) -> bool:
        """Tell whether the time is over."""
        return self._clock() > self._until

    async def may_ask(self, *, is_account: bool = False) -> bool:
        """Wait for the turn of another question; False if there is to be none."""
        if not self._left or self.is_late:
            return False
        self._left -= 1
        if self._turns:
            await self._turns.take(is_account=is_account)
        return True
