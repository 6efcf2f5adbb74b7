"""The stored call cards: the Discord message of each call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from bot.storage.tables import cards
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row

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
    """

    server_id: int
    kind: CardKind
    call_id: int
    channel_id: int
    message_id: int | None
    first_seen_at: datetime
    closed_at: datetime | None = None
    pinged: bool = False


_CARDS = select(*(cards.c[name] for name in StoredCard.__slots__))
_OF_SERVER = _CARDS.where(cards.c.server_id == bindparam("server")).order_by(
    cards.c.kind, cards.c.call_id
)
_DELETE = delete(cards).where(
    cards.c.server_id == bindparam("server"),
    cards.c.kind == bindparam("card_kind"),
    cards.c.call_id == bindparam("call"),
)


class CardStore:
    """The cards in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database
        self._upsert = upsert(database.dialect, cards)

    async def all(self, server_id: int) -> list[StoredCard]:
        """List every card of a server."""
        async with self._database.connect() as connection:
            rows = await connection.execute(_OF_SERVER, {"server": server_id})
            return [_card_from_row(row) for row in rows]

    async def save(self, card: StoredCard) -> None:
        """Save a card; it replaces the stored card of the same call."""
        values = {name: getattr(card, name) for name in StoredCard.__slots__}
        async with self._database.begin() as connection:
            await connection.execute(self._upsert, values)

    async def remove(self, server_id: int, kind: CardKind, call_id: int) -> None:
        """Delete the card of a call, if there is one."""
        key = {"server": server_id, "card_kind": kind, "call": call_id}
        async with self._database.begin() as connection:
            await connection.execute(_DELETE, key)


def _card_from_row(row: Row[Any]) -> StoredCard:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return StoredCard(**values | {"kind": CardKind(row.kind)})
