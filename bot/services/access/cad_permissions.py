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
from bot.common.clock import Clock
from bot.services.access.policy import Access
from bot.services.errors import CadPermissionUnknown
from bot.storage.stores.link_store import LinkStore

# Seconds. The CAD allows eight account requests a minute, which is enough for eighty active
# members. A refusal expires soon: a member who is given a permission tries again at once.
CACHE_TTL = 600.0
REFUSAL_CACHE_TTL = 30.0

_log = logging.getLogger(__name__)

MemberKey = tuple[int, int]  # guild and member


class CadPermissionCheck(Protocol):
    """Raises CadPermissionMissing or CadPermissionUnknown unless the CAD permits the action."""

    async def __call__(self, member_id: int, guild_id: int, /, *, only_self: bool) -> None: ...


async def allow_all(_member_id: int, _guild_id: int, /, *, only_self: bool) -> None:
    """Allow everything: the caller has checked the Discord roles."""


@dataclass(frozen=True, slots=True)
class _CachedPermissions:
    """The permissions of a CAD account.

    Attributes:
        permissions: in lower case; None without an account.
        fetched_at: monotonic seconds.
    """

    permissions: frozenset[str] | None
    fetched_at: float


class CadPermissions:
    """Asks the CAD for the permissions of members, and caches them for ten minutes.

    A member's account is the one whose Discord account is linked in the CAD; if there is none, the
    account of the API id that the member is linked to here.
    """

    def __init__(
        self,
        access: Access,
        cad: CadClient,
        links: LinkStore,
        *,
        clock: Clock,
    ) -> None:
        self._access = access
        self._cad = cad
        self._links = links
        self._clock = clock
        self._cache: dict[MemberKey, _CachedPermissions] = {}
        # By member, while a request about the member runs or is awaited.
        self._locks: WeakValueDictionary[MemberKey, asyncio.Lock] = WeakValueDictionary()

    async def require(self, member_id: int, guild_id: int, /, *, only_self: bool) -> None:
        """Raise unless the CAD permits the action, or its permission is not needed.

        Raises:
            CadPermissionMissing: the account lacks the permission, or there is no account.
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
            account = await self._find_account(*member)
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
        fetched = _CachedPermissions(account.permissions if account else None, now)
        self._cache[member] = fetched
        return fetched

    async def _find_account(self, guild_id: int, member_id: int) -> Account | None:
        account = await self._cad.get_account_by_discord_id(member_id)
        if account is not None:
            return account
        link = (await self._links.find(guild_id, [member_id])).get(member_id)
        return await self._cad.get_account_by_api_id(link.api_id) if link else None
