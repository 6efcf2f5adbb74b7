"""The stored call cards: the Discord message of each call, and obsolete messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select, update

from bot.storage.tables import card_overviews, cards, obsolete_cards
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database


class CardKind(StrEnum):
    """What a card shows; calls and 911 calls have separate numbers."""

    CALL = "call"
    EMERGENCY = "911"


@dataclass(frozen=True, slots=True)
class StoredCard:
    """A stored card.

    Attributes:
        message_id: None until the message is posted.
        first_seen_at: when the bot first saw the call.
        closed_at: when the bot found the call closed; None while it is open.
        pinged: whether the ping role was pinged for it, or is about to be.
        subject: digests of what the call is about, see `call_subject`; None if unknown.
    """

    server_id: int
    kind: CardKind
    call_id: int
    channel_id: int
    message_id: int | None
    first_seen_at: datetime
    closed_at: datetime | None = None
    pinged: bool = False
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class ObsoleteCard:
    """A message that is no call's card any more, and when to delete it."""

    message_id: int
    channel_id: int
    delete_at: datetime


_OF_GUILD = cards.c.guild_id == bindparam("guild")
_CARDS = select(*(cards.c[name] for name in StoredCard.__slots__)).where(_OF_GUILD)
_IS_KNOWN = cards.c.kind.in_([*CardKind])  # another version may have stored further kinds
_DELETE = delete(cards).where(
    _OF_GUILD,
    cards.c.server_id == bindparam("server"),
    cards.c.kind == bindparam("card_kind"),
    cards.c.call_id == bindparam("call"),
)
_OBSOLETE_OF_GUILD = obsolete_cards.c.guild_id == bindparam("guild")
_OBSOLETE = (
    select(*(obsolete_cards.c[name] for name in ObsoleteCard.__slots__))
    .where(_OBSOLETE_OF_GUILD)
    .order_by(obsolete_cards.c.delete_at, obsolete_cards.c.message_id)
)
_DELETE_OBSOLETE = delete(obsolete_cards).where(
    _OBSOLETE_OF_GUILD, obsolete_cards.c.message_id == bindparam("message")
)
_OVERVIEWS = select(card_overviews).where(card_overviews.c.guild_id == bindparam("guild"))
_DELETE_OVERVIEW = delete(card_overviews).where(
    card_overviews.c.guild_id == bindparam("guild"),
    card_overviews.c.channel_id == bindparam("channel"),
)
_NO_GUILD = 0  # of the cards of earlier versions, which served one guild


class CardStore:
    """The cards of a guild in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database, guild_id: int) -> None:
        """Use an open `database`."""
        self._database = database
        self._guild = {"guild": guild_id}
        self._upsert = upsert(database.dialect, cards)
        self._upsert_obsolete = upsert(database.dialect, obsolete_cards)
        self._upsert_overview = upsert(database.dialect, card_overviews)

    async def adopt(self) -> None:
        """Take over the cards of earlier versions, which served one guild and stored none."""
        async with self._database.begin() as connection:
            for table in (cards, obsolete_cards):
                own = update(table).where(table.c.guild_id == _NO_GUILD)
                await connection.execute(own.values(guild_id=self._guild["guild"]))

    async def take_over(
        self, server_ids: Collection[int], channel_id: int, now: datetime
    ) -> list[StoredCard]:
        """List every card of some servers, all of them moved to one channel.

        The messages in other channels become obsolete now, and their cards have none any more.
        """
        own = _OF_GUILD & cards.c.server_id.in_(server_ids)
        moved = own & (cards.c.channel_id != channel_id)
        async with self._database.begin() as connection:
            await self._retire(connection, moved, now)
            await connection.execute(
                update(cards).where(moved).values(channel_id=channel_id, message_id=None),
                self._guild,
            )
            rows = await connection.execute(
                _CARDS.where(own, _IS_KNOWN).order_by(
                    cards.c.server_id, cards.c.kind, cards.c.call_id
                ),
                self._guild,
            )
            return [_card_from_row(row) for row in rows]

    async def retire_other_servers(self, server_ids: Collection[int], now: datetime) -> None:
        """Remove the cards of all servers but these; their messages become obsolete now."""
        others = _OF_GUILD & cards.c.server_id.not_in(server_ids)
        async with self._database.begin() as connection:
            await self._retire(connection, others, now)
            await connection.execute(delete(cards).where(others), self._guild)

    async def save(self, card: StoredCard, obsolete: ObsoleteCard | None = None) -> None:
        """Save a card; it replaces the stored card of the same call.

        Args:
            obsolete: the message of the card that it replaces.
        """
        async with self._database.begin() as connection:
            await connection.execute(self._upsert, self._values(card))
            if obsolete is not None:
                await connection.execute(self._upsert_obsolete, self._values(obsolete))

    async def remove(self, server_id: int, kind: CardKind, call_id: int) -> None:
        """Delete the card of a call, if there is one."""
        key = {"server": server_id, "card_kind": kind, "call": call_id}
        async with self._database.begin() as connection:
            await connection.execute(_DELETE, self._guild | key)

    async def obsolete(self) -> list[ObsoleteCard]:
        """List the obsolete messages, the first to delete first."""
        async with self._database.connect() as connection:
            rows = await connection.execute(_OBSOLETE, self._guild)
            return [ObsoleteCard(**row._mapping) for row in rows]  # noqa: SLF001 - public

    async def save_obsolete(self, message: ObsoleteCard) -> None:
        """Record when to delete a message that is no call's card."""
        async with self._database.begin() as connection:
            await connection.execute(self._upsert_obsolete, self._values(message))

    async def forget_obsolete(self, message_id: int) -> None:
        """Delete the record of an obsolete message."""
        async with self._database.begin() as connection:
            await connection.execute(_DELETE_OBSOLETE, self._guild | {"message": message_id})

    async def overview(self, channel_id: int) -> int | None:
        """Return the message of a channel that lists the open calls, None if there is none."""
        async with self._database.connect() as connection:
            rows = (await connection.execute(_OVERVIEWS, self._guild)).all()
        return next((row.message_id for row in rows if row.channel_id == channel_id), None)

    async def save_overview(self, channel_id: int, message_id: int, now: datetime) -> None:
        """Save the message that lists the open calls; the one before becomes obsolete now."""
        row = {"channel_id": channel_id, "message_id": message_id}
        async with self._database.begin() as connection:
            await self._retire_overviews(connection, now, {channel_id})
            await connection.execute(
                self._upsert_overview, row | {"guild_id": self._guild["guild"]}
            )

    async def retire_other_overviews(self, channel_ids: Collection[int], now: datetime) -> None:
        """Remove the overviews of all channels but these; their messages become obsolete now."""
        async with self._database.begin() as connection:
            await self._retire_overviews(connection, now, None, channel_ids)

    async def _retire_overviews(
        self,
        connection: AsyncConnection,
        now: datetime,
        only: Collection[int] | None,
        but: Collection[int] = (),
    ) -> None:
        for row in (await connection.execute(_OVERVIEWS, self._guild)).all():
            if row.channel_id in but or (only is not None and row.channel_id not in only):
                continue
            obsolete = ObsoleteCard(row.message_id, row.channel_id, now)
            await connection.execute(self._upsert_obsolete, self._values(obsolete))
            await connection.execute(_DELETE_OVERVIEW, self._guild | {"channel": row.channel_id})

    async def _retire(
        self, connection: AsyncConnection, which: ColumnElement[bool], now: datetime
    ) -> None:
        """Record the messages of some cards as obsolete."""
        posted = _CARDS.where(which, cards.c.message_id.is_not(None))
        for row in (await connection.execute(posted, self._guild)).all():
            obsolete = ObsoleteCard(row.message_id, row.channel_id, now)
            await connection.execute(self._upsert_obsolete, self._values(obsolete))

    def _values(self, row: StoredCard | ObsoleteCard) -> dict[str, Any]:
        return {name: getattr(row, name) for name in row.__slots__} | {
            "guild_id": self._guild["guild"]
        }


def _card_from_row(row: Row[Any]) -> StoredCard:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return StoredCard(**values | {"kind": CardKind(row.kind)})
