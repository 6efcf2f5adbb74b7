"""The stored settings of guilds, each with its community at the CAD and the sealed API key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import bindparam, delete, select, update

from bot.storage.tables import communities, guilds, left_guilds
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database
    from bot.storage.sealing import Sealer


@dataclass(frozen=True, slots=True)
class StoredGuild:
    """A guild that is set up.

    Attributes:
        settings: JSON, without the community and its key.
        community_id: of the row that has the key; guilds of one community may share it.
        cad_id: the community's id at the CAD.
        key_sealed: bound to the two ids before.
        revision: counts the changes.
    """

    guild_id: int
    settings: str
    updated_at: datetime
    community_id: str
    cad_id: str
    key_sealed: bytes = field(repr=False)
    key_set_at: datetime
    revision: int


_COLUMNS = {one.name: one for one in (*communities.c, *guilds.c)}
_GUILDS = select(*(_COLUMNS[name] for name in StoredGuild.__slots__)).join_from(
    guilds, communities, guilds.c.community_id == communities.c.id
)
_ALL = _GUILDS.order_by(guilds.c.guild_id)
_OF_GUILD = _GUILDS.where(guilds.c.guild_id == bindparam("guild"))
_COMMUNITY = select(communities.c.id).where(
    communities.c.cad_id == bindparam("cad"),
    communities.c.key_digest.in_(bindparam("digests", expanding=True)),
)
_REVISION = select(guilds.c.revision).where(guilds.c.guild_id == bindparam("guild"))
_CHANGE = (
    update(guilds)
    .where(guilds.c.guild_id == bindparam("guild"))
    .values(
        settings=bindparam("changed"),
        updated_at=bindparam("now"),
        revision=guilds.c.revision + 1,
    )
)
_COME_BACK = delete(left_guilds).where(left_guilds.c.guild_id == bindparam("guild"))
DELETE_UNUSED = delete(communities).where(communities.c.id.not_in(select(guilds.c.community_id)))


def bound_to(community_id: str, cad_id: str) -> tuple[str, ...]:
    """Return what the key of a community is bound to, see `Sealer`."""
    return ("communities", "key", community_id, cad_id)


class GuildStore:
    """The stored settings of guilds. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Use an open `database`."""
        self._database = database
        self._sealer = sealer
        self._upsert = upsert(database.dialect, guilds)
        self._upsert_community = upsert(database.dialect, communities)

    async def all(self) -> list[StoredGuild]:
        """List the guilds that are set up."""
        return await self._read(_ALL)

    async def get(self, guild_id: int) -> StoredGuild | None:
        """Return a guild; None if it is not set up."""
        return next(iter(await self._read(_OF_GUILD, guild=guild_id)), None)

    def api_key(self, guild: StoredGuild) -> str:
        """Open the API key of a guild's community.

        Raises:
            SecretLocked.
        """
        return self._sealer.unseal(guild.key_sealed, *bound_to(guild.community_id, guild.cad_id))

    async def save(
        self, guild_id: int, cad_id: str, api_key: str, settings: str, now: datetime
    ) -> None:
        """Set a guild up, or replace how it was set up; a community of no guild is forgotten."""
        async with self._database.begin() as connection:
            revision = await connection.scalar(_REVISION, {"guild": guild_id})
            row = {
                "guild_id": guild_id,
                "community_id": await self._put_community(connection, cad_id, api_key, now),
                "settings": settings,
                "updated_at": now,
                "revision": (revision or 0) + 1,
            }
            await connection.execute(self._upsert, row)
            await connection.execute(_COME_BACK, {"guild": guild_id})
            await connection.execute(DELETE_UNUSED)

    async def change(self, guild_id: int, settings: str, now: datetime) -> None:
        """Replace the settings of a guild that is set up; its community and key stay."""
        async with self._database.begin() as connection:
            await connection.execute(_CHANGE, {"guild": guild_id, "changed": settings, "now": now})

    async def _put_community(
        self, connection: AsyncConnection, cad_id: str, api_key: str, now: datetime
    ) -> str:
        """Seal the key of a community, which may be known; return the id of its row."""
        digests = self._sealer.digests(api_key)
        known: str | None = await connection.scalar(_COMMUNITY, {"cad": cad_id, "digests": digests})
        # No id comes back: a sealed key opens for one row, ever.
        community_id = known or uuid4().hex
        row = {
            "id": community_id,
            "cad_id": cad_id,
            "key_sealed": self._sealer.seal(api_key, *bound_to(community_id, cad_id)),
            "key_digest": digests[0],
            "key_set_at": now,
        }
        await connection.execute(self._upsert_community, row)
        return community_id

    async def _read(self, statement: Select[Any], **values: int) -> list[StoredGuild]:
        async with self._database.connect() as connection:
            rows = await connection.execute(statement, values)
            return [StoredGuild(*row) for row in rows]
