"""Who is who: which id of the CAD a Discord person has."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.services import steam
from bot.services.access import Access, Actor
from bot.services.inquiry import Inquiry
from bot.services.remembered import Remembered
from bot.storage.errors import StorageError
from bot.storage.links import Link, LinkStore, Source

PAGE_SIZE = 20
QUICK = 1.5  # seconds; Discord takes a form within 3

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Linked:
    """A link that was saved.

    Attributes:
        replaced: the link that the person had before.
        account_name: what the CAD calls the account; None if it does not know the id.
        error: why the CAD could not be asked, None if it answered.
    """

    link: Link
    replaced: Link | None
    account_name: str | None
    error: CadError | None


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Some of a guild's links; number counts from 1 and never exceeds count."""

    links: list[Link]
    number: int
    count: int
    total: int


class LinkingService:
    """Keeps the links and asks the CAD whether it knows them.

    Args:
        id_format: how a Steam id is written for the CAD, `API_ID_FORMAT`.
        server_id: the CAD server that is asked about ids.
    """

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        cad: CadClient,
        *,
        id_format: str,
        server_id: int,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = access
        self._links = links
        self._cad = cad
        self._id_format = id_format
        self._server_id = server_id
        self._now = now
        self._clock = clock
        self._known: dict[int, Remembered[Link]] = {}

    async def link(self, actor: Actor, member_id: int, pasted: str) -> Linked:
        """Give a member an API id; for anyone but oneself that takes the right to link.

        Raises:
            NotAllowed, NotAnApiId, StorageError.
        """
        if member_id != actor.user_id:
            self._access.require_link(actor)
        api_id = steam.api_id(pasted, self._id_format)
        link = Link(actor.guild_id, member_id, api_id, actor.user_id, self._now())
        replaced = await self._links.put(link)
        _log.info("%s linked %s in guild %s", actor.user_id, member_id, actor.guild_id)
        try:
            name = await self._cad.account_name(self._server_id, api_id)
        except CadError as error:
            return Linked(link, replaced, None, error)
        return Linked(link, replaced, name, None)

    async def api_ids(
        self, guild_id: int, member_ids: Collection[int], inquiry: Inquiry | None = None
    ) -> dict[int, str | None]:
        """Return the API ids of members, None for who has none.

        Whoever is not linked here may have linked Discord in the CAD itself; that is asked once
        and stored. Who is missing from the result could not be asked about.
        """
        inquiry = inquiry or Inquiry()
        links = await self._links.find(guild_id, member_ids) if member_ids else {}
        found: dict[int, str | None] = {one.discord_id: one.api_id for one in links.values()}
        for member_id in member_ids:
            if member_id in found:
                continue
            inquiry.begin()
            try:
                account = await self._cad.account_of(member_id)
            except CadError as error:
                _log.warning("the CAD's own links cannot be asked: %r", error)
                inquiry.failed(error)
                if error.concerns_all:
                    break  # the next question would end the same way, ten seconds later
                continue
            found[member_id] = account.api_id or None if account else None
            if account and account.api_id:
                link = Link(guild_id, member_id, account.api_id, 0, self._now(), Source.CAD)
                await self._links.put(link)
        return found

    async def caught_up(self) -> None:
        """Wait until everyone's link is found that is being looked for."""
        await self._links.caught_up()

    async def is_linked(self, guild_id: int, member_id: int) -> bool:
        """Tell whether a member has an API id, in the time that Discord waits for a form.

        A CAD that cannot say so that quickly counts as one that knows no link.
        """
        try:
            async with asyncio.timeout(QUICK):
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
        count = max(1, -(-total // PAGE_SIZE))
        number = min(max(1, number), count)
        found = await self._links.page(
            actor.guild_id, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return LinkPage(found, number, count, total)

    async def owners(self, actor: Actor, pasted: str) -> list[Link]:
        """Return everyone who is linked to an id, whatever spelling is asked for."""
        self._access.require_link(actor)
        api_id = steam.api_id(pasted, self._id_format)
        return await self._links.find_by_api_ids(actor.guild_id, [api_id])

    def known(self, guild_id: int) -> tuple[Link, ...]:
        """Return the guild's links as last read, from memory, and have them read again."""
        if guild_id not in self._known:

            async def read() -> tuple[Link, ...]:
                return tuple(await self._links.all(guild_id))

            self._known[guild_id] = Remembered(
                f"the links of guild {guild_id}", read, expected=StorageError, clock=self._clock
            )
        self._known[guild_id].look()
        return self._known[guild_id].items

    async def close(self) -> None:
        """Stop reading."""
        await asyncio.gather(*(remembered.close() for remembered in self._known.values()))
