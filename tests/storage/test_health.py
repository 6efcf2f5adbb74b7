"""The health of a database is checked without changing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage.database import Database, upgrade
from bot.storage.errors import DatabaseTooNew, DatabaseUnavailable, NotADatabase
from bot.storage.health import examine, examine_at
from bot.storage.schema import HEAD


def url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


async def test_a_file_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    file = tmp_path / "some" / "where" / "dispatch.db"
    health = await examine_at(url(file))
    assert (health.location, health.revision, health.latest_revision) == (str(file), None, HEAD)
    assert health.free_bytes
    assert not (tmp_path / "some").exists()


async def test_an_old_one_is_not_migrated(tmp_path: Path) -> None:
    file = tmp_path / "dispatch.db"
    await upgrade(url(file))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert (await examine_at(url(file))).revision == "0001"
    assert (await examine_at(url(file))).revision == "0001"


async def test_an_open_one(tmp_path: Path) -> None:
    database = await Database.open(url(tmp_path / "dispatch.db"))
    try:
        assert (await examine(database)).revision == HEAD
    finally:
        await database.close()


async def test_a_database_in_memory_has_no_disk() -> None:
    health = await examine_at("sqlite+aiosqlite://")
    assert (health.revision, health.free_bytes) == (None, None)


async def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    await upgrade(url(tmp_path / "dispatch.db"))
    with closing(sqlite3.connect(tmp_path / "dispatch.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew):
        await examine_at(url(tmp_path / "dispatch.db"))


async def test_a_database_that_another_program_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.sqlite._BUSY_SECONDS", 0.01)
    file = tmp_path / "dispatch.db"
    await upgrade(url(file))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await examine_at(url(file))


async def test_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "dispatch.db").write_text("Dear diary, " * 1000)
    with pytest.raises(NotADatabase):
        await examine_at(url(tmp_path / "dispatch.db"))
    with pytest.raises(DatabaseUnavailable, match="not a folder"):
        await examine_at(url(tmp_path / "dispatch.db" / "below.db"))
    with pytest.raises(DatabaseUnavailable, match="not a database URL"):
        await examine_at("nonsense")


async def test_a_folder_that_may_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests may run as root, who may do everything.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(DatabaseUnavailable, match="may not be written to"):
        await examine_at(url(tmp_path / "dispatch.db"))


async def test_a_database_that_can_only_be_read_is_found_by_the_doctor_and_at_the_start(
    tmp_path: Path,
) -> None:
    """SQLite gives out its write lock on such a file, and refuses the first write only."""
    file = tmp_path / "dispatch.db"
    await upgrade(url(file))
    read_only = f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true"
    with pytest.raises(DatabaseUnavailable, match="readonly") as caught:
        await examine_at(read_only)
    assert not caught.value.may_pass
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        await Database.open(read_only)
    assert (await examine_at(url(file))).revision == HEAD
