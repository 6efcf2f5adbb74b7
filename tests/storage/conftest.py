from __future__ import annotations

import inspect
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# With the URL of a PostgreSQL server that may create databases, the stores are tested on both.
POSTGRES = os.environ.get("TEST_POSTGRES_URL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a store on all databases, unless it is about SQLite's file."""
    if "dialect" not in metafunc.fixturenames:
        return
    is_about_the_file = "file" in inspect.signature(metafunc.function).parameters
    marked = metafunc.definition.get_closest_marker("sqlite")
    has_both = POSTGRES and not is_about_the_file and not marked
    metafunc.parametrize("dialect", ["sqlite", "postgresql"] if has_both else ["sqlite"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dispatch.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
async def database(
    dialect: str, file: Path, url: str, worker_id: str, empty_file: Path
) -> AsyncIterator[Database]:
    if dialect == "postgresql":
        url = await _empty_postgres(f"dispatch_test_{worker_id}")
    else:
        shutil.copy(empty_file, file)
    database = await Database.open(url)
    yield database
    await database.close()


async def _empty_postgres(name: str) -> str:
    """Return the URL of a new empty database, so that tests can run in parallel."""
    server = create_async_engine(POSTGRES or "", isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        found = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if not await connection.scalar(found, {"name": name}):
            await connection.execute(text(f"CREATE DATABASE {name}"))
    await server.dispose()
    own = create_async_engine(server.url.set(database=name))
    async with own.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await own.dispose()
    return own.url.render_as_string(hide_password=False)
