"""The audit log: the orders, who gave them, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.common.pages import Page, PageRange
from bot.services.access.policy import Access, Actor
from bot.services.orders import outcomes
from bot.services.orders.outcomes import OrderView
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import Order, OrderStore

PAGE_SIZE = 10
WHOIS_ORDERS = 3


@dataclass(frozen=True, slots=True)
class Whois:
    """A member's link, None without one, and the latest orders by or about the member."""

    discord_id: int
    link: Link | None
    orders: list[OrderView]


class AuditLog:
    """Lists stored orders, and deletes old ones.

    Args:
        keep: how long orders are kept.
        find_call_id: returns the number of the call that a text means; see `call_matching`.
        server_labels: see `CadServers.labels`.
    """

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        orders: OrderStore,
        keep: timedelta,
        find_call_id: Callable[[str], int],
        *,
        server_labels: Mapping[int, str],
        clock: Clock,
    ) -> None:
        self._access = access
        self._links = links
        self._orders = orders
        self._keep = keep
        self._find_call_id = find_call_id
        self._server_labels = server_labels
        self._clock = clock

    async def page(
        self, actor: Actor, number: int, *, member_id: int | None, call: str | int | None
    ) -> Page[OrderView]:
        """Return one page of the guild's orders by or about a member, on a call, or all.

        Args:
            call: the number of a call, also of a closed one, or a text that means an open call.

        Raises:
            RoleRequired, CallNotFound, AmbiguousCall, StorageError.
        """
        self._access.require_dispatch(actor)
        call_id = self._find_call_id(call) if isinstance(call, str) else call
        guild_id = actor.guild_id
        total = await self._orders.count(guild_id, member_id=member_id, call_id=call_id)
        shown = PageRange(total, number, PAGE_SIZE)
        found = await self._orders.newest(
            guild_id,
            member_id=member_id,
            call_id=call_id,
            offset=shown.offset,
            limit=PAGE_SIZE,
        )
        return Page(self._views(found), shown.number, shown.count, total)

    async def whois(self, actor: Actor, member_id: int) -> Whois:
        """Return a member's link and latest orders; raises as `page` does."""
        self._access.require_link(actor)
        links = await self._links.find(actor.guild_id, [member_id])
        found = await self._orders.newest(actor.guild_id, member_id=member_id, limit=WHOIS_ORDERS)
        return Whois(member_id, links.get(member_id), self._views(found))

    async def purge(self) -> None:
        """Delete expired interaction tokens and the orders older than `keep`."""
        now = self._clock.now()
        await self._orders.wipe_tokens(now - INTERACTION_LIFETIME)
        await self._orders.prune(now - self._keep)

    def _views(self, orders: Iterable[Order]) -> list[OrderView]:
        return [outcomes.decode_view(one, self._server_labels[one.server_id]) for one in orders]
