"""Migrate a database to the schema of this version. Alembic is imported only if needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, inspect, select, update

from bot.storage.errors import DatabaseTooNew

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

# The newest revision in migrations/versions; a test compares the two. With this constant, an
# up-to-date database opens without Alembic, which costs time and memory at every start.
HEAD = "0016"

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSIONS = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def stored_revision(connection: Connection) -> str | None:
    """Read the revision of the database; None if it has no tables yet."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.scalar(select(_VERSIONS.c.version_num))


def check_writable(connection: Connection) -> None:
    """Raise the driver's error where the database can only be read; change nothing.

    SQLite takes its write lock on a file that it may not write, and a standby of PostgreSQL opens
    transactions: only a statement that writes tells.
    """
    connection.execute(update(_VERSIONS).values(version_num=_VERSIONS.c.version_num))


def migrate(connection: Connection, location: str) -> str | None:
    """Run the missing migrations inside the caller's transaction; return the revision before.

    Raises:
        DatabaseTooNew: no migration of this version knows the revision; nothing was changed.
    """
    # Read again under the write lock: another process may have migrated the database.
    found = stored_revision(connection)
    if found != HEAD:
        _run_alembic(connection, found, location)
    return found


def is_known(revision: str) -> bool:
    """Return True if this version has a migration to the revision."""
    return revision == HEAD or revision in _known_revisions(_config())


def _run_alembic(connection: Connection, found: str | None, location: str) -> None:
    from alembic import command  # noqa: PLC0415 - see HEAD

    config = _config()
    config.attributes["connection"] = connection
    if found is not None and found not in _known_revisions(config):
        raise DatabaseTooNew(location, found)
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # Config interpolates; the name of a folder may contain a percent sign.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _known_revisions(config: Config) -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
