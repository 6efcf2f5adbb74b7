"""What is stored about whoever asks, for them alone."""

from __future__ import annotations

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
    """How long things are kept, as the operator has set it.

    Attributes:
        order_days: how many days orders are kept.
        until_leaving: whether a person is forgotten on leaving the Discord server.
    """

    order_days: int
    erase_on_leave: bool


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything that is stored about a person.

    Attributes:
        orders: the latest ones by or about them, of order_count.
        links_set: how many links of others they have set.
    """

    discord_id: int
    link: Link | None
    requests: list[LinkRequest]
    order_count: int
    orders: list[OrderView]
    links_set: int
    retention: Retention


class MyData:
    """Reads everything about one person."""

    def __init__(
        self,
        links: LinkStore,
        requests: LinkRequestStore,
        orders: OrderStore,
        store: PersonalDataStore,
        retention: Retention,
    ) -> None:
        self._links = links
        self._requests = requests
        self._orders = orders
        self._store = store
        self._retention = retention

    async def read(self, actor: Actor) -> PersonalData:
        """Return what is stored about whoever asks, which everybody may; or raise StorageError."""
        guild_id, person = actor.guild_id, actor.user_id
        links = await self._links.find(guild_id, [person])
        found = await self._orders.newest(guild_id, member_id=person, limit=LATEST_ORDERS)
        return PersonalData(
            discord_id=person,
            link=links.get(person),
            requests=await self._requests.for_person(guild_id, person),
            order_count=await self._orders.count(guild_id, member_id=person),
            orders=[outcomes.decode_view(order) for order in found],
            links_set=await self._store.count_links_set_by(guild_id, person),
            retention=self._retention,
        )
