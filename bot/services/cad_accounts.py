"""The accounts that members have linked to Discord in the CAD itself.

Reference: docs/sonoran-cad.md, "Who is who".
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from bot.cad.client import CadClient
from bot.cad.models import Account
from bot.cad.push.events import Event, LinkVerified
from bot.common.account_id import account_id
from bot.common.clock import Clock

# Seconds for which an answer is remembered. The CAD allows ten such questions a minute. A member
# who has no account there yet links Discord and tries again soon.
FOUND_TTL = 600.0
MISSING_TTL = 60.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the CAD said: the account, None for none; `at` in monotonic seconds."""

    account: Account | None
    at: float


class CadAccounts:
    """Asks the CAD for the account of a Discord id, and remembers answers, not errors.

    Simultaneous questions about one member share one request.
    """

    def __init__(self, cad: CadClient, *, clock: Clock) -> None:
        self._cad = cad
        self._clock = clock
        self._answers: dict[int, _Answer] = {}  # by Discord id
        # By Discord id, while a request about the member runs or is awaited.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @property
    def can_ask(self) -> bool:
        """Whether the CAD finds accounts by Discord id; API 1 does not."""
        return self._cad.has_discord_links

    def is_remembered(self, discord_id: int) -> bool:
        """Return whether `find` answers without a request."""
        return not self.can_ask or self._recall(discord_id, math.inf) is not None

    async def find(self, discord_id: int, *, max_age: float = math.inf) -> Account | None:
        """Return the account that is linked to a Discord id; None if there is none.

        Args:
            max_age: seconds that a remembered answer may be old; 0 asks the CAD in any case.

        Raises:
            CadError: the CAD did not answer. That does not mean that there is no account.
        """
        if not self.can_ask:
            return None
        asked_at = self._clock.monotonic()
        async with self._locks.setdefault(discord_id, asyncio.Lock()):
            answer = self._recall(discord_id, max_age, asked_at)
            if answer is None:
                account = await self._cad.get_account_by_discord_id(discord_id)
                answer = _Answer(account, self._clock.monotonic())
                self._remember(discord_id, answer)
        return answer.account

    def on_events(self, events: Iterable[Event]) -> None:
        """Forget which members have no account when the CAD reports that an account was linked."""
        if any(isinstance(event, LinkVerified) for event in events):
            self._answers = {one: answer for one, answer in self._answers.items() if answer.account}

    def _recall(
        self, discord_id: int, max_age: float, asked_at: float = math.inf
    ) -> _Answer | None:
        """Return a remembered answer; one given after `asked_at` counts whatever its age."""
        answer = self._answers.get(discord_id)
        if answer is None or answer.at > asked_at:
            return answer
        age = self._clock.monotonic() - answer.at
        return answer if age < min(max_age, _lifetime(answer)) else None

    def _remember(self, discord_id: int, answer: _Answer) -> None:
        self._answers = {
            one: known
            for one, known in self._answers.items()
            if answer.at - known.at < _lifetime(known)
        }
        self._answers[discord_id] = answer


def id_of(account: Account) -> str:
    """Return the id of an account: that of its player, else one that names the account."""
    return account.api_id or account_id(account.uuid)


def _lifetime(answer: _Answer) -> float:
    return FOUND_TTL if answer.account else MISSING_TTL
