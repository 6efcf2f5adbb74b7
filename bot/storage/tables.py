"""The tables. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.common.steam_id import API_ID_LIMIT
from bot.storage.sqlite import UtcDateTime

# Constraints have names, so that a migration can drop them on every database.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# The links: one API id per guild and member.
links = Table(
    "links",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("discord_id", BigInteger, primary_key=True, autoincrement=False),
    Column("api_id", String(API_ID_LIMIT), nullable=False),
    Column("set_by", BigInteger, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("source", String(10), nullable=False),
    Column("account_name", Text),
    Column("account_uuid", Text),
    Column("proven_at", UtcDateTime),
    Column("checked_at", UtcDateTime),
    Column("other_account", Text),
    # Equal for all spellings of one API id, see bot/common/steam_id.py.
    Column("identity", Text, nullable=False),
    Index(None, "guild_id", "identity"),
    Index(None, "proven_at", "checked_at"),
)

# The latest check of all links of a guild; it continues after a restart.
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

# Link requests that wait for an approval, and conflicts about an id that is already linked.
link_requests = Table(
    "link_requests",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("discord_id", BigInteger, nullable=False),
    Column("api_id", String(API_ID_LIMIT), nullable=False),
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
    sqlite_autoincrement=True,  # the id of a deleted row is never given again: buttons hold it
)

# A fingerprint of the slash commands that were last synced to Discord, to sync only changes.
command_sync = Table(
    "command_sync",
    metadata,
    Column("scope", String(100), primary_key=True),
    Column("fingerprint", String(100), nullable=False),
)

# The orders, from before the acknowledgement until they are pruned: the queue and the audit log.
orders = Table(
    "orders",
    metadata,
    # SQLite increments only columns of the type INTEGER.
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
    Column("detail", Text),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("undone_by", BigInteger),
    Index(None, "guild_id", "id"),
    Index(None, "created_at"),
    Index(None, "reply_id"),
    sqlite_autoincrement=True,
)

# The Discord message of each call; calls and 911 calls have separate numbers.
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
    Column("subject", String(40)),
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False, server_default="0"),
    Index(None, "guild_id"),
)

# Messages of cards that no call has any more, until they are deleted.
obsolete_cards = Table(
    "obsolete_cards",
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("delete_at", UtcDateTime, nullable=False),
    Column("guild_id", BigInteger, nullable=False, server_default="0"),
    Index(None, "guild_id"),
)

# The message of each channel of cards that lists the open calls.
card_overviews = Table(
    "card_overviews",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, nullable=False),
)

# Which process owns the guilds of a shard; used on PostgreSQL alone.
shards = Table(
    "shards",
    metadata,
    Column("shard_id", Integer, primary_key=True, autoincrement=False),
    Column("worker_id", String(100), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    # It makes the epoch a key: PostgreSQL then changes the epoch only when no transaction has the
    # row FOR KEY SHARE, while an update of the other columns waits for none of these.
    UniqueConstraint("shard_id", "epoch"),
)

# The communities at the CAD, one for each API key; the key is sealed, see bot/storage/sealing.py.
communities = Table(
    "communities",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("cad_id", Text, nullable=False),
    Column("key_sealed", LargeBinary, nullable=False),
    # Finds a key without opening one.
    Column("key_digest", LargeBinary, nullable=False),
    Column("key_set_at", UtcDateTime, nullable=False),
    Index(None, "key_digest"),
)

# The settings of each guild that is set up in the database.
guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("community_id", String(32), nullable=False),
    Column("settings", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # Counts the changes, so that two members who change one do not overwrite each other.
    Column("revision", Integer, nullable=False, server_default="0"),
    Index(None, "community_id"),
)

# The guilds that the bot was removed from, and their settings, until all about them is deleted.
left_guilds = Table(
    "left_guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("settings", Text, nullable=False),
    Column("left_at", UtcDateTime, nullable=False),
)
