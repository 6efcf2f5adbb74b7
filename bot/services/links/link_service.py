"""Who is who: which id of the CAD a Discord person has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Account
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.access.policy import Access, Actor
from bot.services.cached_list import CachedList
from bot.services.cad_lookup import CadLookup
from bot.services.errors import IdAlreadyLinked
from bot.services.pasted_api_id import parse_api_id
from bot.services.verification.verifier import LinkVerifier, Verification
from bot.storage.errors import StorageError
from bot.storage.stores.link_row import Link, LinkSource
from bot.storage.stores.link_store import LinkStore

PAGE_SIZE = 20
FORM_TIMEOUT = 1.5  # seconds; Discord takes a form within 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkResult:
    """A link that was saved.

    Attributes:
        link: as it was stored, which may be spelled otherwise than it was given.
        replaced: the link that the person had before.
        proof: what the CAD said about it.
        holders: others who had the same id before.
        is_moved: whether it was taken from them.
    """

    link: Link
    replaced: Link | None
    verification: Verification
    holders: tuple[Link, ...] = ()
    is_moved: bool = False


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Some of a guild's links; number counts from 1 and never exceeds count.

    Attributes:
        kind: what links these are.
    """

    links: list[Link]
    number: int
    count: int
    total: int
    kind: str = "linked"


async def read_page(
    total: int,
    number: int,
    read: Callable[..., Awaitable[list[Link]]],
    kind: str = "linked",
) -> LinkPage:
    """Read a page with `offset` and `limit`; a number past the end means the last page."""
    count = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, number), count)
    found = await read(offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    return LinkPage(found, number, count, total, kind)


class LinkService:
    """Keeps the links and asks the CAD whether it knows them.

    Args:
        id_format: how a Steam id is written for the CAD, `API_ID_FORMAT`.
    """

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        cad: CadClient,
        verifier: LinkVerifier,
        *,
        id_format: str,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._access = access
        self._links = links
        self._cad = cad
        self._verifier = verifier
        self._id_format = id_format
        self._clock = clock
        self._cached: dict[int, CachedList[Link]] = {}

    async def link(self, actor: Actor, member_id: int, pasted: str) -> LinkResult:
        """Give a member an API id; for anyone but oneself that takes the right to link.

        Raises:
            NotAllowed, NotAnApiId, IdHeld, StorageError.
        """
        if member_id != actor.user_id:
            self._access.require_link(actor)
        return await self.assign(actor, member_id, pasted)

    async def assign(
        self,
        actor: Actor,
        member_id: int,
        pasted: str,
        *,
        allowed_holders: Collection[int] = (),
        moving: bool = False,
    ) -> LinkResult:
        """Give a member an id; who may do so has been decided.

        Args:
            knowing: others who may have the same id.
            moving: whether it is taken from them.

        Raises:
            NotAnApiId, StorageError.
            IdHeld: somebody else has it.
        """
        given = Link(actor.guild_id, member_id, pasted, actor.user_id, self._clock.now())
        known = await self._links.find(actor.guild_id, [member_id])
        link = await self._verifier.prepare(given, known.get(member_id))
        claim = await self._links.claim(link, allowed_holders=allowed_holders, moving=moving)
        if not claim.is_granted:
            may_know = self._access.may_link(actor)
            holders = frozenset(one.discord_id for one in claim.holders)
            raise IdAlreadyLinked(link.api_id, holders if may_know else frozenset())
        _log.info("%s linked %s in guild %s", actor.user_id, member_id, actor.guild_id)
        link, proof = await self._verifier.verify(link, pasted)
        return LinkResult(link, claim.replaced, proof, claim.holders, moving)

    def normalise(self, pasted: str) -> str:
        """Return what somebody pasted as it is stored, or raise NotAnApiId."""
        return parse_api_id(pasted, self._id_format)

    async def verify_unsaved(self, link: Link) -> Verification:
        """Return what the CAD says about a link that is not stored yet."""
        return await self._verifier.verify_unsaved(link)

    async def api_ids(
        self, guild_id: int, member_ids: Collection[int], lookup: CadLookup | None = None
    ) -> dict[int, str | None]:
        """Return the API ids of members, None for who has none.

        Whoever is not linked here may have linked Discord in the CAD itself; that is asked once
        and stored, unless the id is somebody else's here. Who is missing from the result could
        not be asked about.
        """
        lookup = lookup or CadLookup()
        links = await self._links.find(guild_id, member_ids) if member_ids else {}
        found: dict[int, str | None] = {one.discord_id: one.api_id for one in links.values()}
        for member_id in member_ids:
            if member_id in found:
                continue
            lookup.started()
            try:
                account = await self._cad.get_account_by_discord_id(member_id)
            except CadError as error:
                _log.warning("the CAD's own links cannot be asked: %r", error)
                lookup.failed(error)
                if error.affects_all_requests:
                    break  # the next question would end the same way, ten seconds later
                continue
            found[member_id] = account.api_id or None if account else None
            if account and account.api_id:
                link = self._link_from_cad(guild_id, member_id, account)
                if not (await self._links.claim(link)).is_granted:
                    _log.warning("the CAD's own id of %s is somebody else's here", member_id)
        return found

    async def linked_ids(self, guild_id: int, member_ids: Collection[int]) -> dict[int, str]:
        """Return the API ids of those members who are linked here; the CAD is not asked."""
        links = await self._links.find(guild_id, member_ids)
        return {one.discord_id: one.api_id for one in links.values()}

    def _link_from_cad(self, guild_id: int, member_id: int, account: Account) -> Link:
        now = self._clock.now()
        return Link(
            guild_id,
            member_id,
            account.api_id,
            0,
            now,
            LinkSource.CAD,
            account_name=account.username or None,
            account_uuid=account.uuid or None,
            proven_at=now,
            checked_at=now,
        )

    async def is_linked(self, guild_id: int, member_id: int) -> bool:
        """Tell whether a member has an API id, in the time that Discord waits for a form.

        A CAD that cannot say so that quickly counts as one that knows no link.
        """
        try:
            async with asyncio.timeout(FORM_TIMEOUT):
                return bool((await self.api_ids(guild_id, [member_id])).get(member_id))
        except TimeoutError:
            return False

    async def unlink(self, actor: Actor, member_id: int) -> Link | None:
        """Forget a member's API id and return what it was; rights as for `link`."""
        if member_id != actor.user_id:
            self._access.require_link(actor)
        removed = await self._links.remove(actor.guild_id, member_id)
        _log.info("%s unlinked %s in guild %s", actor.user_id, member_id, actor.guild_id)
        return removed

    async def page(self, actor: Actor, number: int) -> LinkPage:
        """Return one page of the guild's links; a number past the end means the last page."""
        self._access.require_link(actor)
        total = await self._links.count(actor.guild_id)
        return await read_page(total, number, partial(self._links.page, actor.guild_id))

    async def owners(self, actor: Actor, pasted: str) -> list[Link]:
        """Return everyone who is linked to an id, whatever spelling is asked for."""
        self._access.require_link(actor)
        return await self._links.find_by_api_ids(actor.guild_id, [self.normalise(pasted)])

    def cached(self, guild_id: int) -> tuple[Link, ...]:
        """Return the guild's links as last read, from memory, and have them read again."""
        if guild_id not in self._cached:

            async def read() -> tuple[Link, ...]:
                return tuple(await self._links.all(guild_id))

            self._cached[guild_id] = CachedList(
                f"the links of guild {guild_id}", read, expected=StorageError, clock=self._clock
            )
        self._cached[guild_id].refresh()
        return self._cached[guild_id].items

    async def close(self) -> None:
        """Stop reading."""
        await asyncio.gather(*(remembered.close() for remembered in self._cached.values()))
