"""The verification of the links: which are verified, which are due, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, case, func, or_, select, update

from bot.common.steam_id import identity
from bot.storage.stores.link_row import LINKS, LinkSource, link_from_row, row_values
from bot.storage.tables import links

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Select

    from bot.storage.database import Database
    from bot.storage.stores.link_row import Link

# An unverified link younger than the first value is verified again after the second: most users
# register in the CAD soon.
_RECHECK_AFTER = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(days=1), timedelta(hours=1)),
)
_MAX_RECHECK_AFTER = timedelta(days=1)


class VerificationStatus(StrEnum):
    """The status of a link in the CAD."""

    VERIFIED = "proven"
    UNVERIFIED = "unproven"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class VerificationCounts:
    """How many links a guild has, how many of them were checked, and the statuses of those."""

    total: int
    checked: int
    verified: int
    unverified: int
    changed: int


_CHANGED = links.c.other_account.is_not(None)
_STATUS_CONDITIONS = {
    VerificationStatus.VERIFIED: and_(
        links.c.proven_at.is_not(None), links.c.other_account.is_(None)
    ),
    VerificationStatus.UNVERIFIED: and_(
        links.c.proven_at.is_(None), links.c.other_account.is_(None)
    ),
    VerificationStatus.CHANGED: _CHANGED,
}
_OF_GUILD = links.c.guild_id == bindparam("guild")
_CHECKED_BY_STATUS = {
    one: LINKS.where(_OF_GUILD, links.c.checked_at >= bindparam("since"), condition)
    .order_by(links.c.discord_id)
    .limit(bindparam("limit"))
    for one, condition in _STATUS_CONDITIONS.items()
}
_PAGE_BY_STATUS = {
    one: LINKS.where(_OF_GUILD, condition)
    .order_by(links.c.discord_id)
    .offset(bindparam("offset"))
    .limit(bindparam("limit"))
    for one, condition in _STATUS_CONDITIONS.items()
}
_COUNT_BY_STATUS = {
    one: select(func.count()).select_from(links).where(_OF_GUILD, condition)
    for one, condition in _STATUS_CONDITIONS.items()
}
_UNCHECKED = (
    LINKS.where(
        _OF_GUILD,
        links.c.discord_id > bindparam("after"),
        or_(links.c.checked_at.is_(None), links.c.checked_at < bindparam("since")),
    )
    .order_by(links.c.discord_id)
    .limit(1)
)
_IDS = (
    select(links.c.discord_id, links.c.api_id)
    .where(_OF_GUILD, links.c.discord_id > bindparam("after"))
    .order_by(links.c.discord_id)
    .limit(bindparam("limit"))
)
_SPELLINGS = (
    select(links.c.api_id)
    .where(_OF_GUILD, links.c.proven_at.is_not(None))
    .order_by(links.c.proven_at.desc())
    .limit(bindparam("limit"))
)
_UNVERIFIED_BY_IDENTITY = LINKS.where(
    _OF_GUILD, links.c.proven_at.is_(None), links.c.identity == bindparam("identity")
).order_by(links.c.discord_id)
_HOLDERS = select(links.c.discord_id).where(
    _OF_GUILD, links.c.identity == bindparam("identity"), links.c.discord_id != bindparam("person")
)
_UPDATE = update(links).where(
    _OF_GUILD,
    links.c.discord_id == bindparam("person"),
    links.c.api_id == bindparam("spelled"),
    links.c.set_at == bindparam("since"),
)


class VerificationStore:
    """The verifications in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database) -> None:
        """Use an open `database`."""
        self._database = database

    async def save(self, before: Link, after: Link) -> bool:
        """Write the verified link `after` in place of `before`.

        Return False and write nothing if the link was changed meanwhile, or if `after` has a new
        id that another member has.
        """
        async with self._database.begin() as connection:
            if identity(before.api_id) != identity(after.api_id):
                wanted = {
                    "guild": after.guild_id,
                    "person": after.discord_id,
                    "identity": identity(after.api_id),
                }
                if (await connection.execute(_HOLDERS, wanted)).first():
                    return False
            result = await connection.execute(
                _UPDATE.values(row_values(after)),
                {
                    "guild": before.guild_id,
                    "person": before.discord_id,
                    "spelled": before.api_id,
                    "since": before.set_at,
                },
            )
        return result.rowcount > 0

    async def due(self, guild_id: int, now: datetime) -> Link | None:
        """Return the unverified link of a guild to verify next; None if none is due.

        Links that a user set come first, because a user waits for them; then the link whose last
        check is the longest ago.
        """
        found = await self._read(_due(now), guild=guild_id)
        return found[0] if found else None

    async def unverified(self, guild_id: int, api_id: str) -> list[Link]:
        """List the unverified links of a guild to an id, in any spelling."""
        return await self._read(_UNVERIFIED_BY_IDENTITY, guild=guild_id, identity=identity(api_id))

    async def next_unchecked(self, guild_id: int, since: datetime, after: int) -> Link | None:
        """Return the first link after the Discord id `after` that was not checked since `since`."""
        found = await self._read(_UNCHECKED, guild=guild_id, since=since, after=after)
        return found[0] if found else None

    async def counts(self, guild_id: int, since: datetime) -> VerificationCounts:
        """Count a guild's links, and those checked since a point in time."""
        checked = links.c.checked_at >= since
        numbers = [
            func.sum(case((and_(checked, one), 1), else_=0)) for one in _STATUS_CONDITIONS.values()
        ]
        statement = select(func.count(), *numbers).where(_OF_GUILD)
        async with self._database.connect() as connection:
            total, *status = (await connection.execute(statement, {"guild": guild_id})).one()
        verified, unverified, changed = (int(one or 0) for one in status)
        return VerificationCounts(
            total, verified + unverified + changed, verified, unverified, changed
        )

    async def with_status(
        self, guild_id: int, status: VerificationStatus, since: datetime, limit: int
    ) -> list[Link]:
        """List the first links of a guild with a status that were checked since `since`."""
        return await self._read(
            _CHECKED_BY_STATUS[status], guild=guild_id, since=since, limit=limit
        )

    async def page(
        self, guild_id: int, status: VerificationStatus, *, offset: int, limit: int
    ) -> list[Link]:
        """List `limit` links of a guild with a status, after the first `offset`."""
        return await self._read(_PAGE_BY_STATUS[status], guild=guild_id, offset=offset, limit=limit)

    async def count(self, guild_id: int, status: VerificationStatus) -> int:
        """Count the links of a guild with a status."""
        async with self._database.connect() as connection:
            return (
                await connection.execute(_COUNT_BY_STATUS[status], {"guild": guild_id})
            ).scalar_one()

    async def api_id_chunk(self, guild_id: int, *, after: int, limit: int) -> list[tuple[int, str]]:
        """List `limit` pairs of Discord id and API id of a guild, sorted, from `after` on."""
        parameters = {"guild": guild_id, "after": after, "limit": limit}
        async with self._database.connect() as connection:
            return [(one, api_id) for one, api_id in await connection.execute(_IDS, parameters)]

    async def latest_spellings(self, guild_id: int, limit: int) -> list[str]:
        """List the ids of a guild that were verified last; its CAD spells ids in one way."""
        parameters = {"guild": guild_id, "limit": limit}
        async with self._database.connect() as connection:
            return list((await connection.execute(_SPELLINGS, parameters)).scalars())

    async def _read(self, statement: Select[Any], **parameters: object) -> list[Link]:
        async with self._database.connect() as connection:
            return [link_from_row(row) for row in await connection.execute(statement, parameters)]


def _due(now: datetime) -> Select[Any]:
    recheck_due = [
        and_(links.c.set_at >= now - age, links.c.checked_at <= now - interval)
        for age, interval in _RECHECK_AFTER
    ]
    long_ago = links.c.checked_at <= now - _MAX_RECHECK_AFTER
    return (
        LINKS.where(
            _OF_GUILD,
            links.c.proven_at.is_(None),
            or_(links.c.checked_at.is_(None), long_ago, *recheck_due),
        )
        .order_by(
            case((links.c.source == LinkSource.PERSON, 0), else_=1),
            links.c.checked_at.asc().nulls_first(),
            links.c.discord_id,
        )
        .limit(1)
    )
