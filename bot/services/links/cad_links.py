"""Links of members who have linked Discord in the CAD itself: they need no `/link`.

Reference: docs/sonoran-cad.md, "Who is who".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass

from bot.cad.errors import CadError
from bot.cad.http.rate_limits import background_queries
from bot.cad.models import Account
from bot.common.clock import Clock
from bot.common.steam_id import identity
from bot.services.cad_accounts import CadAccounts, id_of
from bot.services.cad_lookup import CadLookup
from bot.storage.stores.link_row import Link, LinkSource
from bot.storage.stores.link_store import LinkStore

FORM_TIMEOUT = 1.5  # seconds; Discord accepts a form within 3 seconds

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """Who a member is in the CAD.

    Attributes:
        account: the account that has linked the member's Discord; None if the CAD knows none.
        link: the member's link here; None if there is none.
        can_ask: whether the CAD finds accounts by Discord id.
        error: why the CAD did not answer.
        may_see_names: whether the reader may see the name of an account that is only linked here.
    """

    discord_id: int
    account: Account | None
    link: Link | None
    can_ask: bool = True
    error: CadError | None = None
    may_see_names: bool = True

    @property
    def has_its_link(self) -> bool:
        """Whether the link is to the account; otherwise another member has its id here."""
        if self.account is None or self.link is None:
            return False
        return identity(self.link.api_id) == identity(id_of(self.account))


class CadLinks:
    """Finds the accounts that members have linked to Discord, and stores them as links.

    Every method may raise StorageError.
    """

    def __init__(self, links: LinkStore, accounts: CadAccounts, *, clock: Clock) -> None:
        self._links = links
        self._accounts = accounts
        self._clock = clock

    async def api_ids(
        self, guild_id: int, unlinked: Collection[int], lookup: CadLookup
    ) -> dict[int, str | None]:
        """Return the ids of members who are not linked here, None for a member who has none.

        A found link is stored, unless the id is held by another member here. A member who is
        missing from the result could not be looked up. No member of the order who is known waits
        for that: where the CAD's limit allows no request soon, the order's next attempt asks.
        """
        found: dict[int, str | None] = {}
        for member_id in unlinked:
            if not self._accounts.is_remembered(member_id):
                lookup.started()
            try:
                with background_queries():
                    account = await self._accounts.find(member_id)
            except CadError as error:
                _log.warning("cannot ask the CAD for its own Discord links: %r", error)
                lookup.failed(error)
                if error.affects_all_requests:
                    break  # the next request would fail the same way, ten seconds later
                continue
            found[member_id] = await self.store(guild_id, member_id, account) if account else None
        return found

    async def moved_ids(self, guild_id: int, linked: Collection[int]) -> dict[int, str]:
        """Return the ids of those linked members who have another account in the CAD by now.

        For members whose linked id no unit on duty has: the id may be from the other API of the
        CAD, or of an account that they no longer use. The CAD's own link is stored instead. A
        member is missing if the CAD does not answer soon: the link here counts.
        """
        found: dict[int, str] = {}
        if not self._accounts.can_ask:
            return found
        before = await self._links.find(guild_id, linked)
        for member_id, link in before.items():
            try:
                with background_queries():
                    account = await self._accounts.find(member_id)
            except CadError as error:
                _log.warning("cannot compare links with the CAD's own: %r", error)
                break
            if account and identity(id_of(account)) != identity(link.api_id):
                found[member_id] = await self.store(guild_id, member_id, account)
        return found

    async def describe(self, guild_id: int, member_id: int) -> MemberAccount:
        """Ask the CAD who a member is, and store the account that it names as the link."""
        account: Account | None = None
        error: CadError | None = None
        try:
            account = await self._accounts.find(member_id, max_age=0)
        except CadError as reason:
            error = reason
        link = (await self._links.find(guild_id, [member_id])).get(member_id)
        if account and not (link and identity(link.api_id) == identity(id_of(account))):
            await self.store(guild_id, member_id, account)
            link = (await self._links.find(guild_id, [member_id])).get(member_id)
        return MemberAccount(member_id, account, link, self._accounts.can_ask, error)

    async def is_linked(self, guild_id: int, member_id: int) -> bool:
        """Return True if a member has a link here or in the CAD, within `FORM_TIMEOUT` seconds.

        A CAD that does not answer in that time counts as one that knows no link.
        """
        if await self._links.api_ids_of(guild_id, [member_id]):
            return True
        try:
            async with asyncio.timeout(FORM_TIMEOUT):
                found = await self.api_ids(guild_id, [member_id], CadLookup())
        except TimeoutError:
            return False
        return bool(found.get(member_id))

    async def store(self, guild_id: int, member_id: int, account: Account) -> str:
        """Store an account as a member's link, unless another member has its id; return the id."""
        now = self._clock.now()
        link = Link(
            guild_id,
            member_id,
            id_of(account),
            0,
            now,
            LinkSource.CAD,
            account_name=account.username or None,
            account_uuid=account.uuid or None,
            proven_at=now,
            checked_at=now,
        )
        if not (await self._links.claim(link)).is_granted:
            _log.warning("the CAD links %s to an id that another member has here", member_id)
        return link.api_id
