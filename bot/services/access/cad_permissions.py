"""What the CAD itself lets people do."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Account
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.access.policy import Access
from bot.services.errors import CadPermissionUnknown
from bot.storage.stores.link_store import LinkStore

# Seconds. The CAD lets the bot ask for eight accounts a minute, so that this is enough for eighty
# busy people. A no is asked about again soon: whoever is given a permission tries it at once.
CACHE_TTL = 600.0
REFUSAL_CACHE_TTL = 30.0

_log = logging.getLogger(__name__)

MemberKey = tuple[int, int]  # guild and member


class CadPermissionCheck(Protocol):
    """Raises NotPermitted or PermissionNotTold unless the CAD lets a member do something too."""

    async def __call__(self, member_id: int, guild_id: int, /, *, only_self: bool) -> None: ...


async def allow_all(_member_id: int, _guild_id: int, /, *, only_self: bool) -> None:
    """Let everybody do everything: their roles have been looked at."""


@dataclass(frozen=True, slots=True)
class _CachedPermissions:
    """The permissions of an account, None without an account, as asked at a monotonic second."""

    permissions: frozenset[str] | None
    fetched_at: float


class CadPermissions:
    """Asks the CAD for the permissions of people, and remembers them for ten minutes.

    A person's account is the one that has their Discord linked in the CAD; where there is none,
    the one behind the API id that they are linked to here.
    """

    def __init__(
        self,
        access: Access,
        cad: CadClient,
        links: LinkStore,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._access = access
        self._cad = cad
        self._links = links
        self._clock = clock
        self._cache: dict[MemberKey, _CachedPermissions] = {}
        # As long as somebody asks about a person or waits for the answer.
        self._locks: WeakValueDictionary[MemberKey, asyncio.Lock] = WeakValueDictionary()

    async def require(self, member_id: int, guild_id: int, /, *, only_self: bool) -> None:
        """Raise unless the CAD lets a member do it, too, where that is needed.

        Raises:
            NotPermitted: it does not, or knows no account of theirs.
            PermissionNotTold: it cannot be asked, which counts as a no.
            StorageError: the links cannot be read.
        """
        if not self._access.checks_cad_permissions:
            return
        person = guild_id, member_id
        async with self._locks.setdefault(person, asyncio.Lock()):
            known = self._cache.get(person)
            if known is None or not self._is_fresh(known, only_self=only_self):
                known = await self._fetch(person)
        self._access.require_cad_permission(known.permissions, only_self=only_self)

    def _is_fresh(self, known: _CachedPermissions, *, only_self: bool) -> bool:
        """Tell whether what is known is new enough."""
        may = self._access.is_permitted_in_cad(known.permissions, only_self=only_self)
        age = self._clock.monotonic() - known.fetched_at
        return age < (CACHE_TTL if may else REFUSAL_CACHE_TTL)

    async def _fetch(self, member: MemberKey) -> _CachedPermissions:
        try:
            account = await self._find_account(*member)
        except CadError as error:
            _log.warning("the permissions of %s are not known: %r", member[1], error)
            raise CadPermissionUnknown from error
        now = self._clock.monotonic()
        # Whoever has not done anything for a while is forgotten.
        self._cache = {
            one: known for one, known in self._cache.items() if now - known.fetched_at < CACHE_TTL
        }
        known = _CachedPermissions(account.permissions if account else None, now)
        self._cache[member] = known
        return known

    async def _find_account(self, guild_id: int, member_id: int) -> Account | None:
        account = await self._cad.get_account_by_discord_id(member_id)
        if account is not None:
            return account
        link = (await self._links.find(guild_id, [member_id])).get(member_id)
        return await self._cad.get_account_by_api_id(link.api_id) if link else None
