"""Reads a database URL, and builds the engine for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import exc, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.errors import DatabaseUnavailable
from bot.storage.sqlite import create_reader

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine


def create_engine(url: str) -> AsyncEngine:
    """Build the engine, and the folder of a SQLite file."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        # The text is not repeated: it may hold a password.
        raise DatabaseUnavailable("DATABASE_URL", "it is not a database URL") from error
    try:
        if parsed.get_backend_name() != "sqlite":
            return create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        if file := sqlite_file(parsed):
            file.parent.mkdir(parents=True, exist_ok=True)
        return create_reader(parsed)
    except (exc.SQLAlchemyError, ImportError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DatabaseUnavailable(printable(parsed), reason or str(error)) from error


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for a server, for memory and for SQLite URIs."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return None if url.database.startswith(("file:", ":memory:")) else Path(url.database)


def printable(url: URL) -> str:
    """Name the database without its password: the path of a SQLite file, else the URL."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    # Drivers take passwords as query parameters too.
    return url.set(query={}).render_as_string(hide_password=True)
