from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text

from bot.storage.database import Database, upgrade
from bot.storage.errors import (
    DatabaseTooNew,
    DatabaseUnavailable,
    NotADatabase,
    StorageError,
)
from bot.storage.schema import HEAD
from bot.storage.stores.command_sync_store import CommandSyncStore
from bot.storage.tables import command_sync

if TYPE_CHECKING:
    from pathlib import Path


async def pragma(database: Database, name: str) -> object:
    async with database.connect() as connection:
        return await connection.scalar(text(f"PRAGMA {name}"))


def is_open(file: Path) -> bool:
    """Tell whether a connection to a SQLite `file` is open: the last one removes the log."""
    return file.with_name(f"{file.name}-wal").exists()


DIARY = b"Dear diary, " * 1000

OPEN = """
import asyncio, sys
from bot.storage.database import upgrade
sys.stdin.readline()
print(*asyncio.run(upgrade(sys.argv[1])), f"alembic={'alembic' in sys.modules}")
"""


async def in_new_process(code: str, *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdin=pipe, stdout=pipe
    )


def read(file: Path) -> bytes:
    return file.read_bytes()


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


class TestOpen:
    @pytest.mark.sqlite
    async def test_sets_the_connection_up(self, database: Database) -> None:
        assert await pragma(database, "journal_mode") == "wal"
        assert await pragma(database, "foreign_keys") == 1
        assert await pragma(database, "synchronous") == 1
        assert await pragma(database, "busy_timeout") == 5000

    @pytest.mark.sqlite
    async def test_foreign_keys_are_enforced(self, database: Database) -> None:
        async with database.begin() as connection:
            await connection.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
            await connection.execute(text("CREATE TABLE b (a INTEGER REFERENCES a (id))"))
        with pytest.raises(StorageError, match="FOREIGN KEY constraint failed"):
            async with database.begin() as connection:
                await connection.execute(text("INSERT INTO b VALUES (1)"))

    async def test_creates_the_folder(self, tmp_path: Path) -> None:
        file = tmp_path / "a folder" / "100%" / "dispatch.db"
        database = await Database.open(f"sqlite+aiosqlite:///{file}")
        await database.close()
        assert file.exists()
        assert database.location == str(file)

    async def test_works_in_memory(self) -> None:
        database = await Database.open("sqlite+aiosqlite://")
        store = CommandSyncStore(database)
        await store.put("1:global", "abc")
        assert await store.get("1:global") == "abc"
        assert database.location == ":memory:"
        await database.close()

    async def test_leaves_no_side_files_after_close(self, file: Path, database: Database) -> None:
        await database.close()
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    async def test_knows_what_it_found(self, url: str) -> None:
        assert await upgrade(url) == (None, HEAD)
        assert await upgrade(url) == (HEAD, HEAD)

    async def test_many_processes_may_open_a_new_file_at_once(self, url: str) -> None:
        processes = [await in_new_process(OPEN, url) for _ in range(4)]
        # Each process waits for a line of input before it opens the file.
        outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
        assert [process.returncode for process in processes] == [0] * 4
        found = sorted(output.decode().split()[0] for output, _ in outputs)
        assert found == [HEAD, HEAD, HEAD, "None"]

    async def test_does_not_import_alembic_when_up_to_date(self, url: str) -> None:
        await upgrade(url)
        process = await in_new_process(OPEN, url)
        output, _ = await process.communicate(b"go\n")
        assert output.decode().split() == [HEAD, HEAD, "alembic=False"]


class TestRefusals:
    async def test_folder_that_is_a_file(self, tmp_path: Path) -> None:
        write(tmp_path / "data", b"a file")
        with pytest.raises(DatabaseUnavailable) as caught:
            await Database.open(f"sqlite+aiosqlite:///{tmp_path}/data/dispatch.db")
        assert caught.value.location == f"{tmp_path}/data/dispatch.db"
        assert caught.value.reason in {"File exists", "Not a directory"}

    async def test_file_that_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DatabaseUnavailable, match="unable to open database file"):
            await Database.open(f"sqlite+aiosqlite:///{tmp_path}")

    async def test_file_that_is_not_a_database(self, file: Path, url: str) -> None:
        write(file, DIARY)
        with pytest.raises(NotADatabase, match="file is not a database") as caught:
            await Database.open(url)
        assert isinstance(caught.value.__cause__, Exception)
        assert read(file) == DIARY

    @pytest.mark.process
    def test_refusal_is_all_that_is_said(self, file: Path, url: str) -> None:
        write(file, DIARY)
        # Many times in one process: each event loop closes right after the error.
        code = """
import asyncio, sys
from bot.storage.database import upgrade
from bot.storage.errors import NotADatabase
for _ in range(200):
    try:
        asyncio.run(upgrade(sys.argv[1]))
    except NotADatabase:
        print("refused")
"""
        done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, check=True)
        assert done.stderr == b""
        assert done.stdout.split() == [b"refused"] * 200

    async def test_database_from_a_newer_version(self, file: Path, url: str) -> None:
        await upgrade(url)
        with sqlite3.connect(file) as raw:
            raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.close()
        before = read(file)
        with pytest.raises(DatabaseTooNew) as caught:
            await Database.open(url)
        assert caught.value.revision == "9999"
        assert caught.value.location == str(file)
        assert read(file) == before

    async def test_damaged_file(self, file: Path, url: str) -> None:
        await upgrade(url)
        whole = read(file)
        write(file, whole[: len(whole) // 2])
        with pytest.raises(NotADatabase, match="malformed"):
            await Database.open(url)

    async def test_failed_migration_leaves_the_file_as_it_was(self, file: Path, url: str) -> None:
        with sqlite3.connect(file) as raw:
            raw.execute("CREATE TABLE command_sync (stranger TEXT)")
        raw.close()
        with pytest.raises(DatabaseUnavailable, match="command_sync already exists"):
            await Database.open(url)
        with sqlite3.connect(file) as raw:
            tables = raw.execute("SELECT name FROM sqlite_master").fetchall()
        raw.close()
        assert tables == [("command_sync",)]

    @pytest.mark.parametrize(
        "url", ["", "dispatch.db", "sqlite:///dispatch.db", "nosuchdriver://x", "://"]
    )
    async def test_url_that_is_none(self, url: str) -> None:
        with pytest.raises(DatabaseUnavailable):
            await Database.open(url)

    async def test_passwords_are_never_shown(self) -> None:
        # A driver that is not installed: the error comes before any connection.
        url = "postgresql+nosuchdriver://bot:hunter2@db.example/dispatch?password=hunter2"
        with pytest.raises(DatabaseUnavailable) as caught:
            await Database.open(url)
        assert caught.value.location == "postgresql+nosuchdriver://bot:***@db.example/dispatch"
        assert "hunter2" not in str(caught.value)
        with pytest.raises(DatabaseUnavailable) as caught:
            await Database.open("postgresql:/bot:hunter2@db.example")
        assert "hunter2" not in str(caught.value)

    async def test_other_databases_get_an_engine_of_their_own(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def refuse(url: object, **options: object) -> None:
            asked.append(str(url))
            raise ImportError("no driver")

        monkeypatch.setattr("bot.storage.engine.create_async_engine", refuse)
        with pytest.raises(DatabaseUnavailable, match="no driver"):
            await Database.open("postgresql+asyncpg://db.example/dispatch")
        assert asked == ["postgresql+asyncpg://db.example/dispatch"]


class TestTransactions:
    async def test_commit_and_rollback(self, database: Database) -> None:
        store = CommandSyncStore(database)
        row = {"scope": "1:global", "fingerprint": "a"}
        with pytest.raises(ZeroDivisionError):
            await self.insert(database, row, fail=True)
        assert await store.get("1:global") is None
        await self.insert(database, row)
        assert await store.get("1:global") == "a"

    async def insert(self, database: Database, row: dict[str, str], *, fail: bool = False) -> None:
        async with database.begin() as connection:
            await connection.execute(insert(command_sync), row)
            if fail:
                raise ZeroDivisionError

    @pytest.mark.sqlite
    async def test_driver_errors_are_translated(self, database: Database) -> None:
        row = {"scope": "1:global", "fingerprint": "a"}
        with pytest.raises(StorageError, match="UNIQUE constraint failed") as caught:
            async with database.begin() as connection:
                await connection.execute(insert(command_sync), [row, row])
        assert type(caught.value) is StorageError
        with pytest.raises(DatabaseUnavailable, match="no such table: absent"):
            async with database.connect() as connection:
                await connection.execute(text("SELECT * FROM absent"))

    @pytest.mark.sqlite
    async def test_full_disk(self, database: Database) -> None:
        async with database.begin() as connection:
            pages = await connection.scalar(text("PRAGMA page_count"))
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        rows = [{"scope": f"{n}:global", "fingerprint": "f" * 100} for n in range(1000)]
        with pytest.raises(DatabaseUnavailable, match="disk is full"):
            async with database.begin() as connection:
                await connection.execute(insert(command_sync), rows)
        # SQLite rolled back by itself; the connection must still be usable.
        assert await CommandSyncStore(database).get("1:global") is None

    async def test_lock_of_another_program(self, file: Path, url: str) -> None:
        database = await Database.open(f"{url}?timeout=0.01")
        other = sqlite3.connect(file)
        other.execute("BEGIN IMMEDIATE")
        store = CommandSyncStore(database)
        with pytest.raises(DatabaseUnavailable, match="database is locked"):
            await store.put("1:global", "a")
        # Readers are not blocked.
        assert await store.get("1:global") is None
        other.rollback()
        other.close()
        await store.put("1:global", "a")
        await database.close()

    async def test_tasks_queue_instead_of_meeting_a_lock(self, url: str) -> None:
        database = await Database.open(f"{url}?timeout=0")

        async def count_up() -> None:
            async with database.begin() as connection:
                value = await connection.scalar(text("SELECT max(fingerprint) FROM command_sync"))
                row = {"scope": f"{value}", "fingerprint": f"{int(value or 0) + 1:05}"}
                await asyncio.sleep(0)
                await connection.execute(insert(command_sync), row)

        await asyncio.gather(*(count_up() for _ in range(100)))
        async with database.connect() as connection:
            assert await connection.scalar(text("SELECT max(fingerprint) FROM command_sync")) == (
                "00100"
            )
        await database.close()

    async def test_cancelled_task_gives_the_connection_back(self, database: Database) -> None:
        inside = asyncio.Event()

        async def hold() -> None:
            async with database.begin() as connection:
                row = {"scope": "1:global", "fingerprint": "lost"}
                await connection.execute(insert(command_sync), row)
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hold())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        store = CommandSyncStore(database)
        assert await store.get("1:global") is None
        await store.put("1:global", "kept")
        assert await store.get("1:global") == "kept"

    @pytest.mark.parametrize("turns", range(12))
    async def test_cancelled_at_any_turn_of_the_loop(self, database: Database, turns: int) -> None:
        store = CommandSyncStore(database)
        task = asyncio.create_task(store.put("1:global", "maybe"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.put("1:global", "kept")
        assert await store.get("1:global") == "kept"

    async def test_closed_database_refuses(self, database: Database) -> None:
        await database.close()
        with pytest.raises(DatabaseUnavailable, match="it was closed"):
            await CommandSyncStore(database).get("1:global")
        with pytest.raises(DatabaseUnavailable, match="it was closed"):
            await CommandSyncStore(database).put("1:global", "a")
        await database.close()

    async def test_closed_while_it_is_used_leaves_nothing_open(self, file: Path, url: str) -> None:
        database = await Database.open(url)
        async with database.connect() as reading:
            waiting = asyncio.create_task(pragma(database, "journal_mode"))
            await asyncio.sleep(0)
            await database.close()
            assert await reading.scalar(text("SELECT 1")) == 1
            assert is_open(file)
        assert await waiting == "wal"
        assert not is_open(file)

    async def test_what_is_being_written_is_committed_before_it_closes(
        self, file: Path, url: str
    ) -> None:
        database = await Database.open(url)
        store = CommandSyncStore(database)
        async with database.begin():
            waiting = asyncio.create_task(store.put("1:global", "kept"))
            closing = asyncio.create_task(database.close())
            await asyncio.sleep(0)
        await closing
        await waiting
        assert not is_open(file)
        again = await Database.open(url)
        assert await CommandSyncStore(again).get("1:global") == "kept"
        await again.close()
