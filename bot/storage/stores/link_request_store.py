"""Link requests that wait for an approval, and conflicts about an id that is linked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, or_, select, update

from bot.storage.advisory_lock import acquire_lock
from bot.storage.stores.order_store import encode_ids
from bot.storage.tables import link_requests

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database
    from bot.storage.stores.link_row import Link
    from bot.storage.stores.link_store import Claim, LinkStore


class LinkRequestState(StrEnum):
    """The state of a request. Only PENDING changes; a decided CONFLICT is deleted."""

    PENDING = "pending"  # waits for an approval
    CONFLICT = "held"  # staff must decide whether an id of another member is shared or moved
    APPROVED = "approved"
    DENIED = "denied"
    REPLACED = "replaced"  # by another link or request of the same member
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"

    @classmethod
    def _missing_(cls, value: object) -> LinkRequestState:  # noqa: ARG003
        return cls.EXPIRED  # another version of the bot has stored it


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A stored request or conflict.

    Attributes:
        discord_id: the member to link.
        asked_by: the actor who made the request.
        account_name: the name of the account in the CAD; None if unknown.
        holders: of a conflict, the members who had the id.
        application_id, token: the address of the private reply; the token is a secret, valid for
            `INTERACTION_LIFETIME` and wiped after that.
        reply_id: the message of the reply; None if unknown.
        channel_id, message_id: the message with the buttons; None until it is posted.
        decided_by: the actor who decided; None if it expired, or the actor was erased.
    """

    id: int
    guild_id: int
    discord_id: int
    api_id: str
    asked_by: int
    asked_at: datetime
    state: LinkRequestState
    account_name: str | None = None
    holders: frozenset[int] = frozenset()
    application_id: int = 0
    token: str | None = field(default=None, repr=False)
    reply_id: int | None = None
    channel_id: int | None = None
    message_id: int | None = None
    decided_by: int | None = None
    decided_at: datetime | None = None


_REQUESTS = select(*(link_requests.c[name] for name in LinkRequest.__slots__))
_IS_IT = link_requests.c.id == bindparam("request")
_IS_PENDING = link_requests.c.state == LinkRequestState.PENDING
_OF_GUILD = link_requests.c.guild_id == bindparam("guild")
_BY_ID = _REQUESTS.where(_IS_IT)
_OF_PERSON = _REQUESTS.where(_OF_GUILD, link_requests.c.discord_id == bindparam("person")).order_by(
    link_requests.c.id
)
_PENDING = _REQUESTS.where(_OF_GUILD, _IS_PENDING).order_by(link_requests.c.id)
_UNPOSTED = _PENDING.where(link_requests.c.message_id.is_(None))
_OVERDUE = _PENDING.where(link_requests.c.asked_at < bindparam("before"))
_INSERT = insert(link_requests)
_UPDATE_PENDING = update(link_requests).where(_IS_IT, _IS_PENDING)
_DELETE = delete(link_requests).where(_IS_IT)
_WIPE = (
    update(link_requests)
    .where(link_requests.c.asked_at < bindparam("before"), link_requests.c.token.is_not(None))
    .values(token=None)
)
_PRUNE = delete(link_requests).where(
    or_(
        link_requests.c.decided_at < bindparam("before"),
        (link_requests.c.state == LinkRequestState.CONFLICT)
        & (link_requests.c.asked_at < bindparam("before")),
    )
)


class LinkRequestStore:
    """The requests in the database. Every method raises a StorageError when it fails."""

    def __init__(self, database: Database, links: LinkStore) -> None:
        """Use an open `database`; `links` writes the approved links."""
        self._database = database
        self._links = links

    async def add(self, request: LinkRequest) -> tuple[int, LinkRequest | None]:
        """Save a new request; return its id and the pending request that it replaced, if any.

        `request.id` is ignored.
        """
        values = _row_values(request)
        del values["id"]
        async with self._database.begin() as connection:
            await acquire_lock(connection, f"request {request.guild_id} {request.discord_id}")
            replaced = None
            if request.state is LinkRequestState.PENDING:
                replaced = await _find_pending(connection, request.guild_id, request.discord_id)
            if replaced is not None:
                replaced = await _end(
                    connection,
                    replaced,
                    LinkRequestState.REPLACED,
                    by=request.asked_by,
                    at=request.asked_at,
                )
            key = (await connection.execute(_INSERT, values)).inserted_primary_key
        return (int(key[0]) if key else 0), replaced

    async def get(self, request_id: int) -> LinkRequest | None:
        """Return a request, None if there is none with this id."""
        async with self._database.connect() as connection:
            row = (await connection.execute(_BY_ID, {"request": request_id})).first()
        return _request_from_row(row) if row else None

    async def for_person(self, guild_id: int, discord_id: int) -> list[LinkRequest]:
        """List the requests about a member, the oldest first."""
        return await self._read(_OF_PERSON, guild=guild_id, person=discord_id)

    async def unposted(self, guild_id: int) -> list[LinkRequest]:
        """List a guild's pending requests that are not posted yet."""
        return await self._read(_UNPOSTED, guild=guild_id)

    async def overdue(self, guild_id: int, before: datetime) -> list[LinkRequest]:
        """List a guild's pending requests made before a point in time."""
        return await self._read(_OVERDUE, guild=guild_id, before=before)

    async def save_posted(self, request: LinkRequest) -> bool:
        """Save the message and the account name of a request; False if it is not pending."""
        names = ("account_name", "channel_id", "message_id")
        change = _UPDATE_PENDING.values({name: getattr(request, name) for name in names})
        async with self._database.begin() as connection:
            return bool((await connection.execute(change, {"request": request.id})).rowcount)

    async def end(
        self, request: LinkRequest, state: LinkRequestState, *, by: int | None, at: datetime
    ) -> LinkRequest | None:
        """Close a pending request and return it; None if it was closed before."""
        async with self._database.begin() as connection:
            return await _end(connection, request, state, by=by, at=at)

    async def take_conflict(
        self, guild_id: int, asked_by: int, conflict_id: int
    ) -> LinkRequest | None:
        """Delete a conflict that an actor was asked about; None if it was decided before."""
        async with self._database.begin() as connection:
            statement = _BY_ID.where(
                link_requests.c.guild_id == guild_id,
                link_requests.c.asked_by == asked_by,
                link_requests.c.state == LinkRequestState.CONFLICT,
            )
            row = (
                await connection.execute(statement.with_for_update(), {"request": conflict_id})
            ).first()
            if row is not None:
                await connection.execute(_DELETE, {"request": conflict_id})
        return _request_from_row(row) if row else None

    async def approve(
        self, request: LinkRequest, link: Link
    ) -> tuple[LinkRequest | None, Claim | None]:
        """Save the link of a request and close the request, both or neither.

        Returns:
            The closed request and the claim. The request is None if it was closed before. If
            another member has the id, the claim is not granted and the request stays pending.
        """
        async with self._database.begin() as connection:
            row = (
                await connection.execute(_BY_ID.with_for_update(), {"request": request.id})
            ).first()
            if row is None or row.state != LinkRequestState.PENDING:
                return None, None
            claim = await self._links.claim_in_transaction(connection, link)
            if not claim.is_granted:
                return _request_from_row(row), claim
            ended = await _end(
                connection,
                _request_from_row(row),
                LinkRequestState.APPROVED,
                by=link.set_by,
                at=link.set_at,
            )
        return ended, claim

    async def delete_for_person(self, guild_id: int, discord_id: int) -> None:
        """Delete the requests about a member."""
        async with self._database.begin() as connection:
            await delete_requests(connection, guild_id, discord_id)

    async def wipe_tokens(self, before: datetime) -> None:
        """Delete the expired tokens of requests made before a point in time."""
        async with self._database.begin() as connection:
            await connection.execute(_WIPE, {"before": before})

    async def prune(self, before: datetime) -> int:
        """Delete requests closed, and conflicts made, before a point in time; return the count."""
        async with self._database.begin() as connection:
            return (await connection.execute(_PRUNE, {"before": before})).rowcount

    async def _read(self, statement: Select[Any], **parameters: object) -> list[LinkRequest]:
        async with self._database.connect() as connection:
            return [
                _request_from_row(row) for row in await connection.execute(statement, parameters)
            ]


async def delete_requests(connection: AsyncConnection, guild_id: int, discord_id: int) -> None:
    """Delete the requests about a member inside the caller's transaction."""
    await connection.execute(
        delete(link_requests).where(
            link_requests.c.guild_id == guild_id, link_requests.c.discord_id == discord_id
        )
    )


async def _find_pending(
    connection: AsyncConnection, guild_id: int, discord_id: int
) -> LinkRequest | None:
    statement = _OF_PERSON.where(
        link_requests.c.state == LinkRequestState.PENDING
    ).with_for_update()
    row = (await connection.execute(statement, {"guild": guild_id, "person": discord_id})).first()
    return _request_from_row(row) if row else None


async def _end(
    connection: AsyncConnection,
    request: LinkRequest,
    state: LinkRequestState,
    *,
    by: int | None,
    at: datetime,
) -> LinkRequest | None:
    # The returned request keeps the token for the reply; the database does not need it any more.
    result = await connection.execute(
        _UPDATE_PENDING.values(state=state, decided_by=by, decided_at=at, token=None),
        {"request": request.id},
    )
    if not result.rowcount:
        return None
    return replace(request, state=state, decided_by=by, decided_at=at)


def _request_from_row(row: Row[Any]) -> LinkRequest:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["state"] = LinkRequestState(row.state)
    values["holders"] = frozenset(int(one) for one in row.holders.split(",") if one)
    return LinkRequest(**values)


def _row_values(request: LinkRequest) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in LinkRequest.__slots__}
    return values | {"holders": encode_ids(request.holders)}
