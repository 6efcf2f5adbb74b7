"""Bringing a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from bot.storage import schema
from bot.storage.database import upgrade
from bot.storage.errors import DatabaseTooNew
from bot.storage.schema import HEAD
from tests.storage.test_migrations import MIGRATIONS, config


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


async def test_migrations_run_from_a_folder_with_a_percent_sign(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "100%s"
    link.symlink_to(MIGRATIONS)
    monkeypatch.setattr("bot.storage.schema._MIGRATIONS", link)
    assert await upgrade(url) == (None, HEAD)


async def test_the_revision_of_a_database(file: Path, url: str) -> None:
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        assert schema.stored_revision(connection) is None
        assert schema.migrate(connection, "dispatch.db") is None
        assert schema.stored_revision(connection) == HEAD
        assert schema.migrate(connection, "dispatch.db") == HEAD
    engine.dispose()


async def test_a_revision_that_no_migration_knows_is_refused(file: Path, url: str) -> None:
    await upgrade(url)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(DatabaseTooNew) as caught:
            schema.migrate(connection, "dispatch.db")
        assert (caught.value.location, caught.value.revision) == ("dispatch.db", "9999")
    engine.dispose()


def test_known_revisions() -> None:
    assert schema.is_known(HEAD)
    assert schema.is_known("0001")
    assert not schema.is_known("9999")
