"""The stored links: the API id of each member of a guild."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, func, or_, select

from bot.common.steam_id import identity
from bot.storage.advisory_lock import acquire_lock
from bot.storage.errors import LinksChanged
from bot.storage.stores.link_row import LINKS, link_from_row, row_values
from bot.storage.tables import links
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from typing import Any

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database
    from bot.storage.stores.link_row import Link

# Members per statement of an import and per query; databases limit the parameters of a statement
# (SQLite to 32,766).
_CHUNK = 1_000
_IDS_PER_QUERY = 10_000
_FEW = 20  # ids that are looked up one by one, each in microseconds


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many members got a first id, another id, or the id that they had, by an import."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of `LinkStore.claim`.

    Attributes:
        is_granted: whether the link was written; otherwise nothing has changed.
        replaced: the link that the member had before, None for none.
        holders: the links of other members to the same id, in any spelling, before the claim.
    """

    is_granted: bool
    replaced: Link | None
    holders: tuple[Link, ...]


_OF_GUILD = LINKS.where(links.c.guild_id == bindparam("guild")).order_by(links.c.discord_id)
_BY_PEOPLE = _OF_GUILD.where(links.c.discord_id.in_(bindparam("people", expanding=True)))
_BY_API_IDS = _OF_GUILD.where(links.c.identity.in_(bindparam("identities", expanding=True)))
_PAGE = _OF_GUILD.limit(bindparam("limit")).offset(bindparam("offset"))
# Not as Link objects: 50,000 of them take a second to build.
_API_IDS = (
    select(links.c.discord_id, links.c.api_id)
    .where(links.c.guild_id == bindparam("guild"))
    .order_by(links.c.discord_id)
)
_API_ID_OF = select(links.c.api_id).where(
    links.c.guild_id == bindparam("guild"), links.c.discord_id == bindparam("person")
)
_API_IDS_OF = _API_IDS.where(links.c.discord_id.in_(bindparam("people", expanding=True)))
_PROVEN = select(links.c.discord_id).where(
    links.c.guild_id == bindparam("guild"), links.c.proven_at.is_not(None)
)
_COUNT = select(func.count()).select_from(links).where(links.c.guild_id == bindparam("guild"))
# SQLite ignores FOR UPDATE; there, Database.begin already holds the write lock.
_SELECT_FOR_UPDATE = _BY_PEOPLE.with_for_update()
# The guild stands twice: with one condition for both, SQLite would read all links of the guild.
_IS_GUILD = links.c.guild_id == bindparam("guild")
_SAME_PERSON_OR_ID = (
    LINKS.where(
        or_(
            and_(_IS_GUILD, links.c.discord_id == bindparam("person")),
            and_(_IS_GUILD, links.c.identity == bindparam("identity")),
        )
    )
    .order_by(links.c.discord_id)
    .with_for_update()
)
_DELETE = delete(links).where(
    links.c.guild_id == bindparam("guild"), links.c.discord_id == bindparam("person")
)


class LinkStore:
    """The links in the database. Lists are sorted by Discord id.

    Every method raises a StorageError when the database fails.
    """

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database
        self._upsert = upsert(database.dialect, links)

    async def find(self, guild_id: int, discord_ids: Collection[int]) -> dict[int, Link]:
        """Find the links of these members, by Discord id; a member without one is absent."""
        found: dict[int, Link] = {}
        for chunk in _chunks(discord_ids):
            links_found = await self._read(_BY_PEOPLE, guild=guild_id, people=chunk)
            found |= {link.discord_id: link for link in links_found}
        return found

    async def api_ids_of(self, guild_id: int, discord_ids: Collection[int]) -> dict[int, str]:
        """Find the CAD ids of these members, by Discord id; a member without a link is absent."""
        found: dict[int, str] = {}
        if len(discord_ids) <= _FEW:
            async with self._database.lookup() as connection:
                for person in discord_ids:
                    parameters = {"guild": guild_id, "person": person}
                    api_id = (await connection.execute(_API_ID_OF, parameters)).scalar()
                    if api_id is not None:
                        found[person] = api_id
            return found
        async with self._database.connect() as connection:
            for chunk in _chunks(discord_ids):
                rows = await connection.execute(_API_IDS_OF, {"guild": guild_id, "people": chunk})
                found |= {person: api_id for person, api_id in rows}  # noqa: C416 - typed
        return found

    async def find_by_api_ids(self, guild_id: int, api_ids: Collection[str]) -> list[Link]:
        """List the links to these API ids, in any spelling; several members may share one."""
        return await self._read(_BY_API_IDS, guild=guild_id, identities=[*map(identity, api_ids)])

    async def page(self, guild_id: int, *, offset: int, limit: int) -> list[Link]:
        """List `limit` links of a guild after the first `offset`."""
        return await self._read(_PAGE, guild=guild_id, offset=offset, limit=limit)

    async def all(self, guild_id: int) -> list[Link]:
        """List every link of a guild."""
        return await self._read(_OF_GUILD, guild=guild_id)

    async def api_ids(self, guild_id: int) -> dict[int, str]:
        """Return all API ids of a guild by Discord id, sorted by it."""
        async with self._database.connect() as connection:
            return await _api_ids(connection, guild_id)

    async def proven_members(self, guild_id: int) -> frozenset[int]:
        """Return the members of a guild whose id the CAD has confirmed."""
        async with self._database.connect() as connection:
            return frozenset(await connection.scalars(_PROVEN, {"guild": guild_id}))

    async def count(self, guild_id: int) -> int:
        """Count the links of a guild."""
        async with self._database.connect() as connection:
            return (await connection.execute(_COUNT, {"guild": guild_id})).scalar_one()

    async def claim(
        self, link: Link, *, allowed_holders: Collection[int] = (), moving: bool = False
    ) -> Claim:
        """Save a link unless a member outside of `allowed_holders` has the id, in any spelling.

        A member who already has the id may save it again. With `moving`, the links of the other
        holders are deleted.
        """
        async with self._database.begin() as connection:
            return await self.claim_in_transaction(
                connection, link, allowed_holders=allowed_holders, moving=moving
            )

    async def claim_in_transaction(
        self,
        connection: AsyncConnection,
        link: Link,
        *,
        allowed_holders: Collection[int] = (),
        moving: bool = False,
    ) -> Claim:
        """Do the same as `claim` inside the caller's transaction."""
        guild_id, person, wanted = link.guild_id, link.discord_id, identity(link.api_id)
        # No other transaction can claim this id before this one ends.
        await acquire_lock(connection, f"link {guild_id} {wanted}")
        rows = await connection.execute(
            _SAME_PERSON_OR_ID, {"guild": guild_id, "person": person, "identity": wanted}
        )
        found = {one.discord_id: one for one in map(link_from_row, rows)}
        replaced = found.pop(person, None)
        has_id = replaced is not None and identity(replaced.api_id) == wanted
        is_given = has_id or found.keys() <= set(allowed_holders)
        if is_given:
            await connection.execute(self._upsert, row_values(link))
        if is_given and moving:
            for holder in found:
                await connection.execute(_DELETE, {"guild": guild_id, "person": holder})
        return Claim(is_given, replaced, tuple(found.values()))

    async def remove(self, guild_id: int, discord_id: int) -> Link | None:
        """Delete a member's link and return it; None if there was none."""
        async with self._database.begin() as connection:
            before = await _read_for_update(connection, guild_id, [discord_id])
            await connection.execute(_DELETE, {"guild": guild_id, "person": discord_id})
        return before.get(discord_id)

    async def put_many(
        self,
        new_links: Iterable[Link],
        on_progress: Callable[[int], object] = lambda _: None,
        *,
        expected: Mapping[int, str] | None = None,
    ) -> ImportCounts:
        """Save all these links or, on an error, none of them.

        Of two links of one member the last counts. A link whose member already has the id is not
        changed: it keeps its setter, time and verification. `on_progress` is called with the
        number of links done since the last call.

        Raises:
            LinksChanged: the guild's `api_ids` are no longer the `expected` ones.
        """
        by_guild: dict[int, dict[int, Link]] = {}
        for link in new_links:
            by_guild.setdefault(link.guild_id, {})[link.discord_id] = link
        added = changed = unchanged = 0
        async with self._database.begin() as connection:
            for guild_id, people in by_guild.items():
                if expected is not None and await _api_ids(connection, guild_id) != expected:
                    raise LinksChanged(self._database.location)
                # Sorted, so that two concurrent imports lock the rows in the same order.
                ids = sorted(people)
                for start in range(0, len(ids), _CHUNK):
                    chunk = [people[person] for person in ids[start : start + _CHUNK]]
                    counts = await self._put_chunk(connection, guild_id, chunk)
                    added += counts.added
                    changed += counts.changed
                    unchanged += counts.unchanged
                    on_progress(len(chunk))
        return ImportCounts(added, changed, unchanged)

    async def _put_chunk(
        self, connection: AsyncConnection, guild_id: int, chunk: list[Link]
    ) -> ImportCounts:
        before = await _read_for_update(connection, guild_id, [link.discord_id for link in chunk])
        added = [link for link in chunk if link.discord_id not in before]
        changed = [
            link
            for link in chunk
            if link.discord_id in before and link.api_id != before[link.discord_id].api_id
        ]
        if added or changed:
            await connection.execute(self._upsert, [row_values(link) for link in added + changed])
        return ImportCounts(len(added), len(changed), len(chunk) - len(added) - len(changed))

    async def _read(self, statement: Select[Any], **parameters: object) -> list[Link]:
        async with self._database.connect() as connection:
            return [link_from_row(row) for row in await connection.execute(statement, parameters)]


def _chunks(discord_ids: Collection[int]) -> Iterator[list[int]]:
    people = sorted(set(discord_ids))
    for start in range(0, len(people), _IDS_PER_QUERY):
        yield people[start : start + _IDS_PER_QUERY]


async def _api_ids(connection: AsyncConnection, guild_id: int) -> dict[int, str]:
    rows = await connection.execute(_API_IDS, {"guild": guild_id})
    return {discord_id: api_id for discord_id, api_id in rows}  # noqa: C416 - typed


async def _read_for_update(
    connection: AsyncConnection, guild_id: int, people: list[int]
) -> dict[int, Link]:
    """Read the links of these members by Discord id, and lock them for the transaction."""
    rows = await connection.execute(_SELECT_FOR_UPDATE, {"guild": guild_id, "people": people})
    return {link.discord_id: link for link in (link_from_row(row) for row in rows)}
