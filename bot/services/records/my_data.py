"""What is stored about a user, for `/links mine`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.services.access.policy import Actor
from bot.services.orders import outcomes
from bot.services.orders.outcomes import OrderView
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestStore
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.storage.stores.personal_data_store import PersonalDataStore

LATEST_ORDERS = 3


@dataclass(frozen=True, slots=True)
class Retention:
    """How long data is kept, by the settings.

    Attributes:
        order_days: days for which orders are kept.
        erase_on_leave: whether a member's data is erased when they leave the Discord server.
    """

    order_days: int
    erase_on_leave: bool


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything that is stored about a user.

    Attributes:
        order_count: how many orders are by or about the user.
        orders: the latest of those orders.
        links_set: how many links of other members the user has set.
    """

    discord_id: int
    link: Link | None
    requests: list[LinkRequest]
    order_count: int
    orders: list[OrderView]
    links_set: int
    retention: Retention


class MyData:
    """Reads everything that is stored about one user.

    Args:
        server_labels: see `CadServers.labels`.
    """

    def __init__(
        self,
        links: LinkStore,
        requests: LinkRequestStore,
        orders: OrderStore,
        store: PersonalDataStore,
        retention: Retention,
        *,
        server_labels: Mapping[int, str],
    ) -> None:
        self._links = links
        self._requests = requests
        self._orders = orders
        self._store = store
        self._retention = retention
        self._server_labels = server_labels

    async def read(self, actor: Actor) -> PersonalData:
        """Return what is stored about the actor, or raise StorageError; needs no right."""
        guild_id, user_id = actor.guild_id, actor.user_id
        links = await self._links.find(guild_id, [user_id])
        found = await self._orders.newest(guild_id, member_id=user_id, limit=LATEST_ORDERS)
        return PersonalData(
            discord_id=user_id,
            link=links.get(user_id),
            requests=await self._requests.for_person(guild_id, user_id),
            order_count=await self._orders.count(guild_id, member_id=user_id),
            orders=[
                outcomes.decode_view(order, self._server_labels[order.server_id]) for order in found
            ],
            links_set=await self._store.count_links_set_by(guild_id, user_id),
            retention=self._retention,
        )
