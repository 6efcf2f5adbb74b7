"""Checks the permissions that members have in the CAD itself."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Account
from bot.cad.permissions import AccountPermissions
from bot.common.account_id import account_of
from bot.common.clock import Clock
from bot.services.access.policy import Access
from bot.services.cad_accounts import CadAccounts
from bot.services.errors import CadPermissionUnknown
from bot.storage.stores.link_store import LinkStore

# Seconds. API 2 allows eight account requests a minute, which is enough for eighty active
# members. A refusal expires soon: a member who is given a permission tries again at once.
CACHE_TTL = 600.0
REFUSAL_CACHE_TTL = 30.0

_log = logging.getLogger(__name__)

MemberKey = tuple[int, int]  # guild and member


class CadPermissionCheck(Protocol):
    """Raises CadPermissionMissing or CadPermissionUnknown unless the CAD permits the action."""

    async def __call__(self, member_id: int, guild_id: int, /, *, only_self: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class _CachedPermissions:
    """The permissions of a CAD account.

    Attributes:
        permissions: None without an account.
        fetched_at: monotonic seconds.
    """

    permissions: AccountPermissions | None
    fetched_at: float


class CadPermissions:
    """Asks the CAD for the permissions of members, and caches them for ten minutes.

    A member's account is the one whose Discord account is linked in the CAD; if there is none, the
    account of the API id that the member is linked to here. Its granular permissions count where
    the CAD has them.

    Args:
        server_id: the CAD server that receives the queries; accounts belong to the community.
    """

    def __init__(
        self,
        access: Access,
        cad: CadClient,
        accounts: CadAccounts,
        links: LinkStore,
        *,
        server_id: int,
        clock: Clock,
    ) -> None:
        self._access = access
        self._cad = cad
        self._accounts = accounts
        self._links = links
        self._server_id = server_id
        self._clock = clock
        self._cache: dict[MemberKey, _CachedPermissions] = {}
        # By member, while a request about the member runs or is awaited.
        self._locks: WeakValueDictionary[MemberKey, asyncio.Lock] = WeakValueDictionary()

    async def require(self, member_id: int, guild_id: int, /, *, only_self: bool) -> None:
        """Raise unless the CAD permits the action, or its permission is not needed.

        Raises:
            CadPermissionMissing: the account lacks the permission, is not valid, or does not exist.
            CadPermissionUnknown: the CAD cannot be asked, which counts as a refusal.
            StorageError: the links cannot be read.
        """
        if not self._access.checks_cad_permissions:
            return
        member = guild_id, member_id
        async with self._locks.setdefault(member, asyncio.Lock()):
            cached = self._cache.get(member)
            if cached is None or not self._is_fresh(cached, only_self=only_self):
                cached = await self._fetch(member)
        self._access.require_cad_permission(cached.permissions, only_self=only_self)

    def _is_fresh(self, cached: _CachedPermissions, *, only_self: bool) -> bool:
        """Return whether a cached answer can still be used."""
        is_permitted = self._access.is_permitted_in_cad(cached.permissions, only_self=only_self)
        age = self._clock.monotonic() - cached.fetched_at
        return age < (CACHE_TTL if is_permitted else REFUSAL_CACHE_TTL)

    async def _fetch(self, member: MemberKey) -> _CachedPermissions:
        try:
            permissions = await self._ask(*member)
        except CadError as error:
            _log.warning("the CAD permissions of %s are unknown: %r", member[1], error)
            raise CadPermissionUnknown from error
        now = self._clock.monotonic()
        # Remove expired answers.
        self._cache = {
            key: cached
            for key, cached in self._cache.items()
            if now - cached.fetched_at < CACHE_TTL
        }
        fetched = _CachedPermissions(permissions, now)
        self._cache[member] = fetched
        return fetched

    async def _ask(self, guild_id: int, member_id: int) -> AccountPermissions | None:
        """Ask the CAD; an answer that cannot be read is an error, never "no permission"."""
        account = await self._find_account(guild_id, member_id)
        if account is None:
            return None
        return AccountPermissions(account, await self._cad.get_granular_permissions(account.uuid))

    async def _find_account(self, guild_id: int, member_id: int) -> Account | None:
        # A permission that was just given has to count soon.
        account = await self._accounts.find(member_id, max_age=REFUSAL_CACHE_TTL)
        if account is not None:
            return account
        link = (await self._links.find(guild_id, [member_id])).get(member_id)
        if link is None:
            return None
        if uuid := account_of(link.api_id):
            return await self._cad.get_full_account(self._server_id, Account(uuid, "", ""))
        return await self._cad.get_account_by_api_id(self._server_id, link.api_id)
