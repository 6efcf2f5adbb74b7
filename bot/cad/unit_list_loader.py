"""Loads the list of units in pages, over several calls where the rate limit demands it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from bot.cad.errors import CadRateLimited
from bot.cad.models import Unit, UnitListPart, UnitsPage
from bot.common.clock import Clock

# Units that log out between two pages move the others forward. After a pause the next page begins
# so many units earlier.
OVERLAP = 10
PAUSE = 5.0  # seconds between two pages from which on units may have come and gone
MAX_ROUND = 15 * 60.0  # seconds; an older round is started again


@dataclass(slots=True)
class _Round:
    """One pass through the pages of one server.

    Attributes:
        unreported: units of the pages that no call has returned yet, because it failed.
        is_gapless: False once a page did not continue the one before it.
    """

    started_at: float
    last_page_at: float
    offset: int = 0
    seen: set[int] = field(default_factory=set)
    unreported: dict[int, Unit] = field(default_factory=dict)
    is_gapless: bool = True


class UnitListLoader:
    """Continues, at each call, where the last one had to stop; keeps all pages.

    Attributes:
        shared_accounts: by server, the accounts that have several units on duty.

    Args:
        fetch_page: takes a server id and an offset in units, and returns the page from there.
    """

    def __init__(
        self, fetch_page: Callable[[int, int], Awaitable[UnitsPage]], clock: Clock
    ) -> None:
        self._fetch_page = fetch_page
        self._clock = clock
        self._rounds: dict[int, _Round] = {}
        self._accounts: dict[int, dict[int, str]] = {}  # by server and ident
        self.shared_accounts: dict[int, frozenset[str]] = {}

    async def load(self, server_id: int) -> UnitListPart:
        """Fetch the pages that are still missing, as many as the rate limit allows.

        Raises:
            CadRateLimited: it allows none.
            CadError: a page failed; the next call continues with it.
        """
        started = self._clock.monotonic()
        current = self._rounds.get(server_id)
        if current is None or started - current.started_at > MAX_ROUND:
            # The pages of a round that is given up still go to the caller.
            unreported = current.unreported if current else {}
            current = _Round(started, started, unreported=unreported)
            self._rounds[server_id] = current
        retry_after = None
        try:
            while not await self._load_page(server_id, current):
                pass
        except CadRateLimited as error:
            if not current.unreported:
                raise
            retry_after = error.retry_after or 0.0
        else:
            del self._rounds[server_id]
        units, current.unreported = tuple(current.unreported.values()), {}
        is_complete = retry_after is None
        listed = frozenset(current.seen) if is_complete and current.is_gapless else None
        self._note_accounts(server_id, units, listed)
        return UnitListPart(
            units,
            is_complete=is_complete,
            listed=listed,
            age=self._clock.monotonic() - current.started_at,
            retry_after=retry_after,
            loaded=len(current.seen),
        )

    def _note_accounts(
        self, server_id: int, units: Iterable[Unit], listed: frozenset[int] | None
    ) -> None:
        known = self._accounts.get(server_id, {})
        if listed is not None:
            known = {ident: account for ident, account in known.items() if ident in listed}
        known |= {unit.ident: unit.account for unit in units if unit.account}
        self._accounts[server_id] = known
        counts = Counter(known.values())
        self.shared_accounts[server_id] = frozenset(
            account for account, count in counts.items() if count > 1
        )

    async def _load_page(self, server_id: int, current: _Round) -> bool:
        """Fetch the next page of a round; return True if it is the last."""
        was_paused = self._clock.monotonic() - current.last_page_at > PAUSE
        overlap = min(current.offset, OVERLAP) if was_paused else 0
        offset = current.offset - overlap
        page = await self._fetch_page(server_id, offset)
        idents = {unit.ident for unit in page.units}
        if overlap and not idents & current.seen:
            current.is_gapless = False
        is_news = not idents <= current.seen
        current.seen |= idents
        current.unreported |= {unit.ident: unit for unit in page.units}
        current.offset = offset + page.size
        current.last_page_at = self._clock.monotonic()
        # A CAD that ignores `offset` would return its first page again and again.
        return page.is_last or not is_news
