"""Links: which API id of the CAD belongs to which Discord member."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from bot.common.clock import Clock
from bot.common.pages import Page, PageRange
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.cached_list import CachedList
from bot.services.link_errors import IdAlreadyLinked, ReplacesProvenLink
from bot.services.links.cad_links import CadLinks, MemberAccount
from bot.services.pasted_api_id import parse_api_id
from bot.services.verification.verifier import LinkVerifier, Verification
from bot.storage.errors import StorageError
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

PAGE_SIZE = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkResult:
    """A link that was saved.

    Attributes:
        link: as stored; its id may be spelled differently from what was pasted.
        replaced: the link that the member had before, None for none.
        verification: what the CAD said about the id.
        holders: the links of other members who had the same id before.
        is_moved: whether the links of `holders` were deleted.
    """

    link: Link
    replaced: Link | None
    verification: Verification
    holders: tuple[Link, ...] = ()
    is_moved: bool = False


@dataclass(frozen=True, slots=True)
class LinkPage(Page[Link]):
    """One page of a guild's links.

    Attributes:
        kind: which links are listed: "linked" for all, else a `VerificationStatus`.
    """

    kind: str = "linked"


async def read_page(
    total: int,
    number: int,
    read: Callable[..., Awaitable[list[Link]]],
    kind: str = "linked",
) -> LinkPage:
    """Read one page by calling `read(offset=…, limit=…)`; a number past the end is the last."""
    page = PageRange(total, number, PAGE_SIZE)
    found = await read(offset=page.offset, limit=PAGE_SIZE)
    return LinkPage(found, page.number, page.count, total, kind)


class LinkService:
    """Saves, finds and deletes links.

    Args:
        id_format: how a Steam id is written for the CAD, the setting `API_ID_FORMAT`.
    """

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        cad_links: CadLinks,
        verifier: LinkVerifier,
        *,
        id_format: str,
        clock: Clock,
    ) -> None:
        self._access = access
        self._links = links
        self._cad_links = cad_links
        self._verifier = verifier
        self._id_format = id_format
        self._clock = clock
        self._cached: dict[int, CachedList[Link]] = {}

    async def link(self, actor: Actor, member_id: int, pasted: str) -> LinkResult:
        """Link a member to an API id; linking another member needs the right to link.

        Raises:
            NotAllowed, InvalidApiId, IdAlreadyLinked, StorageError.
        """
        if member_id != actor.user_id:
            self._access.require_link(actor)
        return await self.assign(actor, member_id, pasted)

    async def describe(self, actor: Actor, member_id: int) -> MemberAccount:
        """Ask the CAD who a member is; asking about another needs the right to link.

        Raises:
            NotAllowed, StorageError.
        """
        if member_id != actor.user_id:
            self._access.require_link(actor)
        found = await self._cad_links.describe(actor.guild_id, member_id)
        return replace(found, may_see_names=self._access.may_link(actor))

    async def assign(
        self,
        actor: Actor,
        member_id: int,
        pasted: str,
        *,
        allowed_holders: Collection[int] = (),
        moving: bool = False,
        may_replace_proven: bool = False,
    ) -> LinkResult:
        """Link a member to an API id without checking the actor's rights.

        Args:
            allowed_holders: other members who may have the same id.
            moving: whether to delete the links of those members.
            may_replace_proven: whether an id that the CAD does not know may replace one that it
                has confirmed.

        Raises:
            InvalidApiId, StorageError.
            ReplacesProvenLink: it would, and may not.
            IdAlreadyLinked: a member outside of `allowed_holders` has it.
        """
        given = Link(actor.guild_id, member_id, pasted, actor.user_id, self._clock.now())
        before = (await self._links.find(actor.guild_id, [member_id])).get(member_id)
        link = await self._verifier.prepare(given, before)
        if not may_replace_proven and before is not None and before.proven_at is not None:
            await self._require_known(link, before)
        claim = await self._links.claim(link, allowed_holders=allowed_holders, moving=moving)
        if not claim.is_granted:
            may_see_holders = self._access.may_link(actor)
            holders = frozenset(one.discord_id for one in claim.holders)
            raise IdAlreadyLinked(link.api_id, holders if may_see_holders else frozenset())
        _log.info("%s linked %s in guild %s", actor.user_id, member_id, actor.guild_id)
        link, verification = await self._verifier.verify(link, pasted)
        if not verification.is_own and not self._access.may_link(actor):
            # Otherwise each member could learn whose id it is by pasting it.
            verification = replace(verification, account_name=None, account_uuid=None)
        return LinkResult(link, claim.replaced, verification, claim.holders, moving)

    async def _require_known(self, link: Link, before: Link) -> None:
        """Raise ReplacesProvenLink if the CAD does not know the id of a link, and it is another.

        An id of another member is a question of its own, which comes first.
        """
        if identity(link.api_id) == identity(before.api_id):
            return
        if await self._links.find_by_api_ids(link.guild_id, [link.api_id]):
            return
        found = await self.verify_unsaved(link)
        if not found.is_verified:
            raise ReplacesProvenLink(link.api_id, before.api_id, was_asked=found.is_complete)

    def normalise(self, pasted: str) -> str:
        """Return a pasted id in the form in which it is stored, or raise InvalidApiId."""
        return parse_api_id(pasted, self._id_format)

    async def verify_unsaved(self, link: Link) -> Verification:
        """Ask the CAD about a link that is not stored yet."""
        return await self._verifier.verify_unsaved(link)

    async def is_linked(self, guild_id: int, member_id: int) -> bool:
        """Return True if a member has an id here or in the CAD; see `CadLinks.is_linked`."""
        return await self._cad_links.is_linked(guild_id, member_id)

    async def api_id_of(self, guild_id: int, member_id: int) -> str | None:
        """Return the id that a member is linked to here, None for none; the CAD is not asked."""
        return (await self._links.api_ids_of(guild_id, [member_id])).get(member_id)

    async def unlink(self, actor: Actor, member_id: int) -> Link | None:
        """Delete a member's link and return it; raises NotAllowed as `link` does."""
        if member_id != actor.user_id:
            self._access.require_link(actor)
        removed = await self._links.remove(actor.guild_id, member_id)
        _log.info("%s unlinked %s in guild %s", actor.user_id, member_id, actor.guild_id)
        return removed

    async def page(self, actor: Actor, number: int) -> LinkPage:
        """Return one page of the guild's links, or raise NotAllowed."""
        self._access.require_link(actor)
        total = await self._links.count(actor.guild_id)
        return await read_page(total, number, partial(self._links.page, actor.guild_id))

    async def owners(self, actor: Actor, pasted: str) -> list[Link]:
        """Return all links to an id, in any spelling; raises NotAllowed, InvalidApiId."""
        self._access.require_link(actor)
        return await self._links.find_by_api_ids(actor.guild_id, [self.normalise(pasted)])

    def cached(self, guild_id: int) -> tuple[Link, ...]:
        """Return the guild's links from memory, and start to read them again."""
        if guild_id not in self._cached:

            async def read() -> tuple[Link, ...]:
                return tuple(await self._links.all(guild_id))

            self._cached[guild_id] = CachedList(
                f"the links of guild {guild_id}", read, expected=StorageError, clock=self._clock
            )
        self._cached[guild_id].refresh()
        return self._cached[guild_id].items

    async def close(self) -> None:
        """Stop reading links in the background."""
        await asyncio.gather(*(cached.close() for cached in self._cached.values()))
