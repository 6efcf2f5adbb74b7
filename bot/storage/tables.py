"""The tables. A change here needs a migration beside it: a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect

API_ID_LENGTH = 200


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in time: only aware datetimes go in, UTC comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert `value` to UTC; raise ValueError for one without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the UTC back that SQLite, which has no time zones, does not store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Named constraints, so that a migration can drop them on every database.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Who is who: one CAD id per person and guild.
links = Table(
    "links",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("discord_id", BigInteger, primary_key=True, autoincrement=False),
    Column("api_id", String(API_ID_LENGTH), nullable=False),
    Column("set_by", BigInteger, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("source", String(10), nullable=False),
    Column("account_name", Text),
    Column("account_uuid", Text),
    Column("proven_at", UtcDateTime),
    Column("checked_at", UtcDateTime),
    Column("other_account", Text),
    # What all spellings of the API id have in common, see spelling.py.
    Column("identity", Text, nullable=False),
    Index(None, "guild_id", "identity"),
    Index(None, "proven_at", "checked_at"),
)

# The latest check of all links of a guild, so that it goes on after a restart.
link_checks = Table(
    "link_checks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("asked_by", BigInteger, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("stopped", Boolean, nullable=False),
    Column("told", Boolean, nullable=False),
)

# Links that wait for somebody's word: for an approval, or whether an id may be shared.
link_requests = Table(
    "link_requests",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("discord_id", BigInteger, nullable=False),
    Column("api_id", String(API_ID_LENGTH), nullable=False),
    Column("asked_by", BigInteger, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("state", String(10), nullable=False),
    Column("account_name", Text),
    Column("holders", Text, nullable=False),
    Column("application_id", BigInteger, nullable=False),
    Column("token", Text),
    Column("reply_id", BigInteger),
    Column("channel_id", BigInteger),
    Column("message_id", BigInteger),
    Column("decided_by", BigInteger),
    Column("decided_at", UtcDateTime),
    Index(None, "guild_id", "discord_id"),
    Index(None, "state"),
)

# The slash commands that Discord was last told about, so that it is told only of changes.
command_sync = Table(
    "command_sync",
    metadata,
    Column("scope", String(100), primary_key=True),
    Column("fingerprint", String(100), nullable=False),
)

# Every order, from before it is acknowledged until it is pruned: the queue and the audit in one.
orders = Table(
    "orders",
    metadata,
    # SQLite counts up only what it calls INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("server_id", Integer, nullable=False),
    Column("action", String(10), nullable=False),
    Column("call_id", BigInteger),
    Column("units", Text, nullable=False),
    Column("actor_id", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("application_id", BigInteger, nullable=False),
    Column("token", Text),
    Column("reply_id", BigInteger),
    Column("state", String(10), nullable=False),
    Column("people", Text, nullable=False),
    Column("resolution", Text),
    Column("outcome", Text),
    Column("answered", Boolean, nullable=False),
    Column("finished_at", UtcDateTime),
    Index(None, "guild_id", "id"),
    Index(None, "created_at"),
)

# Which Discord message shows which call; calls and 911 calls are numbered apart.
cards = Table(
    "cards",
    metadata,
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(10), primary_key=True),
    Column("call_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("pinged", Boolean, nullable=False),
)
